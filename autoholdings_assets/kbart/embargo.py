"""Embargo statements: ``P1Y`` (the last year is not included), ``R10Y`` (only the last ten years), ``R10Y;P6M``.

Source: RP-9-2014, section 6.6.13.
"""

import re
from dataclasses import dataclass

EMBARGO = re.compile(
    r"(?:(?P<single>[PR])(?P<n>[1-9]\d{0,3})(?P<unit>[DMY])|"
    r"R(?P<rn>[1-9]\d{0,3})(?P<runit>[DMY]);P(?P<pn>[1-9]\d{0,3})(?P<punit>[DMY]))"
)
ZERO = re.compile(r"[PR]0+[DMY]")


@dataclass(frozen=True)
class Period:
    """A length of time: ``count`` of ``unit`` (D days, M calendar months, Y calendar years)."""

    count: int
    unit: str


@dataclass(frozen=True)
class Embargo:
    """What an embargo statement says; either part may be absent."""

    moving_wall: Period | None = None
    rolling_access: Period | None = None


def parse_embargo(value: str) -> Embargo | None:
    """Read an embargo statement in KBART's own form; ``None`` if it is not one."""
    match = EMBARGO.fullmatch(value)
    if match is None:
        return None
    if match["single"]:
        period = Period(int(match["n"]), match["unit"])
        return Embargo(moving_wall=period) if match["single"] == "P" else Embargo(rolling_access=period)
    return Embargo(
        moving_wall=Period(int(match["pn"]), match["punit"]),
        rolling_access=Period(int(match["rn"]), match["runit"]),
    )


def normalise_embargo(value: str) -> str | None:
    """Bring a statement into KBART's form where its meaning is certain; ``None`` where it is not.

    Blanks and case carry no meaning, the two parts may come in either order, and a length of nought is no embargo
    (the empty string).
    """
    plain = re.sub(r"\s+", "", value).upper().replace(",", ";").strip(";")
    if ZERO.fullmatch(plain):
        return ""
    swapped = re.fullmatch(r"(P\d+[DMY]);(R\d+[DMY])", plain)
    if swapped:
        plain = f"{swapped[2]};{swapped[1]}"
    return plain if EMBARGO.fullmatch(plain) else None
