"""The page of the models: its address with its key, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import Key, PageSpec

PAGE: Final = PageSpec(
    path="models",
    title="Models",
    order=100,
    invitation="Models: accuracy, cost, and fitting another one",
    keys=(Key(name="split"), Key(name="cohort")),
)
