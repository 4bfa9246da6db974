"""What the README says can be done: its YAML is a configuration and a vendor (its SQL: ``test_sql_face.py``)."""

import re
from pathlib import Path

import pytest
import yaml

from autoholdings_assets.config import Home, load_configuration
from autoholdings_assets.config_model import LossGuard
from autoholdings_assets.vendors.model import load_vendors

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


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


@pytest.mark.rule("A2")
def test_its_table_of_the_loss_guard_says_what_the_guard_does() -> None:
    """Every key with its default, in the words of the model."""
    told = {key: (yaml.safe_load(default), meaning) for key, default, meaning in
            re.findall(r"^\| `(\w+)` \| (true|[\d.]+) \| (.*) \|$", README, re.MULTILINE)}  # fmt: skip
    assert told == {name: (field.default, field.description) for name, field in LossGuard.model_fields.items()}


def test_its_pictures_are_there_and_small() -> None:
    """Those that ``python -m autoholdings_tests.screenshots`` takes, and no other."""
    shown = set(re.findall(r"!\[[^]]+\]\((docs/images/[^)]+)\)", README))
    assert shown == {f"docs/images/{path.name}" for path in (ROOT / "docs" / "images").iterdir()}
    assert len(shown) >= 5 and all((ROOT / path).stat().st_size < 150_000 for path in shown)
