"""The flow picture on a page: draws what explain.charts.flow_network.path_network gives, returns what was picked.

vis-network is read from the installed pyvis, so that nothing is vendored and no other host is asked. It travels once a
session: its message never changes, and Streamlit sends a large unchanged message by its hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import streamlit as st

from explain.charts.vis_network import PathNetwork

_HERE = Path(__file__).with_suffix("")
_SCRIPTS = ("deferred.js", "labels.js", "geometry.js", "view.js")


def path_graph(
    data: PathNetwork, *, key: str, height: int = 520, on_pick: Callable[[], None] | None = None
) -> str | None:
    """Draw the picture and return the key of the picked node or bundle, or None.

    data    of explain.charts.flow_network.path_network; its `selected` is picked at first
    key     names the picture on its page; the same key keeps what is picked while the data changes
    height  pixels at least; a picture with more rows than fit in legibly grows
    on_pick called before the page runs again because of a pick; st.session_state[key]["selected"] holds it, unchecked
    Returns FlowNode.key or flow_layout.bundle_key, always one of the data's own: what a browser invents counts as None
    """
    with st.container(gap=None):
        _library()(key=f"{key}-library")
        picked = _picture()(
            key=key,
            data={**data, "height": height},
            default={"selected": data["selected"]},
            on_selected_change=on_pick or _rerun_only,
        ).get("selected")
    return picked if isinstance(picked, str) and picked in _keys(data) else None


def _rerun_only() -> None:
    """A pick makes the page run again; there is nothing else to do."""


def _keys(data: PathNetwork) -> set[str]:
    bundles = {f"{e['from']}→{e['to']}|{data['bundles'][int(e['id'][:-1])][0]}" for e in data["edges"]}
    return bundles | {n["id"] for n in data["nodes"]}


@cache
def _picture() -> Any:
    return st.components.v2.component(
        "surfaced_path_graph",
        html=_read("path_graph.html"),
        css=_read("path_graph.css"),
        js="\n".join(_read(name) for name in _SCRIPTS),
    )


@cache
def _library() -> Any:
    return st.components.v2.component(
        "surfaced_vis_network", js="\n".join((_read("deferred.js"), _vis_network(), _read("library.js")))
    )


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _vis_network() -> str:
    """The newest vis-network that pyvis brings, without the pointer to a source map that nobody serves."""
    folders = [f for f in files("pyvis").joinpath("lib").iterdir() if f.name.startswith("vis-")]
    newest = max(folders, key=lambda f: [int(n) for n in re.findall(r"\d+", f.name)])
    script = newest.joinpath("vis-network.min.js").read_text(encoding="utf-8")
    return re.sub(r"//# sourceMappingURL=\S+\s*$", "", script)
