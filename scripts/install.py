"""Fills .venv with the pinned packages. The Makefile starts it, with the Python that the user chose.

Plain `torch` from PyPI brings gigabytes of CUDA packages on Linux. So pip installs torch first, with PyTorch's own
index of CPU builds beside PyPI, together with uv; uv then installs the rest and keeps that torch. Where the index
cannot be reached, pip goes on with what it reaches.

Safe to interrupt at any moment: `.venv/.installing` exists, locked, while this runs. Found unlocked, it tells of an
interrupted run: that .venv is thrown away and made again (downloads are cached). The stamps are written last.
"""

from __future__ import annotations

import argparse
import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

VENV = Path(".venv")
VENV_PYTHON = VENV / "bin" / "python"
MARKER = VENV / ".installing"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
UV = "uv==0.13.9"


class InstallError(Exception):
    """What could not be installed, in one sentence."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Install pinned requirements into .venv.")
    parser.add_argument("--stamp", action="append", type=Path, required=True, help="written when all is installed")
    parser.add_argument("requirements", nargs="+", type=Path)
    options = parser.parse_args()
    if VENV_PYTHON.exists() and venv_version() == own_version() and all(stamp.exists() for stamp in options.stamp):
        return 0
    try:
        install(options.requirements, options.stamp)
    except KeyboardInterrupt:
        print(
            "\nStopped. The same command starts the installation again; what was downloaded is kept.", file=sys.stderr
        )
        return 130
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def install(requirements: Sequence[Path], stamps: Sequence[Path]) -> None:
    """Make .venv if need be, install `requirements` (torch first) and write `stamps`. Raises InstallError."""
    marker = begin()
    for old in VENV.glob(".stamp*"):
        old.unlink()
    if not VENV_PYTHON.exists():
        say(f"Making {VENV} with Python {own_version()} …")
        step([base_python(), "-m", "venv", str(VENV)], f"{VENV} could not be made", shown=False)
    torch = pinned("torch", requirements)
    say(f"Installing {torch} (CPU build) and uv …")
    cpu_index = ["--retries", "0", "--timeout", "15", "--extra-index-url", CPU_INDEX]
    step([str(VENV_PYTHON), "-m", "pip", "install", *cpu_index, torch, UV], f"pip could not install {torch} and {UV}")
    say(f"Installing {' and '.join(str(file) for file in requirements)} …")
    listed = [word for file in requirements for word in ("-r", str(file))]
    step([str(VENV / "bin" / "uv"), "pip", "install", "--python", str(VENV_PYTHON), *listed], "uv could not install")
    MARKER.unlink()
    for stamp in stamps:
        stamp.touch()
    marker.close()
    say("Installed.")


def begin() -> IO[str]:
    """Lock the marker; throw a half-made .venv or one of another Python away first. Raises InstallError if one is at
    work.
    """
    interrupted = MARKER.exists()
    if interrupted:
        lock(MARKER.open("a")).close()
        say(f"The last installation was interrupted: making {VENV} again.")
    elif VENV_PYTHON.exists() and venv_version() != own_version():
        say(f"{VENV} is not of Python {own_version()}: making it again.")
    if interrupted or not VENV_PYTHON.exists() or venv_version() != own_version():
        shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(exist_ok=True)
    return lock(MARKER.open("a"))


def lock(marker: IO[str]) -> IO[str]:
    """The opened marker, locked until it is closed. Raises InstallError if another process holds it."""
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InstallError(f"Another `make` is installing into {VENV}: wait for it, then start again.") from error
    return marker


def step(command: Sequence[str], failure: str, *, shown: bool = True) -> None:
    """Run one command, with its output shown as it comes or only on failure. Raises InstallError if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=not shown, text=True, check=False)
    if done.returncode:
        say(done.stderr or "")
        raise InstallError(f"{failure}; the lines above say why. The same command tries again, downloads are kept.")


def pinned(package: str, requirements: Sequence[Path]) -> str:
    """The line that pins a package: 'torch==2.13.0'. Raises InstallError if there is none."""
    for file in requirements:
        match = re.search(rf"^{package}==\S+", file.read_text(encoding="utf-8"), re.MULTILINE)
        if match:
            return match[0]
    raise InstallError(f"No line '{package}==…' in {', '.join(str(file) for file in requirements)}.")


def base_python() -> str:
    """The interpreter itself, also where .venv is activated and this runs inside it."""
    return getattr(sys, "_base_executable", None) or sys.executable


def own_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def venv_version() -> str:
    """'3.11' for the Python in .venv, '' where it does not run (its base was removed)."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run([VENV_PYTHON, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
