"""Workspaces are found by name and by nothing else."""

from __future__ import annotations

import pytest

from core.errors import OptionError
from core.progress import no_progress, portion
from data.datasets.base import all_datasets, get_dataset


def test_modules_of_the_package_are_found_without_being_listed() -> None:
    names = [known.name for known in all_datasets()]
    assert names == ["newsroom", "complete-journey", "movielens-100k"]
    assert [known.order for known in all_datasets()] == sorted(known.order for known in all_datasets())


def test_a_data_set_says_how_to_get_it_and_what_it_may_be_used_for() -> None:
    for known in all_datasets():
        assert get_dataset(known.name) is known
        assert known.command.startswith("make ")
        assert known.title
        assert known.summary
        assert known.licence


@pytest.mark.parametrize(
    "name", ["../../etc", "", "movielens", "MOVIELENS-100K", "registry", "\x00", "x" * 10_000, "<b>"]
)
def test_any_other_text_is_refused_with_the_valid_names(name: str) -> None:
    with pytest.raises(OptionError, match=r"Pick one of: .*complete-journey.*movielens-100k") as caught:
        get_dataset(name)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_close_name_is_suggested() -> None:
    with pytest.raises(OptionError, match="Did you mean 'movielens-100k'"):
        get_dataset("movielens-100")


def test_portion_maps_a_step_into_the_whole_job() -> None:
    reports: list[tuple[float, str]] = []
    step = portion(lambda fraction, doing: reports.append((fraction, doing)), 0.5, 0.75)
    for fraction in (0.0, 0.5, 1.0, 7.0):
        step(fraction, "reading")
    assert reports == [(0.5, "reading"), (0.625, "reading"), (0.75, "reading"), (0.75, "reading")]
    no_progress(0.5, "nothing is told to nobody")
