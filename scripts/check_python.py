"""Whether this interpreter can make .venv: a version that the pins exist for, and the modules venv and ensurepip.

Written so that every Python since 2.7 can read it: an unfit one must get a sentence, not a SyntaxError.
"""

import sys

OLDEST, NEWEST = (3, 11), (3, 14)


def problem():
    """The sentence that says what is unfit, or None."""
    version = ".".join(str(n) for n in sys.version_info[:3])
    if not OLDEST <= tuple(sys.version_info[:2]) <= NEWEST:
        return (
            "Python " + version + " (" + sys.executable + ") does not fit: the pinned packages exist for Python 3.11 to"
            " 3.14. Choose another one, for example: make PYTHON=python3.12 demo"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = "python" + ".".join(str(n) for n in sys.version_info[:2]) + "-venv"
        return (
            "Python " + version + " (" + sys.executable + ") lacks the module venv or ensurepip. On Debian and Ubuntu"
            " `apt install " + package + "` adds it; or choose another Python: make PYTHON=python3.12 demo"
        )
    return None


if __name__ == "__main__":
    sys.exit(problem())
