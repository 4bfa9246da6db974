"""The search for a profile's own credentials in its files (rule A12).

What belongs here: how a credential may be written, and where pieces of a file may be cut. What does not: where files
come from (``pipeline/test_leaks.py``).
"""

import base64
import html
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest

from autoholdings_assets.config import IntegrationProfile, Secret
from autoholdings_assets.retrieval.confidential import Credentials
from autoholdings_assets.retrieval.errors import CredentialInFile
from autoholdings_assets.vendors.model import load_vendors

TOKEN = "Tok/en+7F3a 9c&Ü"
BEFORE, AFTER = "publication_title\tnotes\r\nActa Exempla\tsee ", "\tP\r\n"
WAYS = {
    "as it is": TOKEN,
    "in small letters": TOKEN.lower(),
    "in capitals": TOKEN.upper(),
    "in an address": quote(TOKEN, safe=""),
    "in an address, in small letters": quote(TOKEN).lower(),
    "in a form": quote_plus(TOKEN),
    "in a page": html.escape(TOKEN),
    "in base64": base64.b64encode(TOKEN.encode()).decode(),
}


def searched_for(*values: str) -> Credentials:
    vendor = load_vendors()["wiley"]
    profile = IntegrationProfile(
        name="wiley-main", vendor="wiley", url="https://vendor.example", credentials={"institution_token": Secret("X")}
    )
    return Credentials.of(profile, vendor, values)


@pytest.mark.rule("A12")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("way", WAYS)
def test_a_credential_is_found_however_it_is_written(way: str, encoding: str) -> None:
    """Also at the very end of the file."""
    for after in (AFTER, ""):
        with pytest.raises(CredentialInFile):
            list(searched_for("another-credential", TOKEN).not_in([(BEFORE + WAYS[way] + after).encode(encoding)]))


@pytest.mark.rule("A12")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_credential_is_found_wherever_the_pieces_are_cut(encoding: str) -> None:
    """In two pieces, in three with a short one between, in single bytes; the piece with its end is not given."""
    content = (BEFORE + TOKEN + AFTER).encode(encoding)
    end = len((BEFORE + TOKEN).encode(encoding)) - 1  # the last byte of all may be a nought, which says nothing
    cuts = [(at,) for at in range(len(content))] + [(at, at + 3) for at in range(len(content) - 3)]
    for places in [*cuts, tuple(range(1, len(content)))]:
        pieces = [content[start:stop] for start, stop in pairwise((0, *places, len(content)))]
        given = b""
        with pytest.raises(CredentialInFile):
            for piece in searched_for(TOKEN).not_in(pieces):
                given += piece
        assert len(given) <= end


def test_what_is_no_credential_goes_through_as_it_is() -> None:
    """Also what comes near to one, and a credential too short to tell."""
    content = [TOKEN[:-1].encode(), b"-", TOKEN[1:].encode(), b"", "\0É".encode("utf-16"), b"short"]
    assert list(searched_for(TOKEN, "short").not_in(content)) == content
    assert list(searched_for("short").not_in(content)) == content
