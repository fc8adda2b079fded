"""The command line as a shell sees it, run inside the test: exit status, stdout and stderr of one command."""

from __future__ import annotations

import io
import json
import signal
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import cli


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; NaN and Infinity are no JSON."""
        assert self.status == 0, self.err
        answer = json.loads(self.out, parse_constant=_refuse)
        assert isinstance(answer, dict)
        return answer

    @property
    def code(self) -> str:
        """The code of the error that a command with --json was refused with; its message is what was said."""
        *_, said, line = self.err.replace("\r", "\n").strip().splitlines()
        error = json.loads(line)["error"]
        assert set(error) == {"code", "message"}
        assert error["message"] == said, line
        return str(error["code"])

    @property
    def complaint(self) -> str:
        """The last line of stderr of a command that was refused, once it is what a refusal must be."""
        assert self.status == 2, f"exit status {self.status}: {self.out[:300]}{self.err[:300]}"
        assert self.out == ""
        assert "Traceback" not in self.err
        *_, line = lines = self.err.replace("\r", "\n").strip().splitlines()
        if line.startswith('{"error"'):
            line = lines[-2]
        assert line[0].isalpha() or line[0] in "-/'"
        assert line.endswith((".", "?")), line
        return line


def surfaced(*arguments: object) -> Ended:
    """Runs `python cli.py ARGUMENTS` in this process; what is not an expected error is raised, as a
    traceback would be.
    """
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGPIPE)
    try:
        with patch("sys.argv", ["cli.py", *map(str, arguments)]), redirect_stdout(out), redirect_stderr(err):
            status = cli.main()
    finally:
        signal.signal(signal.SIGPIPE, before)
    return Ended(status, out.getvalue(), err.getvalue())


def _refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")
