"""From a file, whatever it is packed in, to its text as UTF-8 bytes: gzip, zip, encodings.

Workbooks are read in ``workbook.py``; what the lines in the text are is settled in ``lines.py``. Nothing is unpacked to
disk, and what a file says of itself (sizes, names) is not believed.
"""

import codecs
import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from autoholdings_assets.kbart.errors import (
    DamagedFile,
    EmptyFile,
    MissingFile,
    NotKbart,
    TooLarge,
    UnknownEncoding,
)

BLOCK = 1 << 20
SIGNS_OF_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"GIF8", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document (.xls, .doc)"),
    (b"PAR1", "a Parquet file"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x7fELF", "a program"),
)
BYTE_ORDER_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UNDEFINED_IN_WINDOWS_1252 = b"\x81\x8d\x8f\x90\x9d"
MOST_UNDEFINED = 0.02
MOST_MEMBERS = 10_000
DIRECTORY_ENTRY = b"PK\x01\x02"
MEMBER_NAMES = (".txt", ".tsv", ".csv", ".tab", ".kbart", ".xlsx")
SOMETHING = re.compile(rb"[^\0\s\xef\xbb\xbf\xfe\xff]")
HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype|html|head|body|\?xml|[a-z]+[\s>])", re.I | re.S)
JSON = re.compile(rb"\s*(?:\{\s*(?:\"|\})|\[\s*(?:[\[{\"\]]))")


@dataclass(frozen=True)
class Limits:
    """How large a file may be: bytes as delivered, unpacked, and unpacked for each delivered; lines, bytes of one.

    Five million rows, for which this is to suffice, are 1.1 GB.
    """

    packed: int = 1_500_000_000
    unpacked: int = 1_500_000_000
    ratio: int = 200
    lines: int = 10_000_000
    line: int = 10_000_000


@dataclass(frozen=True)
class Text:
    """A file's text: UTF-8 bytes without a byte order mark, and what it was."""

    content: bytes
    encoding: str
    byte_order_mark: bool
    container: str
    """'', or what the text was packed in: gzip, zip, xlsx (several joined by +)."""
    member: str
    """The name of the file inside the zip or of the sheet in the workbook; else ''."""


def fetch(source: Path | bytes, name: str, limits: Limits) -> bytes:
    """The file's bytes. Raises :class:`MissingFile` or :class:`TooLarge`."""
    if isinstance(source, bytes):
        size, content = len(source), source
    else:
        try:
            size = source.stat().st_size
            if size > limits.packed:
                raise _too_large(name, limits.packed)
            content = source.read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            raise MissingFile(name, f"The file cannot be opened ({reason}).", "Check its name and place.") from error
    if size > limits.packed:
        raise _too_large(name, limits.packed)
    return content


def unpack(content: bytes, name: str, limits: Limits) -> Text:
    """Unpack and decode. Raises the subclasses of :class:`UnreadableFile` that tell why a file is no text."""
    most = min(limits.unpacked, max(len(content) * limits.ratio, BLOCK))
    container: list[str] = []
    member = ""
    while True:
        if not SOMETHING.search(content):
            raise EmptyFile(name, "The file is empty.", "Fetch it again; if it stays empty, ask the vendor for it.")
        if content.startswith(b"\x1f\x8b"):
            content, kind = _gunzip(content, name, most), "gzip"
        elif content.startswith(b"PK\x03\x04"):
            content, kind, member = _unzip(content, name, most)
        else:
            break
        container.append(kind)
        if len(container) > 3:
            raise DamagedFile(name, "The file is packed in itself over and over.", "Ask the vendor for the plain file.")
    _refuse_other_formats(content, name)
    text, encoding, marked = _to_utf8(content, name, limits)
    if not SOMETHING.search(text):
        raise EmptyFile(name, "The file is empty.", "Fetch it again; if it stays empty, ask the vendor for it.")
    _refuse_other_text(text, name)
    return Text(text, encoding, marked, "+".join(container), member)


