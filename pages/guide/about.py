"""The page that explains the words: its address, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import PageSpec

PAGE: Final = PageSpec(
    path="guide",
    title="Guide",
    order=110,
    invitation="Guide: what the words mean, and where to begin",
)
