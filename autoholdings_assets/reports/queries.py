"""The SQL files that reports ask with."""

from importlib.resources import files


def query(name: str) -> str:
    """The text of ``reports/sql/<name>.sql``."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
