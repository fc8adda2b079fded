"""The page of an edited history: its address with its keys, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import Key, PageSpec

PAGE: Final = PageSpec(
    path="whatif",
    title="What if",
    order=40,
    invitation="What if: take something out of a history, and watch the list",
    keys=(
        Key(name="remove", of_workspace=True, max_length=4000),
        Key(name="add", of_workspace=True, max_length=2000),
        Key(name="weights", of_workspace=True),
        Key(name="half"),
        Key(name="kind"),
        Key(name="may_return"),
    ),
)
