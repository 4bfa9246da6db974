"""``python -m autoholdings_tests.benchmarks``: ratios measured side by side in one run, as a table or as JSON.

What belongs here: the options and the table. What does not: what is measured (the other modules of this room).
"""

import argparse
import json
from collections.abc import Callable

from autoholdings_tests.benchmarks import command, homes, job, reading, workbooks
from autoholdings_tests.benchmarks.measuring import Result

PARTS: dict[str, Callable[[int, int], list[Result]]] = {
    "job": job.run,
    "script": job.run_script,
    "growth": job.run_growth,
    "command": lambda _, repeats: command.run(repeats),
    "homes": lambda _rows, _repeats: homes.run(),
    "reading": reading.run,
    "workbooks": workbooks.run,
}
"""The parts of the table; each gives a few rows of it."""


def main() -> None:
    """Print every ratio with its goal."""
    arguments = argparse.ArgumentParser(prog="python -m autoholdings_tests.benchmarks", description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="rows of the large file (%(default)s)")
    arguments.add_argument("--repeats", type=int, default=5, help="pairs, of which the median is taken (%(default)s)")
    arguments.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts of the table")
    arguments.add_argument("--json", action="store_true", help="print JSON instead of a table")
    wanted = arguments.parse_args()
    results: list[Result] = []
    for part in wanted.only:
        found = PARTS[part](wanted.rows, wanted.repeats)
        results += found
        if not wanted.json:
            for line in found:
                print(in_words(line), flush=True)
    if wanted.json:
        print(json.dumps({"results": results}, indent=2))


def in_words(line: Result) -> str:
    """A result as a line of the table."""
    unit, sign = line.get("unit", "x"), ">=" if line.get("at_least") else "<="
    goal = f"goal {sign} {line['goal']:g}"
    steps = "".join(f"\n{'':>10}{seconds:>8.2f} s  {step}" for step, seconds in line.get("steps", {}).items())
    return f"{line['ratio']:>8.2f} {unit:<2} {goal:<12} {'met   ' if line['met'] else 'MISSED'}  {line['name']}{steps}"


if __name__ == "__main__":
    main()
