"""Is a file text that can be a table? Known by its first bytes, its size, its lines and its encoding."""

from __future__ import annotations

from pathlib import Path

from core.errors import DataError, shown
from core.files import odd_kind
from data.formats.reading.limits import Limits

LONGEST_LINE = 4 << 20  # bytes
_SHEET = "save it as {wanted} in UTF-8."
_OTHER_FORMS = (
    (b"\x1f\x8b", "is a gzip file: unpack it."),
    (b"PK\x03\x04", f"is a ZIP archive or a spreadsheet (.xlsx): {_SHEET}"),
    (b"PAR1", "is a Parquet file: {parquet}."),
    (b"\xfd7zXZ", "is an xz file: unpack it."),
    (b"BZh", "is a bzip2 file: unpack it."),
    (b"\x28\xb5\x2f\xfd", "is a Zstandard file: unpack it."),
    (b"\xd0\xcf\x11\xe0", f"is an Excel workbook (.xls): {_SHEET}"),
    (b"\xff\xfe", "looks like UTF-16: save it as UTF-8."),
    (b"\xfe\xff", "looks like UTF-16: save it as UTF-8."),
)


def check_regular(file: Path) -> None:
    """Raises DataError for a pipe, a device, a folder or a link that leads nowhere, before anything waits for it."""
    odd = odd_kind(file)
    if odd is not None:
        name = shown(file.name).strip("'")
        raise DataError(
            f"{shown(file.parent)}: {name} is {odd}, not a file that can be read. Put the file itself there."
        )


def check_form(file: Path, limits: Limits, wanted: str) -> None:
    """Raises DataError for a file that begins as another kind does, is too large, or has no lines as tables have.

    wanted  what the file should be, in words: "CSV"
    """
    limits.check(file.name, "bytes", file.stat().st_size)
    with file.open("rb") as raw:
        head = raw.read(4_096)
    for mark, message in _OTHER_FORMS:
        if head.startswith(mark):
            parquet = "call it .parquet" if wanted == "CSV" else f"save it as {wanted}"
            raise DataError(f"{file.name} {message.format(wanted=wanted, parquet=parquet)}")
    if head.lstrip()[:1] in (b"[", b"{"):
        raise DataError(f"{file.name} looks like JSON: save it as {wanted}, with a header in its first row.")
    if 5 * head.count(0) >= max(4, len(head)):
        raise DataError(f"{file.name} looks like UTF-16: save it as UTF-8.")
    _check_lines(file)


def not_utf8(file: Path) -> DataError:
    """The error for a file of another encoding, with its first line that is no UTF-8, counted from 1."""
    return DataError(f"{file.name} is not UTF-8 text (line {_line_of_other_text(file)}): save it as UTF-8.")


def _line_of_other_text(file: Path) -> int:
    with file.open("rb") as raw:
        for number, line in enumerate(raw, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _check_lines(file: Path) -> None:
    """Raises DataError for a line that no table has: it would have to be held whole."""
    run = 0
    with file.open("rb") as raw:
        while block := raw.read(1 << 20):
            ends = [place for mark in (b"\n", b"\r") for place in (block.find(mark), block.rfind(mark)) if place >= 0]
            if run + (min(ends) if ends else len(block)) > LONGEST_LINE:
                raise DataError(f"{file.name} has a line of more than {LONGEST_LINE:,} bytes: it is no table.")
            run = len(block) - max(ends) - 1 if ends else run + len(block)
