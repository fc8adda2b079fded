"""Where each page stands, by its address."""

from __future__ import annotations

from typing import Final

FOLDERS: Final = {
    "": "home",
    "overview": "home",
    "recommendations": "person",
    "fairness": "exposure",
    "blind": "blind_test",
}


def script(path: str) -> str:
    """The file of a page, by its address."""
    return f"pages/{FOLDERS.get(path, path)}/page.py"
