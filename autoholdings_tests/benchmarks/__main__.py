"""``python -m autoholdings_tests.benchmarks``: ratios measured side by side in one run, as a table or as JSON.

What belongs here: the options and the table. What does not: what is measured (the other modules of this room).
"""

import argparse
import json

from autoholdings_tests.benchmarks import reading


def main() -> None:
    """Print every benchmark's ratio with its goal."""
    arguments = argparse.ArgumentParser(prog="python -m autoholdings_tests.benchmarks", description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="rows of the generated file")
    arguments.add_argument("--repeats", type=int, default=5, help="pairs of measurements, of which the median is taken")
    arguments.add_argument("--json", action="store_true", help="print JSON instead of a table")
    wanted = arguments.parse_args()
    results = reading.run(wanted.rows, wanted.repeats)
    if wanted.json:
        print(json.dumps({"results": results}, indent=2))
        return
    for result in results:
        print(f"{result['ratio']:>6} (goal {result['goal']}, {'met' if result['met'] else 'MISSED'})  {result['name']}")


if __name__ == "__main__":
    main()
