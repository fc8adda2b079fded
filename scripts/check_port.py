"""Whether a port can be served on; the Makefile asks before any long work.

Readable by every Python since 2.7, because it runs before the interpreter's version is looked at.
"""

import socket
import sys


def problem(text):
    """The sentence that says why this port cannot be served on, or None."""
    if not (text.isdigit() and 1 <= int(text) <= 65535):
        return "PORT must be a number from 1 to 65535, not '" + text + "'. For example: make PORT=8600 demo"
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(text)))
    except OSError as error:
        reason = str(error.strerror or error).lower()
        return (
            "Port " + text + " cannot be served on (" + reason + "). Perhaps Surfaced runs there already:"
            " http://localhost:" + text + "  Another port: make PORT=" + str(int(text) % 65535 + 1) + " demo"
        )
    finally:
        probe.close()
    return None


if __name__ == "__main__":
    sys.exit(problem(sys.argv[1]))
