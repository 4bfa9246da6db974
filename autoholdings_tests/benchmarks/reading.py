"""How long reading and judging a file takes, beside DuckDB and pandas, which only parse it.

``python -m autoholdings_tests.benchmarks.reading --rows 1000000`` prints the ratios. Each contestant runs in a process
of its own, in turns, on the same generated file, after a small one that loads what it needs, and the best of the
repeats counts; memory is the process's peak.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.validation import read_title_list

TIMES_DUCKDB, TIMES_PANDAS, TIMES_FILE = 3.0, 1.0, 6.0


def run(rows: int, repeats: int) -> list[dict[str, object]]:
    """The ratios with their goals; ``met`` says whether the ratio is within the goal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Example_Global_Benchmark_2024-01-01.txt"
        write_file(path, rows)
        best: dict[str, dict[str, float]] = {}
        for _ in range(repeats):
            for name in CONTESTANTS:
                found = _in_own_process(name, path)
                so_far = best.setdefault(name, found)
                so_far["seconds"] = min(so_far["seconds"], found["seconds"])
                so_far["peak"] = min(so_far["peak"], found["peak"])
        size = path.stat().st_size
    ours, engine, parser = best["autoholdings"], best["duckdb"], best["pandas"]
    facts = {"rows": rows, "megabytes": round(size / 1e6, 1), "repeats": repeats}
    return [
        _result(
            "reading and all rules / DuckDB's CREATE TABLE AS of read_csv in memory",
            ours["seconds"] / engine["seconds"],
            TIMES_DUCKDB,
            {**facts, "seconds": round(ours["seconds"], 2), "duckdb_seconds": round(engine["seconds"], 2)},
        ),
        _result(
            "reading and all rules / pandas' C parser alone",
            ours["seconds"] / parser["seconds"],
            TIMES_PANDAS,
            {**facts, "seconds": round(ours["seconds"], 2), "pandas_seconds": round(parser["seconds"], 2)},
        ),
        _result(
            "peak memory of the whole process / size of the file",
            ours["peak"] / size,
            TIMES_FILE,
            {**facts, "peak_megabytes": round(ours["peak"] / 1e6, 1)},
        ),
    ]


def write_file(path: Path, rows: int) -> None:
    """A title list as vendors have them: serials and books, several rows a title, some faults in a hundred rows."""
    chance = random.Random(5)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\t".join(FIELD_NAMES) + "\n")
        for number in range(rows):
            row = _monograph(number) if number % 3 == 0 else _serial(number)
            if number % 100 == 0:
                row.update(chance.choice(FAULTS))
            file.write("\t".join(row.get(name, "") for name in FIELD_NAMES) + "\n")


FAULTS: tuple[dict[str, str], ...] = (
    {"print_identifier": "1234-5678"},
    {"date_last_issue_online": "12.05.2019"},
    {"embargo_info": "p1y"},
    {"title_url": ""},
    {"notes": "Smith &amp; Sons"},
    {"coverage_depth": "Full text"},
)


def _serial(number: int) -> dict[str, str]:
    title, year = number // 2, 1950 + number % 60
    return {
        "publication_title": f"Zeitschrift für angewandte Beispiele und Journal of Applied Examples, Series {title}",
        "print_identifier": _issn(title % 9_999_999),
        "online_identifier": _issn((title * 7 + 3) % 9_999_999),
        "date_first_issue_online": f"{year}-01-01",
        "num_first_vol_online": str(year - 1949),
        "num_first_issue_online": "1",
        "date_last_issue_online": "" if number % 2 else f"{year + 9}-12",
        "title_url": f"https://onlinelibrary.vendor.example/journal/{title:08d}",
        "title_id": f"{title:08d}",
        "embargo_info": "P1Y" if number % 9 == 0 else "",
        "coverage_depth": "fulltext",
        "publisher_name": "Example University Press",
        "publication_type": "serial",
        "access_type": "P" if number % 5 else "F",
    }


def _monograph(number: int) -> dict[str, str]:
    return {
        "publication_title": f"An Introduction to the Theory of Examples, with Exercises: Part {number}",
        "print_identifier": _isbn(number),
        "online_identifier": _isbn(number + 500_000_000),
        "title_url": f"https://onlinelibrary.vendor.example/doi/book/10.1002/{number:08d}",
        "first_author": "Beispiel",
        "title_id": f"10.1002/{number:08d}",
        "coverage_depth": "fulltext",
        "publisher_name": "Example University Press",
        "publication_type": "monograph",
        "date_monograph_published_print": str(1980 + number % 40),
        "date_monograph_published_online": str(1990 + number % 30),
        "monograph_edition": str(1 + number % 3),
        "access_type": "P",
    }


def _issn(number: int) -> str:
    digits = f"{number:07d}"
    check = -sum(int(digit) * weight for digit, weight in zip(digits, range(8, 1, -1), strict=True)) % 11
    return f"{digits[:4]}-{digits[4:]}{'X' if check == 10 else check}"


def _isbn(number: int) -> str:
    digits = f"978{number % 1_000_000_000:09d}"
    return digits + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)


def _autoholdings(path: Path) -> int:
    return read_title_list(path).total


def _duckdb(path: Path) -> int:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE title AS SELECT * FROM read_csv(?, delim='\t', quote='', header=true, all_varchar=true)",
            [str(path)],
        )
        counted = connection.execute("SELECT count(*) FROM title").fetchone()
    return int(counted[0]) if counted else 0


def _pandas(path: Path) -> int:
    return len(pd.read_csv(path, sep="\t", dtype=str, quoting=3, keep_default_na=False, na_values=[""], engine="c"))


CONTESTANTS: dict[str, Callable[[Path], int]] = {"autoholdings": _autoholdings, "duckdb": _duckdb, "pandas": _pandas}


def _in_own_process(name: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", __spec__.name, "--contestant", name, "--file", str(path)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(finished.stdout)
    return found


def _measure(name: str, path: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.txt"
        write_file(small, 100)
        CONTESTANTS[name](small)
    started = time.perf_counter()
    CONTESTANTS[name](path)
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    return {"seconds": seconds, "peak": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)}


def _result(name: str, ratio: float, goal: float, facts: dict[str, object]) -> dict[str, object]:
    return {"name": name, "ratio": round(ratio, 2), "goal": goal, "met": ratio <= goal, **facts}


def main() -> None:
    """Print the ratios as lines, or with ``--json`` as data."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--contestant", choices=sorted(CONTESTANTS), help=argparse.SUPPRESS)
    arguments.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    wanted = arguments.parse_args()
    if wanted.contestant:
        print(json.dumps(_measure(wanted.contestant, wanted.file)))
        return
    results = run(wanted.rows, wanted.repeats)
    if wanted.json:
        print(json.dumps({"results": results}, indent=2))
        return
    for result in results:
        print(f"{result['ratio']:>6} (goal {result['goal']}, {'met' if result['met'] else 'MISSED'})  {result['name']}")


if __name__ == "__main__":
    main()
