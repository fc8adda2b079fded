"""The workbench from a shell. `--json` prints one JSON object on stdout; messages and progress go to stderr.

Wrong words or ids exit with 2 and one sentence. `python cli.py --help` lists everything. The commands stand in
commands/.
"""

from __future__ import annotations

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
    "measures",
    "records",
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
        say("\n".join([str(error), *listed]))
        return 2
    except SurfacedError as error:
        say(str(error))
        return 2
    except (KeyboardInterrupt, typer.Abort):
        say("Stopped. What was finished is kept.")
        return 130
    except Exception as error:
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        say(f"{usage().rstrip('. ')}. Try `{CLI} --help`.")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
