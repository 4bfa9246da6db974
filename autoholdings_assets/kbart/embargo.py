"""Embargo statements: ``P1Y`` (the last year is not included), ``R10Y`` (only the last ten years), ``R10Y;P6M``.

Source: RP-9-2014, section 6.6.13.
"""

import re

_LENGTH = r"[1-9]\d{0,3}[DMY]"
EMBARGO = re.compile(rf"[PR]{_LENGTH}|R{_LENGTH};P{_LENGTH}")
ZERO = re.compile(r"[PR]0+[DMY]")


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
