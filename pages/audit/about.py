"""The page of whole audits: its address with its keys, its name, its place in the menu."""

from typing import Final

from pages.frame.spec import Key, PageSpec

PAGE: Final = PageSpec(
    path="audit",
    title="Audit",
    order=80,
    invitation="Audit: fix what counts as fair, measure, sign, export",
    keys=(Key(name="view"), Key(name="audit", of_workspace=True), Key(name="earlier", of_workspace=True)),
)
