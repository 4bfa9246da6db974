"""The house keeps its order: imports go one way, vendors are data, every module says what it is for."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from autoholdings_tests.architecture import MODULES, PACKAGE, PAGE, drawn, imported_rooms, room, rooms

# Each room may import from itself and from the rooms named here.
MAY_IMPORT = {
    "kbart": set(),
    "vendors": {"kbart"},
    "config": {"kbart", "vendors"},
    "retrieval": {"kbart", "vendors", "config"},
    "holdings": {"kbart", "vendors", "config", "retrieval"},  # files are taken from the archive
    "reports": {"kbart", "vendors", "config", "retrieval", "holdings"},
    "alerts": {"kbart", "vendors", "config", "retrieval", "holdings", "reports"},
    "upkeep": {"config", "retrieval", "holdings"},
    "pipeline": {"kbart", "vendors", "config", "retrieval", "holdings", "reports", "alerts", "upkeep"},
    "doctor": {"config", "retrieval", "holdings", "upkeep", "pipeline"},
    "definitions": {"config", "pipeline"},
    "demo": {"kbart", "vendors", "config", "retrieval", "holdings", "reports", "pipeline", "definitions"},
    "cli": {
        "kbart", "vendors", "config", "retrieval", "holdings", "reports", "alerts", "upkeep", "pipeline", "definitions",
        "demo", "doctor",
    },
}  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    own = room(path.relative_to(PACKAGE).parts)
    if own == "__init__":
        own = ""
    allowed = MAY_IMPORT.get(own, set()) | {own}
    wrong = [
        f"{path.name}:{line}: {own} imports {other}" for line, other in imported_rooms(path) if other not in allowed
    ]
    assert not wrong


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_says_what_it_is_for_and_stays_readable(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"
    assert text.count("\n") <= 500, f"{path} has {text.count(chr(10))} lines: it does more than one thing"


@pytest.mark.rule("A12")
def test_only_one_room_speaks_http_and_one_module_smtp() -> None:
    """Whoever sends anything may send a credential: that happens where it is looked after."""
    speaks = re.compile(
        r"^\s*(?:import|from) (httpx|requests|urllib\.request|http\.client|smtplib|aiohttp)\b", re.MULTILINE
    )
    found = {
        (library, str(path.relative_to(PACKAGE)))
        for path in MODULES
        for library in speaks.findall(path.read_text())
        if not (library == "httpx" and room(path.relative_to(PACKAGE).parts) == "retrieval")
    }
    assert found == {("smtplib", "alerts/mail.py")}


def test_no_room_imports_from_one_that_imports_from_it() -> None:
    """No cycles, whatever the table above allows."""
    order: list[str] = []
    left = rooms()
    while free := [name for name, used in left.items() if not used - set(order)]:
        order += free
        left = {name: used for name, used in left.items() if name not in free}
    assert not left


def vendor_words() -> set[str]:
    words = set()
    for path in (PACKAGE / "vendors").glob("*.yaml"):
        vendor = yaml.safe_load(path.read_text())
        words |= {str(vendor.get("name", path.stem)).lower(), str(vendor.get("title", path.stem)).lower()}
    return words


@pytest.mark.rule("A13")
def test_no_line_of_python_names_a_vendor() -> None:
    """A vendor is a data file; only vendors/ itself and the demonstration, which plays one, may name it."""
    words = vendor_words()
    assert "wiley" in words
    pattern = re.compile(r"(?<![a-z])(" + "|".join(map(re.escape, sorted(words))) + r")(?![a-z])", re.IGNORECASE)
    elsewhere = [p for p in MODULES if room(p.relative_to(PACKAGE).parts) not in ("vendors", "demo")]
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in elsewhere
        for number, line in enumerate(code_lines(path), 1)
        if pattern.search(line)
    ]
    assert not found


def code_lines(path: Path) -> list[str]:
    """The module's lines without docstrings and comments, which may name a vendor as an example."""
    text = path.read_text()
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            doc = node.body[0]
            for number in range(doc.lineno - 1, doc.end_lineno or doc.lineno):
                lines[number] = ""
    return [line.split("  #")[0] for line in lines]


def test_the_picture_of_the_house_is_todays() -> None:
    """Draw it anew with ``python -m autoholdings_tests.architecture``. (Sizes are in hundreds and may lag behind.)"""

    def without_sizes(text: str) -> str:
        return re.sub(r"\| [\d,]+ \|", "|", text)

    assert without_sizes(drawn()) in without_sizes(PAGE.read_text())
