"""The page of one person's list: its address, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import PageSpec

PAGE: Final = PageSpec(
    path="recommendations",
    title="Recommendations",
    order=20,
    invitation="Recommendations: pick a person, or five titles of your own",
)
