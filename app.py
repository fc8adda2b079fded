"""Start of the app. Which pages there are, and what each run of one begins and ends with, stands in pages/_frame.py."""

from pages import _frame

_frame.main()
