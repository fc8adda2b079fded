"""The page of planted biases: its address, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import PageSpec

PAGE: Final = PageSpec(
    path="blind",
    title="Blind test",
    order=90,
    invitation="Blind test: would an audit find a bias that nobody told it of?",
)
