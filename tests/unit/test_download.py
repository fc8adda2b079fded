"""Files arrive whole with the right checksum, or not at all. Only loopback and a stand-in for pip are used."""

from __future__ import annotations

import hashlib
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import CancelledError, SourceError
from core.progress import no_progress
from data import download
from data.download import fetch_url, pip_download

BODY = b"ratings" * 40_000
DIGEST = hashlib.sha256(BODY).hexdigest()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/file.zip":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def fetch(url: str, target: Path, *, digest: str = DIGEST, progress: download.Progress = no_progress) -> Path:
    return fetch_url(url, target, digest=digest, algorithm="sha256", timeout_s=5.0, progress=progress)


def test_file_with_the_right_checksum_is_kept_and_progress_reaches_the_end(address: str, tmp_path: Path) -> None:
    fractions: list[float] = []
    kept = fetch(f"{address}/file.zip", tmp_path / "new" / "file.zip", progress=lambda f, _: fractions.append(f))
    assert kept.read_bytes() == BODY
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert [path.name for path in kept.parent.iterdir()] == ["file.zip"]


def test_other_checksum_is_refused_and_nothing_is_kept(address: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="checksum"):
        fetch(f"{address}/file.zip", tmp_path / "file.zip", digest="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_kept_file_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "file.zip").write_bytes(BODY)
    assert fetch("http://127.0.0.1:9/file.zip", tmp_path / "file.zip") == tmp_path / "file.zip"


def test_damaged_file_is_fetched_again(address: str, tmp_path: Path) -> None:
    (tmp_path / "file.zip").write_bytes(BODY[:100])
    assert fetch(f"{address}/file.zip", tmp_path / "file.zip").read_bytes() == BODY


@pytest.mark.parametrize("path", ["/gone.zip", None])
def test_missing_file_or_server_is_a_sentence(address: str, tmp_path: Path, path: str | None) -> None:
    url = f"{address}{path}" if path else "http://127.0.0.1:9/file.zip"
    with pytest.raises(SourceError, match=r"could not be reached \(.+\)\.$"):
        fetch(url, tmp_path / "file.zip")
    assert list(tmp_path.iterdir()) == []


def test_cancelling_leaves_nothing_behind(address: str, tmp_path: Path) -> None:
    def stop(fraction: float, doing: str) -> None:
        if fraction > 0.2:
            raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        fetch(f"{address}/file.zip", tmp_path / "file.zip", progress=stop)
    assert list(tmp_path.iterdir()) == []


def pip_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Puts a script in the place of the Python that runs pip; `dest` is the folder that pip is told to fill."""
    stand_in = tmp_path / "python"
    head = f"#!{sys.executable}\nimport sys, pathlib, time\n"
    dest = 'dest = pathlib.Path([a for a in sys.argv if a.startswith("--dest=")][0][7:]); dest.mkdir()\n'
    stand_in.write_text(head + dest + script)
    stand_in.chmod(0o755)
    monkeypatch.setattr(download.sys, "executable", str(stand_in))


def test_wheel_from_pip_is_checked_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_that(
        tmp_path,
        monkeypatch,
        f'(dest / (sys.argv[-1].replace("==", "-") + "-py3-none-any.whl")).write_bytes({b"wheel"!r})',
    )
    cache = tmp_path / "cache"
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert pip_download("thing", "1.2", digest, cache, no_progress).read_bytes() == b"wheel"
    with pytest.raises(SourceError, match="checksum"):
        pip_download("thing", "1.3", digest[::-1], cache, no_progress)
    assert [path.name for path in cache.iterdir()] == ["thing-1.2.whl"]


def test_last_error_of_pip_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_that(tmp_path, monkeypatch, 'print("hello\\nERROR: No matching distribution found for thing"); sys.exit(1)')
    with pytest.raises(SourceError, match=r"pip could not get thing==1\.2 \(ERROR: No matching distribution"):
        pip_download("thing", "1.2", "0" * 64, tmp_path / "cache", no_progress)
    assert list((tmp_path / "cache").iterdir()) == []


def test_cancelling_ends_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_that(tmp_path, monkeypatch, "time.sleep(60)")

    def stop(fraction: float, doing: str) -> None:
        raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        pip_download("thing", "1.2", "0" * 64, tmp_path / "cache", stop)
    assert list((tmp_path / "cache").iterdir()) == []
