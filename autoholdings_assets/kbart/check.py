"""Check title lists on their own, without a home: for a library that never runs the pipeline, or for a vendor.

:func:`check_files` reads and judges exactly as the pipeline does. How the result is shown is in ``check_report.py``
(text, JSON) and ``reports/check_page.py`` (HTML); the command is in ``cli/check.py``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from autoholdings_assets.kbart.checks import not_a_repetition
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.file_rules import FileFinding
from autoholdings_assets.kbart.rules import BY_KEY
from autoholdings_assets.kbart.text import arrow, true
from autoholdings_assets.kbart.unpack import MEMBER_NAMES
from autoholdings_assets.kbart.validation import ReadingOptions, TitleList, read_title_list
from autoholdings_assets.kbart.writer import write_kbart

FILE_NAMES = (*MEMBER_NAMES, ".gz", ".zip")
EXAMPLES = 3


@dataclass(frozen=True)
class RuleCount:
    """How often a rule was broken in a file, and the first cases: line, column, value as given."""

    rule: str
    severity: str
    rows: int
    sentence: str
    advice: str
    examples: tuple[tuple[int, str, str | None], ...]


@dataclass(frozen=True)
class ColumnCount:
    """For one KBART column: rows with a value, and findings by severity."""

    column: str
    filled: int
    errors: int
    warnings: int
    notes: int


@dataclass(frozen=True)
class CheckResult:
    """What came of checking one file.

    ``verdict`` is 'valid' (nothing but notes), 'warnings', 'errors' (some rows, or in strict mode the file as a whole,
    cannot be used) or 'unreadable' (then ``refusal`` says why and there are no rows).
    """

    file: str
    verdict: str
    rows: int
    valid_rows: int
    rejected_rows: int
    by_rule: tuple[RuleCount, ...]
    by_column: tuple[ColumnCount, ...]
    file_findings: tuple[FileFinding, ...]
    shape: str
    refusal: UnreadableFile | None = None

    @property
    def clean(self) -> bool:
        """Whether there is nothing to correct: notes are no findings."""
        return self.verdict == "valid"


@dataclass(frozen=True)
class Fix:
    """What :func:`fix_file` did: rows written and left out, and in each column how many values it changed."""

    file: Path
    written: int
    left_out: int
    changed: dict[str, int]


def check_files(
    paths: Iterable[Path],
    *,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008
    progress: Callable[[Path], None] = lambda path: None,
) -> list[CheckResult]:
    """Check files, and in folders every file that may be a title list; ``progress`` hears of each before it begins.

    A file that cannot be read is a result like any other; no exception comes out of it.
    """
    results = []
    for path, name in _files(paths):
        progress(path)
        results.append(check_file(path, name=name, options=options))
    return results


def check_file(
    source: Path | bytes,
    *,
    name: str | None = None,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008
) -> CheckResult:
    """Check one file."""
    try:
        titles = read_title_list(source, name=None if isinstance(source, Path) else name, options=options)
    except UnreadableFile as refusal:
        return CheckResult(name or refusal.name, "unreadable", 0, 0, 0, (), (), (), "", refusal)
    by_rule = _by_rule(titles)
    severities = {found.severity for found in by_rule} | {found.severity for found in titles.file_findings}
    verdict = "errors" if "error" in severities else "warnings" if "warning" in severities else "valid"
    return CheckResult(
        file=name or titles.name,
        verdict=verdict,
        rows=titles.total,
        valid_rows=titles.valid,
        rejected_rows=titles.rejected,
        by_rule=by_rule,
        by_column=_by_column(titles),
        file_findings=titles.file_findings,
        shape=_shape(titles),
    )


def fix_file(source: Path, target: Path, *, options: ReadingOptions = ReadingOptions()) -> Fix:  # noqa: B008
    """Write the valid rows of a file as a clean KBART Phase II file.

    The values are those that the reading came to: identifiers and dates in KBART's form, words in KBART's spelling,
    text cleaned, repetitions left out. Raises :class:`UnreadableFile` if the file cannot be read.
    """
    titles = read_title_list(source, options=options)
    kept = np.flatnonzero(titles.rows["reason"].isna())
    kept = kept[not_a_repetition(titles.rows.iloc[kept])]
    rows, given = titles.rows.iloc[kept], titles.text.frame.iloc[kept]
    changed = {name: _changed(given[name], rows[name]) for name in FIELD_NAMES}
    written = write_kbart(rows, target)
    return Fix(target, written, titles.total - written, {name: count for name, count in changed.items() if count})


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob("*")):
                if found.is_file() and found.name.lower().endswith(FILE_NAMES) and not found.name.startswith("."):
                    yield found, str(found.relative_to(path.parent))
        else:
            yield path, str(path)


def _by_rule(titles: TitleList) -> tuple[RuleCount, ...]:
    counts = []
    for key, rows in titles.counts.items():
        rule = BY_KEY[key]
        cases = titles.findings[titles.findings["rule"] == key].head(EXAMPLES)
        examples = tuple(
            (int(line), str(column), value if isinstance(value, str) else None)
            for line, column, value in zip(cases["row_number"], cases["column"], cases["value"], strict=True)
        )
        counts.append(RuleCount(key, titles.severity_of(key), rows, rule.sentence, rule.advice, examples))
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(counts, key=lambda found: (order[found.severity], -found.rows)))


def _by_column(titles: TitleList) -> tuple[ColumnCount, ...]:
    findings = titles.findings[["column", "severity"]].astype(str)
    found = findings.value_counts().to_dict() if len(findings) else {}
    return tuple(
        ColumnCount(
            name,
            int(titles.rows[name].notna().sum()),
            *(int(found.get((name, severity), 0)) for severity in ("error", "warning", "note")),
        )
        for name in FIELD_NAMES
    )


def _shape(titles: TitleList) -> str:
    text = titles.text
    packed = f"{text.container}, " if text.container else ""
    columns = f"{len(text.header.found)} of 25 columns"
    return f"{packed}{text.encoding}, {text.delimiter}-separated, {text.line_ends} line ends, {columns}"


def _changed(given: "pd.Series[str]", fixed: "pd.Series[str]") -> int:
    differ = true(pc.not_equal(arrow(given), arrow(fixed)))
    return int((differ | (given.isna() != fixed.isna()).to_numpy()).sum())
