"""Every name of a workspace is hostile: no widget of any page reads it as markup, and a page that does is found.

Column names, groups, event types, titles, people, topics, creators and the card hold what Streamlit's labels make
images, links, icons, colours, formulas and HTML of. The protos that go to the browser are read, in the fields that the
browser reads as markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.models.path import PathModel
from core.models.popularity import Popularity
from explain.workbench.workbench import Workbench
from tests.app.conftest import open_page

PICTURE, FORMULA, ICON, COLOUR = "![x](http://evil.example/x.png)", "$x^2$", ":material/delete:", ":red[hot]"
HTML, LINK, CODE = "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "`c` </script>"
NAMES = (PICTURE, FORMULA, ICON, COLOUR, HTML, LINK, CODE)
# What markup looks like once it is not escaped: these must stand nowhere in what a browser reads as markdown.
LIVE = re.compile(r"(?<!\\)!\[x\]|(?<!\\)\[a\]\(|(?<!\\)\$x|:material/delete:|:red\[hot|(?<!\\)<img|(?<!\\)`c`")
LABELS = {
    "label",
    "body",
    "help",
    "text",
    "caption",
    "captions",
    "placeholder",
    "content",
    "title",
    "element_label",
    "tooltip",
}
OPTIONS_READ = {"button_group"}  # pills and segmented controls read markup in their options; select boxes do not
PLOTLY_HTML = re.compile(r"<(?:img|a|script|svg|iframe)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, home = tmp_path_factory.mktemp("in"), tmp_path_factory.mktemp("home")
    n_users, n_items = 24, 14
    users = [f"{NAMES[n % 7]}u{n}" for n in range(n_users)]
    items = [f"{NAMES[n % 7]}i{n}" for n in range(n_items)]
    rows = [
        (users[u], items[(u + step) % n_items], NAMES[step % 3], 1_700_000_000 + 60 * (20 * u + step))
        for u in range(n_users)
        for step in range(6)
    ]
    pd.DataFrame(rows, columns=["user", "item", "event", "time"]).to_csv(folder / "events.csv", index=False)
    of_users: dict[str, Any] = {"user": users, "label": [f"{n} {u}" for n, u in zip(NAMES * 4, users, strict=False)]}
    of_users |= {PICTURE: [NAMES[n % 2] for n in range(n_users)], FORMULA: [NAMES[n % 2 + 2] for n in range(n_users)]}
    pd.DataFrame(of_users).to_csv(folder / "users.csv", index=False)
    of_items: dict[str, Any] = {"item": items, "label": [f"{n} {i}" for n, i in zip(NAMES * 2, items, strict=False)]}
    of_items |= {COLOUR: [NAMES[n % 2] for n in range(n_items)], LINK: [NAMES[n % 3 + 2] for n in range(n_items)]}
    pd.DataFrame(of_items).to_csv(folder / "items.csv", index=False)
    for kind in ("topic", "creator"):
        pd.DataFrame({"item": items, kind: [NAMES[n % 4] for n in range(n_items)]}).to_csv(
            folder / f"{kind}s.csv", index=False
        )
    card = {
        "title": PICTURE,
        "summary": " ".join(NAMES),
        "licence": LINK,
        "citation": COLOUR,
        "item_noun": ICON,
        "person_noun": FORMULA,
        "event_verbs": dict.fromkeys(NAMES[:3], COLOUR),
        "kind_titles": {"topic": LINK, "creator": PICTURE},
        "attribute_notes": {PICTURE: HTML},
    }
    (folder / "card.json").write_text(json.dumps(card))
    bench = Workbench(home)
    bench.data.prepare("hostile", folder=folder, show_people=True)
    for model in (PathModel.spec.name, Popularity.spec.name):
        bench.models.fit("hostile", model)
    return home


@pytest.fixture
def bench(hostile_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    monkeypatch.setenv("SURFACED_HOME", str(hostile_home))
    return Workbench(hostile_home)


def read_as_markup(message: Any, kind: str) -> Iterator[str]:
    """Texts of an element's proto that the browser reads as markdown."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for one in values:
            if hasattr(one, "ListFields"):
                yield from read_as_markup(one, kind)
            elif isinstance(one, str) and (field.name in LABELS or (field.name == "options" and kind in OPTIONS_READ)):
                yield one


def live(app: AppTest) -> list[str]:
    """What of this page a browser would make something of."""
    markup = []
    for node in app._tree:
        proto = getattr(node, "proto", None)
        if proto is None:
            continue
        kind = str(getattr(node, "type", ""))
        if kind in ("code", "html", "iframe"):
            continue  # code is shown letter by letter; html is escaped, which test_pages_stand looks at
        if kind == "plotly_chart":
            if PLOTLY_HTML.search(str(getattr(proto, "spec", ""))):
                markup.append(f"{kind}: HTML in a chart")
            continue
        markup += [f"{kind}: {text[:160]}" for text in read_as_markup(proto, kind) if LIVE.search(text)]
    return markup


PAGES = {
    "overview": {},
    "recommendations": {},
    "recommendations?": {"who": "titles"},
    "why": {},
    "whatif": {"remove": "first"},
    "item": {},
    "faithfulness": {},
    "fairness": {},
    "fairness?": {"side": "user"},
    "audit": {"view": "new"},
    "models": {},
    "guide": {},
    "blind": {},
}


@pytest.mark.parametrize("page", PAGES)
def test_no_widget_reads_a_name_as_markup(bench: Workbench, page: str) -> None:
    user = bench.data.find_users("hostile", "", limit=1)[0].id
    item = bench.explain.recommend("hostile", "path", user=user, k=1).items[0].item
    query = {"workspace": "hostile", "model": "path", "user": user, "item": item} | PAGES[page]
    if query.get("remove") == "first":
        query["remove"] = bench.data.person("hostile", user).history[0].item
    app = open_page(page.rstrip("?"), **query)
    assert len(app.exception) == 0, [e.value for e in app.exception]
    assert live(app) == []


@pytest.mark.parametrize("page", ["why", "item"])
def test_titles_of_html_stay_text(bench: Workbench, page: str) -> None:
    user = bench.data.find_users("hostile", "", limit=1)[0].id
    item = bench.explain.recommend("hostile", "path", user=user, k=1).items[0].item
    app = open_page(page, workspace="hostile", model="path", user=user, item=item)
    for element in app.get("html"):
        assert "<img src" not in element.proto.body


def planted() -> None:
    import streamlit as st

    st.pills("Columns", ["![x](http://evil.example/x.png)"])
    st.button(":red[hot] button")
    st.markdown("**[a](javascript:alert(1))**")
    st.caption("safe \\![x] and \\$x^2$")


def test_a_widget_that_does_not_escape_is_found() -> None:
    markup = live(AppTest.from_function(planted).run())
    assert len(markup) == 3, markup
