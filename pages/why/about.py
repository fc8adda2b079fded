"""The page that explains one item: its address with its keys, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import Key, PageSpec

PERSON: Final = ("user", "history", "who")

PAGE: Final = PageSpec(
    path="why",
    title="Why this",
    order=30,
    keys=(
        Key(name="against", of_workspace=True),
        Key(name="other"),
        Key(name="show"),
        Key(name="at", of_workspace=True, reset_by=("model", "item", "moment", *PERSON), max_length=600),
        Key(name="test", of_workspace=True, reset_by=PERSON),
        Key(name="unit"),
        Key(name="before"),
        Key(name="guard"),
    ),
)
