"""Measurements of the bars that this project sets itself; `python -m benchmarks` runs them, nothing imports them."""
