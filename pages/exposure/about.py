"""The page of exposure and fairness: its address with its keys, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import Key, PageSpec

PAGE: Final = PageSpec(
    path="fairness",
    title="Fairness",
    order=70,
    invitation="Fairness: who gets exposure, for whom lists are good",
    keys=(
        Key(name="side"),
        Key(name="by", of_workspace=True, reset_by=("side",)),
        Key(name="cells", of_workspace=True),
        Key(name="people", of_workspace=True, reset_by=("cells",)),
        Key(name="items", of_workspace=True, reset_by=("by",)),
        Key(name="trend"),
        Key(name="gap", of_workspace=True, reset_by=("side", "by")),
        Key(name="through", of_workspace=True, reset_by=("side", "by", "cells")),
        Key(name="rule"),
        Key(name="guarded", of_workspace=True, reset_by=("side", "by")),
        Key(name="strength", reset_by=("rule",)),
        Key(name="priced", of_workspace=True),
    ),
)
