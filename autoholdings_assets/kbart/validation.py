"""Judge a text frame by the rules: valid and rejected rows, findings, counts. Rows in = valid + rejected, always."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from autoholdings_assets.kbart.file_rules import FileFinding, check_file
from autoholdings_assets.kbart.interpretation import interpret, row_ends
from autoholdings_assets.kbart.reader import KbartText, read
from autoholdings_assets.kbart.rules import BY_KEY, RULES, Rule
from autoholdings_assets.kbart.schema import Failures, failures_in
from autoholdings_assets.kbart.text import BoolArray, arrow, series
from autoholdings_assets.kbart.unpack import Limits

MOST_FINDINGS = 100_000
"""Of each warning and note in each column this many are listed; errors all, and counts are always complete."""

LEAST_SHARE = 50_000
"""Rows from which on it pays to judge them beside others."""


@dataclass(frozen=True)
class ReadingOptions:
    """What a vendor's data says about reading its files.

    ``date_formats``: strptime formats (``%d.%m.%Y``) tried besides KBART's own. ``strict``: the severities of strict
    mode. ``limits``: how large a file may be.
    """

    date_formats: tuple[str, ...] = ()
    strict: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class TitleList:
    """A file judged.

    ``rows``: one record a row of the file, in its order: ``row_number``, ``status`` ('valid' or 'rejected'),
    ``reason`` (the key of the first error, null for valid rows), the 25 KBART columns as understood (``str``),
    ``from_date``, ``until_date`` (date32), ``content`` (uint64: the same for rows that say the same), and ``found``
    (uint64: a bit for each of `RULES` that the row breaks by itself). ``findings``: ``row_number``, ``column``,
    ``value`` (as given), ``rule``, ``severity``, ``message``, sorted by row. ``counts``: for each rule with findings
    the number of rows.
    """

    rows: pd.DataFrame
    findings: pd.DataFrame
    counts: dict[str, int]
    text: KbartText
    strict: bool

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.text.name

    @property
    def total(self) -> int:
        """How many rows the file has."""
        return len(self.rows)

    @property
    def rejected(self) -> int:
        """How many rows cannot be used."""
        return int(self.rows["reason"].notna().sum())

    @property
    def valid(self) -> int:
        """How many rows are used."""
        return self.total - self.rejected

    @property
    def encoding(self) -> str:
        """The encoding that the file was in."""
        return self.text.encoding

    @cached_property
    def file_findings(self) -> tuple[FileFinding, ...]:
        """What is amiss with the file as a whole."""
        return check_file(self.text, strict=self.strict)

    def severity_of(self, rule: str) -> str:
        """The severity that a rule has in this reading."""
        return BY_KEY[rule].severity_in(strict=self.strict)


@dataclass(frozen=True)
class _Judged:
    """A share of a file's rows, from position ``start`` on."""

    start: int
    understood: dict[str, pa.ChunkedArray]
    failures: Failures


@dataclass(frozen=True)
class _Failure:
    """Where one rule found one column amiss: positions of rows."""

    rule: Rule
    column: str
    at: npt.NDArray[np.intp]


def read_title_list(
    source: Path | bytes, *, name: str | None = None, options: ReadingOptions = ReadingOptions()
) -> TitleList:
    """Read a file and judge it. Raises :class:`~autoholdings_assets.kbart.errors.UnreadableFile` as ``read`` does."""
    return validate(read(source, name=name, limits=options.limits), options)


def validate(text: KbartText, options: ReadingOptions = ReadingOptions()) -> TitleList:
    """Judge a text frame by all rules: its rows in shares, side by side, and then against one another."""
    ends = row_ends(text)

    def judge(share: slice) -> _Judged:
        read = interpret(text.frame[share].reset_index(drop=True), ends[share], options.date_formats)
        return _Judged(share.start, read.understood, failures_in(read.frame))

    shares = _shares(len(text.frame))
    with ThreadPoolExecutor(len(shares)) as pool:
        judged = list(pool.map(judge, shares)) if len(shares) > 1 else [judge(shares[0])]
    understood = pd.DataFrame(
        {
            name: series(pa.chunked_array([chunk for part in judged for chunk in part.understood[name].chunks]))
            for name in judged[0].understood
        },
        copy=False,
    )
    of_rows, of_file = _in_file(judged), failures_in(understood, whole_file=True)
    failures = _in_order(of_rows | of_file)
    understood["found"] = _found(_in_order(of_rows), len(text.frame))
    return TitleList(
        rows=_rows(text, understood, _first_errors(failures, len(text.frame), strict=options.strict)),
        findings=_findings(failures, text, strict=options.strict),
        counts=_counts(_times(understood["found"]), of_file),
        text=text,
        strict=options.strict,
    )


