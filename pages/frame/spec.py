"""What a page says about itself, and all pages there are: a folder of pages/ with an `about.py` is a page.

`about.py` holds `PAGE`, a `PageSpec`; it imports nothing but this module, so that reading all of them costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Final

LENGTH: Final = 200


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of the address.

    of_workspace  its value means something in one workspace only: it is forgotten when another one is chosen
    reset_by      further keys whose change takes its meaning away
    max_length    characters; a longer value in an address is left out
    """

    name: str
    of_workspace: bool = False
    reset_by: tuple[str, ...] = ()
    max_length: int = LENGTH


@dataclass(frozen=True, kw_only=True)
class PageSpec:
    """One page.

    path        of its address after the host; "" is the first page
    title       its name in the menu
    order       its place in the menu: smaller numbers stand first
    invitation  what the first page says of it where it leads there; "" where it does not
    keys        of the address that only this page reads
    """

    path: str
    title: str
    order: int
    invitation: str = ""
    keys: tuple[Key, ...] = ()


SHARED: Final = (
    Key(name="workspace"),
    Key(name="model"),
    Key(name="user", of_workspace=True),
    Key(name="item", of_workspace=True),
    Key(name="k"),
    Key(name="who"),
    Key(name="history", of_workspace=True, max_length=2000),
    Key(name="moment", of_workspace=True),
)


@cache
def folders() -> dict[str, PageSpec]:
    """Folder of pages/ → its page, in the order of the menu. ValueError names two pages that claim the same."""
    named = sorted(folder.name for folder in files("pages").iterdir() if folder.joinpath("about.py").is_file())
    specs = {name: _page(name) for name in named}
    _no_two_alike(specs)
    return dict(sorted(specs.items(), key=lambda entry: entry[1].order))


def pages() -> tuple[PageSpec, ...]:
    """All pages in the order of the menu."""
    return tuple(folders().values())


def every_key() -> tuple[Key, ...]:
    """All keys of an address: those that pages share, then each page's own."""
    return (*SHARED, *(key for page in pages() for key in page.keys))


def script(path: str) -> str:
    """The file of a page, by the path of its address."""
    return f"pages/{next(folder for folder, page in folders().items() if page.path == path)}/page.py"


def _page(folder: str) -> PageSpec:
    page = getattr(import_module(f"pages.{folder}.about"), "PAGE", None)
    if not isinstance(page, PageSpec):
        raise ValueError(f"pages/{folder}/about.py says nothing of its page: it should hold PAGE, a PageSpec.")
    return page


def _no_two_alike(specs: dict[str, PageSpec]) -> None:
    claims: dict[tuple[str, str | int], str] = {("key", key.name): "pages/frame/spec.py" for key in SHARED}
    for folder, page in specs.items():
        own: list[tuple[str, str | int]] = [("path", page.path), ("order", page.order)]
        own += [("key", key.name) for key in page.keys]
        for claim in own:
            if claim in claims:
                kind, value = claim
                raise ValueError(
                    f"pages/{folder}/about.py has the {kind} {value!r}, which is taken by "
                    f"{claims[claim]}: choose another."
                )
            claims[claim] = f"pages/{folder}/about.py"
