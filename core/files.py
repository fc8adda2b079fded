"""Files as they come from outside or from the disk: regular ones only, never more bytes than expected, and JSON that
holds.

A pipe, a device or a folder under the name of a file is refused before it is opened for reading, so nothing waits for a
pipe that nobody writes or reads a device without an end.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, Final, NoReturn

MANY: Final = 256 << 20  # bytes: more than any stored file of ours but models and tables
STATED: Final = 16 << 20  # bytes: plans, rules, cards, as people write them
LONGEST_NUMBER: Final = 300  # digits of a whole number: longer ones have no float
JsonObject = dict[str, Any]
"""A JSON object as it was read: nothing is known of its values before somebody has checked them."""
_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def odd_kind(path: Path) -> str | None:
    """What stands under a path where it is no file that can be read: "a folder", "a pipe"…; None for a regular file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link that leads nowhere" if path.is_symlink() else "not there"
    except OSError as error:
        return "a link that leads to itself" if error.errno == errno.ELOOP else (error.strerror or "not to be reached")
    return None if stat.S_ISREG(mode) else next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")


def read_bytes(path: Path, *, at_most: int | None = MANY) -> bytes:
    """The whole of a regular file. Raises OSError for anything else, and for files of more than `at_most` bytes."""
    odd = odd_kind(path)
    if odd is not None and odd != "not there":
        raise OSError(errno.EINVAL, f"it is {odd}, not a file", str(path))
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
        data = file.read() if at_most is None else file.read(at_most + 1)
    if at_most is not None and len(data) > at_most:
        raise OSError(errno.EFBIG, f"it holds more than {at_most:,} bytes", str(path))
    return data


def read_text(path: Path, *, at_most: int | None = MANY) -> str:
    """A regular file of UTF-8, with or without a byte order mark. Raises OSError, UnicodeDecodeError (a ValueError)."""
    return read_bytes(path, at_most=at_most).decode("utf-8-sig")


def read_json(path: Path, *, at_most: int | None = MANY) -> Any:
    """JSON as this program stored it. Raises OSError, ValueError, RecursionError."""
    return json.loads(read_text(path, at_most=at_most))


def write_whole(path: Path, text: str) -> None:
    """A small file, on the disk whole or not at all, its folder made where it lacks. Raises OSError; what stood there
    stays then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".writing-", delete=False, encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk, so that a rename outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_stated(path: Path) -> Any:
    """JSON as people write it. Raises OSError, and ValueError for what is no JSON or holds what cannot be used
    (`stated`).
    """
    return stated(read_text(path, at_most=STATED))


def stated(text: str) -> Any:
    """JSON whose numbers are finite and whose texts can be written. Raises ValueError with the reason."""
    try:
        content = json.loads(text, parse_int=_whole, parse_float=_number, parse_constant=_constant)
        json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character (a lone surrogate)") from None
    return content


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits):,} digits is too large")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {digits[:30]} is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
