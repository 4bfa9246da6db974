"""Backup and restore: all of a home comes back, verified, without a credential; what is damaged or wicked does not."""

import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import dagster as dg
import pytest

from autoholdings_assets.cli import execute
from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.home import Listener
from autoholdings_assets.pipeline.launch import run_vendor
from autoholdings_assets.upkeep.backup import back_up
from autoholdings_assets.upkeep.manifest import MANIFEST
from autoholdings_assets.upkeep.restore import NotRestorable, restore
from autoholdings_tests.library import Feed, Library, issn, journal

FILE = [journal("Acta Exempla", issn(1)), journal("Botanica Ficta", issn(3)), journal("Undated", issn(7), start="soon")]
NEXT = [*FILE, journal("Chemica Nova", issn(5))]


@pytest.fixture
def run(library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A library with a run from the command line and a PO line."""
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):  # commands set these; the fixture puts them back
        monkeypatch.setenv(variable, "")
    wiley.serves(FILE)
    yield run_vendor(library.home, "wiley", Listener())


def restored(library: Library, home: Path) -> Library:
    """The same library in its new home."""
    return Library(Home(home), library.vendors, library.monkeypatch, library.configuration, library.feeds)


def test_a_restored_home_is_the_same_and_goes_on(
    library: Library, wiley: Feed, run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Holdings, history, archive, Dagster's runs; then the next run, from the next file."""
    library.attach_po_line("Acta Exempla", "POL-1")
    (library.home.path / "secrets.env").write_text("TOKEN=secret")
    (library.home.path / "cz").mkdir()
    (library.home.path / "cz" / "titles.txt").write_text("a list")
    (library.home.path / "cz" / "the same.txt").hardlink_to(library.home.path / "cz" / "titles.txt")
    backups, new = tmp_path / "backups", tmp_path / "elsewhere" / "new"
    backups.mkdir()
    new.mkdir(parents=True)
    assert execute(["backup", str(backups), "--home", str(library.home.path)]) == 0
    assert "may hold credentials: secrets.env" in capsys.readouterr().out
    (file,) = backups.iterdir()
    assert execute(["restore", str(file), "--home", str(new), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["home"] == str(new)
    again = restored(library, new)
    assert again.state() == library.state()
    assert again.published("FROM portfolio ORDER BY ALL") == library.sql("FROM portfolio ORDER BY ALL")
    archived = {path.name: path.read_bytes() for path in library.home.archive.rglob("*") if path.is_file()}
    assert {p.name: p.read_bytes() for p in again.home.archive.rglob("*") if p.is_file()} == archived
    assert (new / "cz" / "the same.txt").read_text() == "a list"
    assert not (new / "secrets.env").exists() and not (new / MANIFEST).exists()
    shutil.rmtree(library.home.path)
    for command in (["status"], ["history"], ["history", run[:8]], ["explain", "Acta Exempla"]):
        assert execute([*command, "--home", str(new)]) == 0
    assert "POL-1" in capsys.readouterr().out
    assert execute(["run", "wiley", "--home", str(new)]) == 0
    assert "nothing new" in capsys.readouterr().out
    wiley.serves(NEXT)
    assert execute(["run", "wiley", "--home", str(new)]) == 1, "one row cannot be read"
    assert set(again.titles()) == {"Acta Exempla", "Botanica Ficta", "Chemica Nova"}
    with dg.DagsterInstance.get() as instance:
        assert run in [r.run_id for r in instance.get_runs()] and len(instance.get_runs()) == 3
        assert instance.all_logs(run)


@pytest.mark.rule("A12")
def test_no_credential_is_in_a_backup(library: Library, wiley: Feed, tmp_path: Path) -> None:
    """Nor may anyone but its owner read it: it tells what the library pays for."""
    wiley.serves(FILE)
    library.run()
    made = back_up(library.home, tmp_path / "home.tar", datetime.now(UTC))
    secret = b"secret-institution_token-of-wiley-main"
    assert library.feeds["wiley-main"].account.credentials["institution_token"].encode() == secret
    assert secret not in made.path.read_bytes()
    assert b"${TEST_WILEY_MAIN_INSTITUTION_TOKEN}" in made.path.read_bytes(), "what is there can be seen there"
    assert made.path.stat().st_mode & 0o077 == 0


def test_a_home_in_which_nothing_has_run_can_be_backed_up_while_files_go(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is removed while the backup is written was not needed any more."""
    library.home.warehouse.unlink()
    passing = library.home.path / "zz.txt"
    passing.write_text("for a moment")
    half = library.home.staging / "plans" / "wiley-1" / "rows-1.unfinished" / "000.parquet"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half written")
    made = back_up(library.home, tmp_path / "home.tar", datetime.now(UTC), lambda *_: passing.unlink(missing_ok=True))
    assert "autoholdings.yaml" in made.manifest.files and passing.name not in made.manifest.files
    assert not [name for name in made.manifest.files if name.endswith(half.name)]
    assert execute(["restore", str(made.path), "--home", str(tmp_path / "new")]) == 0
    assert "is as it was on" in capsys.readouterr().out and not (tmp_path / "new" / "holdings.duckdb").exists()
    assert execute(["backup", str(tmp_path / "json.tar"), "--home", str(library.home.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == len(made.manifest.files)


def test_a_backup_is_made_by_a_folder_that_was_never_installed_too(
    library: Library, tmp_path: Path, never_installed: None
) -> None:
    made = back_up(library.home, tmp_path / "home.tar", datetime.now(UTC))
    assert made.manifest.versions["autoholdings"] == "not installed" and made.manifest.versions["dagster"] > "1."
    restore(made.path, Home(tmp_path / "new"))
    assert restored(library, tmp_path / "new").state() == library.state()


def test_places_that_are_none_are_refused(library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there, a folder that is not, a place inside the home; and a home that is not empty."""
    (tmp_path / "there.tar.gz").write_text("precious")
    for place, says in (
        (tmp_path / "there.tar.gz", "is there already"),
        (tmp_path / "nowhere" / "x.tar.gz", "There is no folder"),
        (library.home.outbox, "outside the home"),
    ):
        assert execute(["backup", str(place), "--home", str(library.home.path)]) == 2
        assert says in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / "there.tar.gz").read_text() == "precious"
    made = back_up(library.home, tmp_path, datetime.now(UTC))
    assert execute(["restore", str(made.path), "--home", str(library.home.path)]) == 2
    assert "is not empty" in capsys.readouterr().err


Change = Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]


def damage(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members[0] = (members[0][0], bytes(len(members[0][1])))


def climb(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(0, (tarfile.TarInfo("../outside.txt"), b""))


def absolute(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(0, (tarfile.TarInfo("/outside.txt"), b""))


def link(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entry = tarfile.TarInfo("archive/link")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc"
    members.insert(0, (entry, b""))


def newer(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entry, content = members[-1]
    content = json.dumps(json.loads(content) | {"format": 99}).encode()
    entry.size = len(content)
    members[-1] = (entry, content)


def garbled(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entry, _ = members[-1]
    entry.size = 1
    members[-1] = (entry, b"{")


def unlisted(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(0, (tarfile.TarInfo("vendors/evil.yaml"), b""))


def missing(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    del members[0]


def cut(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    del members[-3:]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (damage, "1 damaged"),
        (climb, "cannot be read"),
        (absolute, "1 not in its manifest"),
        (link, "which is no file"),
        (newer, "later version"),
        (garbled, "manifest of changed.tar cannot be read"),
        (unlisted, r"not in its manifest \(vendors/evil.yaml\)"),
        (missing, "1 missing"),
        (cut, "no manifest"),
    ],
)
def test_a_damaged_or_wicked_backup_is_refused_and_leaves_nothing(
    library: Library, tmp_path: Path, change: Change, says: str
) -> None:
    """Nothing is written outside the new home, and the new home is whole or not there."""
    made = back_up(library.home, tmp_path / "home.tar", datetime.now(UTC))
    with tarfile.open(made.path) as archive:
        members = [(entry, archive.extractfile(entry).read()) for entry in archive]  # type: ignore[union-attr]
    change(members)
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    with tarfile.open(folder / "changed.tar", "w") as archive:
        for entry, content in members:
            archive.addfile(entry, BytesIO(content))
    with pytest.raises(NotRestorable, match=says):
        restore(folder / "changed.tar", Home(folder / "home"))
    assert [path.name for path in folder.rglob("*")] == ["changed.tar"]
    assert not (folder.parent / "outside.txt").exists() and not Path("/outside.txt").exists()


def test_what_is_no_backup_is_refused(library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file cut in the middle of its compressed bytes, and one that never was a backup."""
    made = back_up(library.home, tmp_path / "home.tar.gz", datetime.now(UTC))
    made.path.write_bytes(made.path.read_bytes()[:-2000])
    (tmp_path / "letter.txt").write_text("Dear vendor,")
    for name in ("home.tar.gz", "letter.txt"):
        assert execute(["restore", str(tmp_path / name), "--home", str(tmp_path / "new")]) == 3
        assert "Nothing was restored" in capsys.readouterr().err
        assert not (tmp_path / "new").exists()


def test_no_backup_is_made_of_what_the_disk_does_not_keep(
    library: Library, run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(warehouse: Path, copy: Path) -> None:
        copied(warehouse, copy)
        with copy.open("r+b") as file:
            file.seek(4096)
            file.write(b"\0" * 4096)

    copied = shutil.copyfile
    monkeypatch.setattr(shutil, "copyfile", failing)
    assert execute(["backup", str(tmp_path / "backup.tar.gz"), "--home", str(library.home.path)]) == 3
    assert "the disk may be failing" in capsys.readouterr().err
    assert not (tmp_path / "backup.tar.gz").exists()


def test_what_is_only_in_the_log_beside_the_warehouse_is_in_its_backup(
    library: Library, run: str, tmp_path: Path
) -> None:
    library.write_and_die("UPDATE portfolio_version SET title = 'Acta Mutata' WHERE title = 'Acta Exempla'")
    assert library.home.warehouse.with_name("warehouse.duckdb.wal").exists()
    file = back_up(library.home, tmp_path / "backup.tar.gz", datetime.now(UTC)).path
    restore(file, Home(tmp_path / "new"))
    assert "Acta Mutata" in restored(library, tmp_path / "new").titles()
