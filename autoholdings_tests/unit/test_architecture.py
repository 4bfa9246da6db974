"""The house keeps its order: imports go one way, vendors are data, every module says what it is for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import autoholdings_assets

PACKAGE = Path(autoholdings_assets.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

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


def room(parts: tuple[str, ...]) -> str:
    name = parts[0].removesuffix(".py") if parts else ""
    return "config" if name.startswith("config_") else name  # config.py is the face of config_*.py


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            base = node.module or ""
            names = [f"{base}.{alias.name}" if base == "autoholdings_assets" else base for alias in node.names]
        for name in names:
            assert not name.startswith("autoholdings_tests"), f"{path}:{node.lineno}: the package imports its tests"
            if name.startswith("autoholdings_assets."):
                yield node.lineno, room(tuple(name.split(".")[1:]))


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
