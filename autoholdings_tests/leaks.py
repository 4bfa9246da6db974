"""Looking for credentials in everything that is left behind: files of any kind, down into what is packed in them.

What belongs here: finding a text wherever it hides. What does not: leaving something behind
(``pipeline/test_leaks.py``).
"""

import base64
import gzip
import html
import io
import json
import pickle
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb


def leaks(root: Path, secrets: Mapping[str, str], texts: Mapping[str, str] | None = None) -> list[str]:
    """Where a credential is found: ``name in place``. ``texts`` are what was printed or sent, by where."""
    forms = {name: _forms(value) for name, value in secrets.items()}
    found = []
    for place, content in [*_files(root), *((name, text.encode()) for name, text in (texts or {}).items())]:
        searched = content.lower()
        found += [f"{name} in {place}" for name, wanted in forms.items() if any(form in searched for form in wanted)]
    return found


def _forms(value: str) -> set[bytes]:
    """The credential as it could stand anywhere, in lower case, since everything is searched in lower case."""
    texts = {
        value, quote(value), quote(value, safe=""), quote_plus(value), html.escape(value), json.dumps(value)[1:-1],
        json.dumps(json.dumps(value))[3:-3], repr(value)[1:-1], value.encode().hex(), quote(quote(value, safe="")),
    }  # fmt: skip
    for shift in range(3):  # base64 looks different at each of three places in a longer text
        encoded = base64.b64encode(b"\0" * shift + value.encode()).decode().rstrip("=")
        inner = encoded[(0, 2, 3)[shift] : len(encoded) - (1 if (len(value) + shift) % 3 else 0)]
        texts |= {inner, inner.replace("+", "-").replace("/", "_")}
    lowered = {text.lower() for text in texts}
    return {text.encode() for text in lowered} | {text.encode("utf-16-le") for text in lowered}


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's name and bytes, and what is inside those that pack their content."""
    for path in sorted(root.rglob("*")):
        place = str(path.relative_to(root))
        yield f"the name {place}", place.encode()
        if path.is_file():
            content = path.read_bytes()
            yield from _unpacked(place, content)
            if content.startswith(b"SQLite format 3"):
                yield from _sqlite(place, path)
            elif content[8:12] == b"DUCK":
                yield from _duckdb(place, path)
            elif content.startswith(b"PAR1"):
                with duckdb.connect() as connection:
                    rows = connection.execute("FROM read_parquet(?)", [str(path)]).fetchall()
                yield place, repr(rows).encode()


def _unpacked(place: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes, and what comes out of them when they are zlib, gzip, zip (a workbook, say), base64 or a pickle."""
    yield place, content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in packed.namelist():
                yield from _unpacked(f"{place}!{name}", packed.read(name))
    for unpack in (zlib.decompress, gzip.decompress) if content else ():
        with suppress(zlib.error, gzip.BadGzipFile, EOFError):
            yield from _unpacked(f"{place} unpacked", unpack(content))
    if content.startswith(b"\x80") and content.endswith(b"."):
        with suppress(Exception):
            yield f"{place} unpickled", repr(pickle.loads(content)).encode()


def _sqlite(place: str, path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    content = value if isinstance(value, bytes) else str(value).encode()
                    yield from _unpacked(f"{place}, table {table}", content)


def _duckdb(place: str, path: Path) -> Iterator[tuple[str, bytes]]:
    """DuckDB compresses texts, so that its bytes alone prove nothing."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
        for (table,) in tables:
            yield f"{place}, table {table}", repr(connection.execute(f'FROM "{table}"').fetchall()).encode()