@cache
def fingerprint() -> str:
    """Changes whenever reading or rules change: a hash of this package's own source."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:12]


def _shares(count: int) -> list[slice]:
    """Rows in as many shares as there are processors; few rows are not worth sharing."""
    edges = np.linspace(0, count, max(1, min(pa.cpu_count(), count // LEAST_SHARE)) + 1, dtype=int).tolist()
    return [slice(start, end) for start, end in pairwise(edges)]


def _in_file(judged: list[_Judged]) -> Failures:
    """What failed in the shares, by positions in the file."""
    found: dict[tuple[str, str], list[npt.NDArray[np.intp]]] = {}
    for part in judged:
        for key, at in part.failures.items():
            found.setdefault(key, []).append(at + part.start)
    return {key: np.concatenate(at) for key, at in found.items()}


def _in_order(where: Failures) -> list[_Failure]:
    """What failed, in the order of the rules."""
    return [
        _Failure(rule, column, where[rule.key, column])
        for rule in RULES
        for column in rule.columns
        if (rule.key, column) in where
    ]


def counts_in(found: Mapping[int, int], alike: pd.DataFrame) -> dict[str, int]:
    """For each rule with findings the number of rows, of rows that were judged at several times.

    ``found``: how often each value of the column of that name stands in the rows. ``alike``: content and the 25
    columns of the rows whose content is that of another.
    """
    return _counts(found, failures_in(alike, whole_file=True))


def _found(failures: list[_Failure], count: int) -> npt.NDArray[np.uint64]:
    found = np.zeros(count, np.uint64)
    for failure in failures:
        found[failure.at] |= np.uint64(1 << RULES.index(failure.rule))
    return found


def _times(found: "pd.Series[int]") -> dict[int, int]:
    times = found.value_counts()
    return dict(zip(times.index.tolist(), times.tolist(), strict=True))


def _counts(found: Mapping[int, int], of_file: Failures) -> dict[str, int]:
    counts = {
        rule.key: sum(times for bits, times in found.items() if bits >> number & 1) for number, rule in enumerate(RULES)
    } | {rule: len(at) for (rule, _), at in of_file.items()}
    return {rule.key: counts[rule.key] for rule in RULES if counts[rule.key]}


def _first_errors(failures: list[_Failure], count: int, *, strict: bool) -> pa.DictionaryArray:
    """For each row the key of its first error, null for rows without one."""
    keys = [rule.key for rule in RULES]
    first = np.full(count, -1, dtype=np.int32)
    for found in failures:
        if found.rule.severity_in(strict=strict) == "error":
            at = found.at[first[found.at] < 0]
            first[at] = keys.index(found.rule.key)
    return pa.DictionaryArray.from_arrays(pa.array(first, mask=first < 0), pa.array(keys, pa.large_string()))


def _rows(text: KbartText, understood: pd.DataFrame, reason: pa.DictionaryArray) -> pd.DataFrame:
    valid: BoolArray = np.asarray(reason.is_null())
    status = pa.DictionaryArray.from_arrays(
        pa.array(np.where(valid, 0, 1).astype(np.int8)), pa.array(["valid", "rejected"], pa.large_string())
    )
    return pd.DataFrame(
        {
            "row_number": text.frame["row_number"],
            "status": series(status.dictionary_decode()),
            "reason": series(reason.dictionary_decode()),
            **dict(understood.items()),
        },
        copy=False,
    )


def _findings(failures: list[_Failure], text: KbartText, *, strict: bool) -> pd.DataFrame:
    numbers = text.frame["row_number"].to_numpy()
    parts: dict[str, list[pa.Array]] = {name: [] for name in ("value", "column", "rule", "severity", "message")}
    at_rows: list[npt.NDArray[np.int64]] = []
    for found in failures:
        severity = found.rule.severity_in(strict=strict)
        at = found.at if severity == "error" else found.at[:MOST_FINDINGS]
        at_rows.append(numbers[at])
        parts["value"].append(_values(text.frame, found.column, at))
        words = {"column": found.column, "rule": found.rule.key, "severity": severity, "message": found.rule.sentence}
        for name, word in words.items():
            parts[name].append(
                pa.DictionaryArray.from_arrays(np.zeros(len(at), np.int16), pa.array([word], pa.large_string()))
            )
    row_number = np.concatenate(at_rows) if at_rows else np.empty(0, np.int64)
    order = np.argsort(row_number, kind="stable")
    columns = {name: _sorted(chunks, order) for name, chunks in parts.items()}
    return pd.DataFrame(
        {
            "row_number": row_number[order],
            "column": columns["column"],
            "value": columns["value"],
            "rule": columns["rule"],
            "severity": columns["severity"],
            "message": columns["message"],
        }
    )


def _values(frame: pd.DataFrame, column: str, at: npt.NDArray[np.intp]) -> pa.ChunkedArray:
    taken = arrow(frame[column]).take(pa.array(at))
    return pc.cast(taken, pa.large_string())


def _sorted(chunks: list[pa.Array], order: npt.NDArray[np.intp]) -> "pd.Series[str]":
    """Text columns in the order of rows; words that repeat a lot as categories, to keep them small."""
    if not chunks:
        return series(pa.array([], pa.large_string()))
    flat = [part for chunk in chunks for part in (chunk.chunks if isinstance(chunk, pa.ChunkedArray) else [chunk])]
    joined = pa.chunked_array(flat).unify_dictionaries().take(pa.array(order))
    return joined.to_pandas() if pa.types.is_dictionary(joined.type) else series(joined)
