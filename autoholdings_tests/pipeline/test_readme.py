"""What the README says can be done: its SQL runs on the published copy, its YAML is a configuration and a vendor."""

import re
from pathlib import Path

import duckdb
import pytest
import yaml

from autoholdings_assets.config import Home, load_configuration
from autoholdings_assets.vendors import load_vendors
from autoholdings_tests.library import Feed, Library, issn, journal

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.rule("A11")
def test_its_queries_run_on_the_published_copy(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("Acta Exempla", issn(1)), journal("Broken", issn(3), start="x")])
    library.run()
    answers = [library.published(query) for query in blocks("sql")]
    assert len(answers) == 6
    assert answers[0][0]["title"] == "Acta Exempla" and answers[4][0]["publication_title"] == "Broken"
    assert all(row["comment"] for row in answers[5]), "every table and column has a comment"
    with duckdb.connect() as other:
        other.execute(f"ATTACH '{library.home.published}' AS h (READ_ONLY)")
        assert other.execute("SELECT count(*) FROM h.portfolio JOIN h.coverage USING (portfolio_id)").fetchone() == (1,)


@pytest.mark.rule("C1", "W1", "W2", "A13")
def test_its_configuration_and_its_vendor_are_valid(tmp_path: Path) -> None:
    configuration, vendor = blocks("yaml")
    (tmp_path / "cz").mkdir()
    (tmp_path / "cz" / "wiley_journals.txt").touch()
    (tmp_path / "autoholdings.yaml").write_text(configuration.replace("https://...", "https://vendor.example/kbart"))
    (tmp_path / "vendors").mkdir()
    (tmp_path / "vendors" / "example_press.yaml").write_text(vendor)
    read = load_configuration(Home(tmp_path))
    assert read.profile("wiley-main").active
    assert read.profile("wiley-main").model_copy(update={"active": False}).credentials.keys() == {"institution_token"}
    assert "example_press" in load_vendors(tmp_path / "vendors")
    assert yaml.safe_load(configuration)["integration_profiles"][0]["schedule"] == "0 6 * * SAT"