def _gunzip(content: bytes, name: str, most: int) -> bytes:
    unpacked = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            while block := packed.read(BLOCK):
                unpacked += block
                if len(unpacked) > most:
                    raise _too_large(name, most)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(name, "gzip file") from error
    return bytes(unpacked)


def _unzip(content: bytes, name: str, most: int) -> tuple[bytes, str, str]:
    if content.count(DIRECTORY_ENTRY) > MOST_MEMBERS:
        raise NotKbart(
            name, f"The zip file holds more than {MOST_MEMBERS:,} files.", "Ask the vendor for the title list alone."
        )
    from autoholdings_assets.kbart import workbook  # brings openpyxl: only when needed

    kind = "zip file"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if workbook.MAIN_PART in archive.namelist():
                kind = "Excel workbook"
                text, sheet = workbook.first_table(archive, most)
                return text, "xlsx", shown_name(sheet)
            entry = _title_list_member(archive, name)
            with archive.open(entry) as packed:
                unpacked = packed.read(most + 1)
            if len(unpacked) > most:
                raise _too_large(name, most)
            return unpacked, "zip", shown_name(entry.filename)
    except workbook.OverLimit:
        raise _too_large(name, most) from None
    except workbook.UnusableWorkbook as error:
        raise DamagedFile(
            name, f"The Excel workbook {error}", "Ask the vendor for the list as plain text, or save it in Excel anew."
        ) from error
    except _DAMAGES as error:
        raise _damaged(name, kind) from error


_DAMAGES = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, NotImplementedError, RuntimeError,
    LookupError, ValueError, OverflowError,
)  # fmt: skip
"""What zipfile raises for files that are no good, and a workbook whose parts contradict each other."""


def _title_list_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    entries = [
        entry
        for entry in archive.infolist()
        if not (entry.is_dir() or entry.filename.startswith("__MACOSX"))
        and not PurePosixPath(entry.filename).name.startswith(".")
    ]
    lists = [entry for entry in entries if entry.filename.lower().endswith(MEMBER_NAMES)] or entries
    if len(lists) != 1:
        found = ", ".join(shown_name(entry.filename) for entry in lists[:5]) or "nothing"
        raise NotKbart(
            name,
            f"The zip file holds {len(lists)} title lists ({found}); which one is meant cannot be told.",
            "Unpack it and check each file by itself.",
        )
    if lists[0].flag_bits & 1:
        raise NotKbart(
            name, "The zip file is locked with a password.", "Unpack it, or ask the vendor for a plain file."
        )
    return lists[0]


def shown_name(given: str) -> str:
    """A name from inside a file, short and without a path, control or direction characters; it is only ever shown."""
    last = PurePosixPath(given.replace("\\", "/")).name
    return "".join(character if character.isprintable() else " " for character in last).strip()[:100]


def _refuse_other_formats(content: bytes, name: str) -> None:
    for sign, what in SIGNS_OF_OTHER_FORMATS:
        if content.startswith(sign):
            raise NotKbart(name, f"The file is {what}, not a title list.", "Ask the vendor for the KBART file.")


def _refuse_other_text(text: bytes, name: str) -> None:
    start = text[:4096]
    if HTML.match(start):
        raise NotKbart(
            name,
            "The file is a web page, not a title list.",
            "The address may need a login or have changed: open it in a browser and see what it shows.",
        )
    if JSON.match(start):
        raise NotKbart(
            name,
            f"The file is a JSON message, not a title list: {start[:200].decode('utf-8', 'replace').strip()}",
            "It is often an error message of the vendor's server: see what it says.",
        )


def _to_utf8(content: bytes, name: str, limits: Limits) -> tuple[bytes, str, bool]:
    """The text as UTF-8, the encoding it was in, and whether it began with a byte order mark."""
    marked = ((mark, encoding) for mark, encoding in BYTE_ORDER_MARKS if content.startswith(mark))
    mark, encoding = next(marked, (b"", _wide_encoding(content) or "utf-8"))
    unmarked = content[len(mark) :]
    if encoding == "utf-8":
        return *_utf8_or_windows(unmarked, name, limits), bool(mark)
    return _from_wide(unmarked, encoding, name, limits), encoding, bool(mark)


