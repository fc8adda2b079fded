"""Reads the two forms in which MovieLens-100K is passed on into one content, and checks that it is the right one.

Original: u.data, u.item, u.user in a folder or zip (Latin-1 or UTF-8; copies differ in nine accented titles, which are
therefore set here). RecBole: ml-100k.inter, .item, .user inside a wheel. Where the files come from is left to
movielens.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from core.errors import SourceError, shown

ORIGINAL = ("u.data", "u.item", "u.user")
RECBOLE = tuple(f"recbole/dataset_example/ml-100k/ml-100k.{end}" for end in ("inter", "item", "user"))
GENRES = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
TITLES = {
    "267": "Unknown film",
    "543": "Misérables, Les",
    "1005": "Double vie de Véronique, La (Double Life of Veronique, The)",
    "1104": "C'est arrivé près de chez vous",
    "1233": "Nénette et Boni",
    "1252": "Contempt (Mépris, Le)",
    "1322": "Metisse (Café au Lait)",
    "1366": "JLG/JLG - autoportrait de décembre",
    "1623": "Cérémonie, La",
    "1633": "Á köldum klaka (Cold Fever)",
}
_ARTICLE = re.compile(r"^(?P<rest>.+), (?P<article>The|An?|L[ae]s?|L'|Los|Il|El|O|Une?|Der|Die|Das|Det)$")
_YEAR = re.compile(r"^(?P<name>.*?)\s*\((?P<year>\d{4})\)(?:\s*\(V\))?$")


class WrongContentError(SourceError):
    """Files that are called MovieLens-100K but hold something else: no other place is tried then."""


@dataclass(frozen=True, eq=False)
class Content:
    """What every copy holds.

    ratings  user, item (str), rating (float), time (seconds UTC), in u.data's order
    users    user, age (float), gender, occupation
    films    item, title ("The Shawshank Redemption (1994)"), year (float, NaN unknown), genres (list, may be empty)
    """

    ratings: pd.DataFrame
    users: pd.DataFrame
    films: pd.DataFrame


def holds_original(place: Path) -> bool:
    """Whether a folder or zip has the three original files."""
    if place.is_dir():
        return all((place / name).is_file() for name in ORIGINAL)
    if not (place.is_file() and zipfile.is_zipfile(place)):
        return False
    with zipfile.ZipFile(place) as archive:
        return set(ORIGINAL) <= {PurePosixPath(name).name for name in archive.namelist()}


def read_original(place: Path, digests: Mapping[str, str]) -> Content:
    """The content of u.data, u.item and u.user. Raises WrongContentError if a digest is another."""
    data, item, user = (_member(place, name) for name in ORIGINAL)
    ratings = [line.split("\t") for line in data.splitlines()]
    users = [line.split("|") for line in user.splitlines()]
    films = [line.split("|") for line in item.splitlines()]
    try:
        content = Content(
            _ratings(ratings),
            _users([row[:4] for row in users]),
            _films([(row[0], row[1], _flagged(row[5:])) for row in films]),
        )
    except (ValueError, IndexError) as error:
        raise WrongContentError(f"{place} is not MovieLens-100K: its files have another form ({error}).") from error
    return _checked(content, place, digests)


def read_recbole(wheel: Path, digests: Mapping[str, str]) -> Content:
    """The content of the example data inside the RecBole wheel. Raises WrongContentError if a digest is another."""
    inter, item, user = ([line.split("\t") for line in _member(wheel, name).splitlines()[1:]] for name in RECBOLE)
    films = [
        (row[0], row[1] if row[1].endswith(")") and row[2] == "V" else f"{row[1]} ({row[2]})", row[3].split(" "))
        for row in item
    ]
    return _checked(Content(_ratings(inter), _users([row[:4] for row in user]), _films(films)), wheel, digests)


def content_digests(content: Content) -> dict[str, str]:
    """SHA-256 of each table as text: the same for every copy of the same data."""
    films = content.films.assign(genres=["|".join(genres) for genres in content.films["genres"]])
    tables = {"ratings": content.ratings, "users": content.users, "films": films}
    return {name: hashlib.sha256(_as_text(table)).hexdigest() for name, table in tables.items()}


def readable_title(raw: str) -> str:
    """'Horseman on the Roof, The (Hussard sur le toit, Le)' → 'The Horseman on the Roof (Le Hussard sur le toit)'."""
    return "".join(
        f" ({_article_first(piece[1:-1])})" if piece.startswith("(") else _article_first(piece.strip())
        for piece in re.findall(r"\([^()]*\)|[^()]+", raw)
        if piece.strip()
    )


def _article_first(name: str) -> str:
    match = _ARTICLE.match(name)
    if not match:
        return name
    article = match["article"]
    return f"{article}{'' if article.endswith(chr(39)) else ' '}{match['rest']}"


def _ratings(rows: list[list[str]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True))
    return pd.DataFrame(
        {
            "user": pd.array(columns[0], dtype="str"),
            "item": pd.array(columns[1], dtype="str"),
            "rating": [float(text) for text in columns[2]],
            "time": pd.array([int(float(text)) for text in columns[3]], dtype="int64"),
        }
    )


def _users(rows: list[list[str]]) -> pd.DataFrame:
    users = pd.DataFrame(rows, columns=["user", "age", "gender", "occupation"])
    return users.assign(age=users["age"].astype(float))


def _films(rows: list[tuple[str, str, list[str]]]) -> pd.DataFrame:
    films = []
    for item, raw, genres in rows:
        match = _YEAR.match(raw.strip())
        name = readable_title(TITLES.get(item, match["name"] if match else raw.strip()))
        title = f"{name} ({match['year']})" if match else name
        known = [genre for genre in GENRES[1:] if genre in genres]
        films.append((item, title, float(match["year"]) if match else float("nan"), known))
    return pd.DataFrame(films, columns=["item", "title", "year", "genres"])


def _flagged(flags: list[str]) -> list[str]:
    return [genre for genre, flag in zip(GENRES, flags, strict=True) if flag == "1"]


def _member(place: Path, name: str) -> str:
    """One file as text, from a folder or from wherever it lies in a zip. Raises SourceError if it cannot be read."""
    try:
        if place.is_dir():
            raw = (place / name).read_bytes()
        else:
            with zipfile.ZipFile(place) as archive:
                inside = next((n for n in archive.namelist() if n == name or n.endswith("/" + name)), name)
                raw = archive.read(inside)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise SourceError(f"{shown(name)} cannot be read from {place} ({error}).") from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _checked(content: Content, place: Path, digests: Mapping[str, str]) -> Content:
    computed = content_digests(content)
    wrong = [name for name in digests if computed[name] != digests[name]]
    if wrong:
        raise WrongContentError(
            f"{place} is not the published MovieLens-100K: its {', '.join(wrong)} differ (checksum). "
            "Take the original ml-100k.zip; to bring data of your own, load its folder instead."
        )
    return content


def _as_text(table: pd.DataFrame) -> bytes:
    return "\n".join("\t".join(map(str, row)) for row in table.itertuples(index=False)).encode()
