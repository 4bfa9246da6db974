"""The picture of the house, drawn from the code's own imports: ``python -m autoholdings_tests.architecture``.

What belongs here: which room imports which, the docstring that says what a room is for, and the page made of both. What
does not: which imports are allowed (``unit/test_architecture.py``).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import autoholdings_assets

PACKAGE = Path(autoholdings_assets.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
PAGE = PACKAGE.parent / "docs" / "architecture.md"
_DRAWN = re.compile(r"(?<=<!-- drawn from the code -->\n).*?(?=<!-- end -->)", re.DOTALL)


def room(parts: tuple[str, ...]) -> str:
    """The room of a module, from its path inside the package."""
    name = parts[0].removesuffix(".py") if parts else ""
    return "config" if name.startswith("config_") else name  # config.py is the face of config_*.py


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    """Line and room of everything of the package that a module imports, inside functions too."""
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


def rooms() -> dict[str, set[str]]:
    """Each room and those that it imports from."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        own = room(path.relative_to(PACKAGE).parts)
        if own != "__init__":
            found.setdefault(own, set()).update(other for _, other in imported_rooms(path) if other != own)
    return found


def drawn() -> str:
    """The picture, and what each room is for."""
    imports = rooms()
    arrows = [
        f"  {user} --> {used}" for user in imports for used in sorted(imports[user]) if not _beyond(imports, user, used)
    ]
    lines = [
        f"| `{name}` | {_size(name)} | {_subject(name)} |" for name in sorted(imports, key=lambda n: _depth(imports, n))
    ]
    table = ["| room | lines | what it is for |", "| --- | ---: | --- |", *lines]
    return "\n".join(["```mermaid", "flowchart TD", *arrows, "```", "", *table, ""])


def _beyond(imports: dict[str, set[str]], user: str, used: str) -> bool:
    """Whether another room that ``user`` imports leads to ``used`` as well: the arrow would say nothing new."""
    return any(used in imports[other] or _beyond(imports, other, used) for other in imports[user] - {used})


def _depth(imports: dict[str, set[str]], name: str) -> int:
    return max((1 + _depth(imports, used) for used in imports[name]), default=0)


def _files(name: str) -> list[Path]:
    return [path for path in MODULES if room(path.relative_to(PACKAGE).parts) == name]


def _size(name: str) -> str:
    """Lines of Python, in hundreds begun, so that the page does not change with every line."""
    lines = sum(path.read_text().count("\n") for path in _files(name))
    return f"{-(-lines // 100) * 100:,}"


def _subject(name: str) -> str:
    folder = PACKAGE / name / "__init__.py"
    text = (folder if folder.exists() else PACKAGE / f"{name}.py").read_text()
    return (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].replace("\n", " ")


def main() -> None:
    """Draw the page anew."""
    PAGE.write_text(_DRAWN.sub(lambda _: drawn(), PAGE.read_text()))


if __name__ == "__main__":
    main()
