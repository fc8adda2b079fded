"""The first page: what it is called, and where it stands in the menu."""

from typing import Final

from pages.frame.spec import PageSpec

PAGE: Final = PageSpec(path="", title="Overview", order=10)