def _refuse_endless(text: bytes, name: str, limits: Limits) -> None:
    """Rows are small things, but each takes memory; and what is worked on is a line or a cell at a time."""
    if max(_count(text, b"\n"), _count(text, b"\r")) > limits.lines:
        raise TooLarge(
            name,
            f"The file has more than {limits.lines:,} lines.",
            "No title list is that long: ask the vendor what went wrong, or for the list in parts.",
        )
    start = 0
    while len(text) - start > limits.line:
        end = max(text.rfind(line_end, start, start + limits.line) for line_end in (b"\n", b"\r"))
        if end < 0:
            raise TooLarge(
                name,
                f"The file has a line of more than {limits.line:,} bytes, as no title has.",
                "The line ends may have been lost on the way: fetch it again, or tell the vendor.",
            )
        start = end + 1


def _count(text: bytes, sign: bytes) -> int:
    """As ``text.count(sign)``, several times as fast."""
    if sign not in text:
        return 0
    blocks = (np.frombuffer(text, np.uint8, min(BLOCK, len(text) - at), at) for at in range(0, len(text), BLOCK))
    return sum(int(np.count_nonzero(block == sign[0])) for block in blocks)


def _wide_encoding(content: bytes) -> str | None:
    """UTF-16 without a byte order mark shows as every other byte being nought."""
    sample = content[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = max(len(sample) // 2, 1)
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _from_wide(content: bytes, encoding: str, name: str, limits: Limits) -> bytes:
    width = 4 if "32" in encoding else 2
    whole = content[: len(content) // width * width]  # a download that was cut off inside a character
    text = whole.decode(encoding, "replace")
    if text.count("\ufffd") > MOST_UNDEFINED * len(text):
        raise _unknown_encoding(name)
    encoded = text.encode("utf-8", "replace")
    _refuse_endless(encoded, name, limits)
    return encoded


def _utf8_or_windows(content: bytes, name: str, limits: Limits) -> tuple[bytes, str]:
    """UTF-8 as it is; else each line that is not UTF-8 is read as Windows-1252."""
    _refuse_endless(content, name, limits)
    if content.isascii():
        return content, "ascii"
    if is_utf8(content):
        return content, "utf-8"
    lines, windows, utf8, undefined, accented = content.split(b"\n"), 0, 0, 0, 0
    for position, line in enumerate(lines):
        if line.isascii():
            continue
        if is_utf8(line):
            utf8 += 1
            continue
        windows += 1
        accented += sum(byte > 127 for byte in line)
        undefined += sum(line.count(byte) for byte in UNDEFINED_IN_WINDOWS_1252)
        lines[position] = line.decode("cp1252", "replace").encode("utf-8")
    if undefined > MOST_UNDEFINED * accented:
        raise _unknown_encoding(name)
    return b"\n".join(lines), "windows-1252 and utf-8" if utf8 else "windows-1252"


def is_utf8(content: bytes) -> bool:
    """Whether bytes are valid UTF-8, looked at in blocks so that no second copy of a large file is made."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(content)
    try:
        for start in range(0, len(content), BLOCK):
            decoder.decode(view[start : start + BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _too_large(name: str, limit: int) -> TooLarge:
    return TooLarge(
        name,
        f"The file is too large: more than {limit / 1e6:,.1f} MB.",
        "If that is the vendor's real list, raise the limit; a small file that unpacks to a huge one is a trap.",
    )


def _damaged(name: str, kind: str) -> DamagedFile:
    return DamagedFile(
        name, f"The {kind} is damaged or incomplete.", "Fetch it again: the download may have been cut off."
    )


def _unknown_encoding(name: str) -> UnknownEncoding:
    return UnknownEncoding(
        name,
        "The characters of the file cannot be read: it is neither UTF-8, UTF-16 nor Windows-1252.",
        "Ask the vendor for the file in UTF-8, as KBART wants it.",
    )
