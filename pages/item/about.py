"""The page of one item over all people: its address, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import PageSpec

PAGE: Final = PageSpec(path="item", title="Item", order=50, invitation="Item: who gets it, and through what")
