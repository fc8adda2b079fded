"""The page that puts explanations to the test: its address, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import PageSpec

PAGE: Final = PageSpec(
    path="faithfulness",
    title="Faithfulness",
    order=60,
    invitation="Faithfulness: what happens when reasons are taken away",
)
