"""The rules once more, as plainly as can be and without a thought for speed: what the product is compared with.

What does not belong here: any code of the product. A rule that is wrong in both places was misunderstood, not mistyped.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

STATEMENT = (
    "publication_title", "print_identifier", "online_identifier", "title_id", "title_url", "date_first_issue_online",
    "num_first_vol_online", "num_first_issue_online", "date_last_issue_online", "num_last_vol_online",
    "num_last_issue_online", "embargo_info", "coverage_depth", "notes", "access_type",
)  # fmt: skip

Row = Mapping[str, Any]


def normalised(title: str | None) -> str:
    """A title without accents, capitals and punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", (title or "").lower()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", plain))


def same_title_key(row: Row) -> tuple[Any, ...]:
    """What rows of one title have in common (rule W4 and DESIGN, Merging)."""
    kind = row["publication_type"]
    online, print_id = row["online_identifier"], row["print_identifier"]
    if kind == "serial":
        if online:
            return (kind, "online", online)
        if print_id:
            return (kind, "print", print_id)
        named = ("title_id", row["title_id"]) if row["title_id"] else ("url", row["title_url"])
        return (kind, *named, normalised(row["publication_title"]))
    if online:
        named = ("online", online)
    elif print_id:
        named = ("print", print_id)
    else:
        named = ("title_id", row["title_id"]) if row["title_id"] else ("url", row["title_url"])
    volume, edition = (row["monograph_volume"] or "").lower(), (row["monograph_edition"] or "").lower()
    return (kind, *named, normalised(row["publication_title"]), volume, edition)


def merge(rows: Iterable[Row]) -> dict[tuple[Any, ...], set[tuple[Any, ...]]]:
    """Titles with their distinct statements."""
    titles: dict[tuple[Any, ...], set[tuple[Any, ...]]] = defaultdict(set)
    for row in rows:
        titles[same_title_key(row)].add(tuple(row[field] for field in STATEMENT))
    return dict(titles)
