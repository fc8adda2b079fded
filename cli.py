"""The workbench from a shell. `--json` prints one JSON object on stdout; messages and progress go to stderr,
whose last line then is {"error": {"code", "message"}} where something went wrong.

Wrong words or ids exit with 2 and one sentence. `python cli.py --help` lists everything. The commands stand in
commands/.
"""

from __future__ import annotations

import json
import signal
import sys
from importlib import import_module

import typer

from commands.command_line import app, say
from core.errors import CLI, DataError, SurfacedError

SUBJECTS = (
    "explain",
    "attribution",
    "audits",
    "whatif",
    "rules",
    "data",
    "evaluation",
    "cold",
    "measures",
    "records",
    "segments",
    "device",
)  # as --help lists them
for subject in SUBJECTS:
    import_module(f"commands.{subject}")


def main() -> int:
    """Runs a command; every expected error becomes one sentence and exit status 2."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        app(standalone_mode=False)
    except DataError as error:
        listed = [f"  {problem}" for problem in error.problems] if len(error.problems) > 1 else []
        return refused("\n".join([str(error), *listed]), error.code, str(error))
    except SurfacedError as error:
        return refused(str(error), error.code)
    except (KeyboardInterrupt, typer.Abort):
        say("Stopped. What was finished is kept.")
        return 130
    except Exception as error:
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        return refused(f"{usage().rstrip('. ')}. Try `{CLI} --help`.", "usage")
    return 0


def refused(text: str, code: str, message: str = "") -> int:
    """Says why nothing was done; with --json the last line on stderr is {"error": {"code",
    "message"}}. Exit status 2.
    """
    say(text)
    if "--json" in sys.argv:
        say(json.dumps({"error": {"code": code, "message": message or text}}))
    return 2


if __name__ == "__main__":
    sys.exit(main())
