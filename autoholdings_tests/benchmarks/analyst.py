"""The plain pandas script that the whole job is measured against: what a good analyst would write in an afternoon.

It reads the file, checks the columns with regular expressions, gathers each title's coverage, compares the titles with
those of last time, and writes the result to DuckDB. It has no archive, no plan to look at, no history, no undo, no
guard: ``python -m autoholdings_tests.benchmarks.analyst FILE DATABASE``.
"""

import sys

import duckdb
import pandas as pd

IDENTIFIER = r"\d{4}-\d{3}[\dX]|97[89]\d{10}"
DATE = r"\d{4}(-\d{2}(-\d{2})?)?"
DESCRIPTION = [
    "publication_title",
    "print_identifier",
    "online_identifier",
    "title_url",
    "first_author",
    "title_id",
    "publisher_name",
    "publication_type",
    "date_monograph_published_print",
    "date_monograph_published_online",
    "monograph_volume",
    "monograph_edition",
    "first_editor",
    "access_type",
]


def main(file: str, database: str) -> None:
    """Bring the database's tables up to date with the file."""
    rows = pd.read_csv(file, sep="\t", dtype=str, quoting=3, keep_default_na=False, na_values=[""])
    rows = rows[valid(rows)]
    titles = with_coverage(rows)
    with duckdb.connect(database) as connection:
        known = connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'title'").fetchall()
        previous = connection.execute("FROM title").df() if known else titles.iloc[:0]
        connection.register("compared", compare(titles, previous))
        connection.execute("CREATE OR REPLACE TABLE title AS SELECT * FROM titles")
        connection.execute("CREATE OR REPLACE TABLE change AS SELECT * FROM compared")


def valid(rows: pd.DataFrame) -> pd.Series:
    """The rows whose columns are well formed."""
    well = rows["publication_title"].notna() & rows["title_url"].str.match(r"https?://\S+$", na=False)
    for column in ("print_identifier", "online_identifier"):
        well &= rows[column].isna() | rows[column].str.match(f"(?:{IDENTIFIER})$", na=False)
    for column in ("date_first_issue_online", "date_last_issue_online", "date_monograph_published_online"):
        well &= rows[column].isna() | rows[column].str.match(f"(?:{DATE})$", na=False)
    well &= rows["embargo_info"].isna() | rows["embargo_info"].str.match(r"[PR]\d+[DMY](;P\d+[DMY])?$", na=False)
    well &= rows["publication_type"].str.match("(?:serial|monograph)$", na=False)
    return well & rows["access_type"].str.match("[FP]$", na=False)


def with_coverage(rows: pd.DataFrame) -> pd.DataFrame:
    """One record a title, with its coverage statements in order."""
    rows = rows.assign(
        key=rows["online_identifier"].fillna(rows["print_identifier"]).fillna(rows["title_id"]),
        coverage=rows["date_first_issue_online"].fillna("")
        + "/"
        + rows["num_first_vol_online"].fillna("")
        + " - "
        + rows["date_last_issue_online"].fillna("")
        + "/"
        + rows["num_last_vol_online"].fillna("")
        + " "
        + rows["embargo_info"].fillna(""),
    )
    rows = rows.sort_values(["key", "date_first_issue_online"])
    return rows.groupby("key", as_index=False).agg({**dict.fromkeys(DESCRIPTION, "last"), "coverage": "; ".join})


def compare(titles: pd.DataFrame, previous: pd.DataFrame) -> pd.DataFrame:
    """What is new, gone or changed since last time, with both sides."""
    both = titles.merge(previous, on="key", how="outer", suffixes=("", "_before"), indicator=True)
    differs = pd.Series(False, index=both.index)
    for column in [*DESCRIPTION, "coverage"]:
        differs |= both[column].fillna("") != both[f"{column}_before"].fillna("")
    both["action"] = both["_merge"].astype(str).map({"left_only": "activate", "right_only": "remove", "both": "update"})
    return both[differs].drop(columns="_merge")


if __name__ == "__main__":
    main(*sys.argv[1:])
