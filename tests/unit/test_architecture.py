"""The rules of the layout, read from the source: who may import whom, and what stands nowhere.

`violations` parses every module below a root with ast and lists what breaks a rule; the repository must break none, and
on small planted trees each rule must find its violation.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("core", "data", "explain")  # lowest first; each may use itself and what stands before it
SCREENS = ("app", "cli", "pages", "commands")
ROOMS = {
    "format": 1,
    "results": 1,
    "groups": 1,
    "storage": 2,
    "explanation": 2,
    "counterfactual": 2,
    "fairness": 2,
    "workspace": 3,
    "faithfulness": 4,
    "blind_test": 4,
    "charts": 5,
    "export": 6,
    "records": 7,
    "workbench": 8,
}  # the rooms of explain/ and their floors: a room uses rooms of lower floors alone
DOORS = {
    "app": ("pages",),
    "cli": ("commands", "core.errors"),
    "pages": (
        "pages",
        "core.errors",
        "core.texts",
        "explain.workbench",
        "explain.results",
        "explain.format",
        "explain.charts",
    ),
    "commands": (
        "commands",
        "core.errors",
        "core.files",
        "core.progress",
        "core.texts",
        "explain.workbench",
        "explain.results",
        "explain.format",
    ),
}  # all that a screen may use
ALLOWED_OUTSIDERS = {
    "streamlit": ("app", "pages"),
    "torch": ("core", "explain"),
    "torch_geometric": ("core", "explain"),
}
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"torch.load", "torch.save", "pd.read_pickle", "pandas.read_pickle"}
MACHINE_PATHS = tuple(
    "/".join(parts) for parts in (("..", "shared"), ("", "tmp", ""), ("", "work", ""), ("", "opt", ""))
)
MAX_LINES = 400


@dataclass(frozen=True)
class Module:
    """One parsed file. `imports`: (dotted target, line, seen only by type checkers), own targets
    resolved to modules.
    """

    name: str
    path: Path
    tree: ast.Module
    imports: tuple[tuple[str, int, bool], ...]

    @property
    def top(self) -> str:
        return self.name.split(".")[0]


def read_modules(root: Path) -> dict[str, Module]:
    """Every module of the product below `root`, by dotted name."""
    files = [root / f"{name}.py" for name in SCREENS]
    files += [file for top in (*LAYERS, "pages", "commands") for file in (root / top).rglob("*.py")]
    paths = {dotted(file.relative_to(root)): file for file in sorted(files) if file.is_file()}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in paths.items()}
    return {
        name: Module(name, paths[name], tree, tuple(imported(name, paths[name], tree, trees)))
        for name, tree in trees.items()
    }


def dotted(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(name: str, path: Path, tree: ast.Module, known: Mapping[str, object]) -> Iterator[tuple[str, int, bool]]:
    """Targets of import statements, and of import_module("…") with a literal name, anywhere in the file."""
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            full = [f"{base}.{alias.name}" for alias in node.names]
            targets = [target if target in known or not node.module else base for target in full]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            targets = [a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        for target in targets:
            yield target, getattr(node, "lineno", 0), id(node) in typing_only


def violations(root: Path) -> list[str]:
    """Every breach below `root`, one readable line each."""
    modules = read_modules(root)
    messages: list[str] = []
    for module in modules.values():
        messages += wrong_imports(module)
        messages += unsafe_storage(module)
        n_lines = len(module.path.read_text(encoding="utf-8").splitlines())
        if n_lines > MAX_LINES:
            messages.append(f"{module.name}: {n_lines} lines, more than {MAX_LINES}")
        if module.path.name == "__init__.py" and any(not is_text(node) for node in module.tree.body):
            messages.append(f"{module.name}: __init__.py holds logic")
    messages += [*misplaced(modules), *lists_of_models(modules)]
    return [*messages, *cycles(modules), *machine_paths(root)]


def wrong_imports(module: Module) -> Iterator[str]:
    for target, line, _ in module.imports:
        top = target.split(".")[0]
        where = f"{module.name}:{line} imports {target}"
        if top in ALLOWED_OUTSIDERS and module.top not in ALLOWED_OUTSIDERS[top]:
            yield f"{where}: {top} belongs to {' and '.join(ALLOWED_OUTSIDERS[top])}"
        elif top not in (*LAYERS, *SCREENS):
            continue
        elif module.top in SCREENS:
            if not any(target == door or target.startswith(f"{door}.") for door in DOORS[module.top]):
                yield f"{where}: below the door" if top in LAYERS else f"{where}: wrong direction"
        elif top not in LAYERS[: LAYERS.index(module.top) + 1]:
            yield f"{where}: wrong direction"
        elif module.top == top == "explain":
            yield from wrong_floor(module.name, target, where)


def wrong_floor(module: str, target: str, where: str) -> Iterator[str]:
    """Within explain/: from a room to one of a lower floor, or within a room."""
    room, other = (name.split(".")[1] if "." in name else "" for name in (module, target))
    if room != other and room in ROOMS and ROOMS.get(other, 99) >= ROOMS[room]:
        yield f"{where}: {room} (floor {ROOMS[room]}) uses {other or 'the top'} (floor {ROOMS.get(other, '?')})"


def misplaced(modules: Mapping[str, Module]) -> Iterator[str]:
    """At the top of explain/ stand only its rooms, at the top of pages/ only folders (Streamlit takes scripts for a
    menu).
    """
    for module in modules.values():
        parts = module.name.split(".")
        if parts[0] == "explain" and len(parts) > 1 and (parts[1] not in ROOMS or parts[1:] == [module.path.stem]):
            yield f"{module.name}: stands in no room of explain/"
        if parts[0] == "pages" and len(parts) == 2 and module.path.name != "__init__.py":
            yield f"{module.name}: stands in no folder of pages/"


def model_names(modules: Mapping[str, Module]) -> set[str]:
    """The names under which the files of core/models register models."""
    calls = (
        node
        for module in modules.values()
        if module.name.startswith("core.models.")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ModelSpec"
    )
    given = (word.value for call in calls for word in call.keywords if word.arg == "name")
    return {str(value.value) for value in given if isinstance(value, ast.Constant)}


def lists_of_models(modules: Mapping[str, Module]) -> Iterator[str]:
    """Collections that name two models or more, anywhere but in the models' own files."""
    names = model_names(modules)
    for module in modules.values():
        if module.name.startswith("core.models."):
            continue
        for node in ast.walk(module.tree):
            elements = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else ()
            elements = [key for key in node.keys if key] if isinstance(node, ast.Dict) else elements
            named = {e.value for e in elements if isinstance(e, ast.Constant) and e.value in names}
            if len(named) > 1:
                yield f"{module.name}:{node.lineno} lists models: {', '.join(sorted(named))}"


def unsafe_storage(module: Module) -> Iterator[str]:
    """Formats that run code when they are read."""
    for target, line, _ in module.imports:
        if target.split(".")[0] in UNSAFE_MODULES:
            yield f"{module.name}:{line} imports {target}: unsafe storage"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "torch":
            names = {f"torch.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute):
            names = {ast.unparse(node), f"pd.{node.attr}" if node.attr == "read_pickle" else ""}
        else:
            continue
        if names & UNSAFE_CALLS or (isinstance(node, ast.Attribute) and node.attr == "to_pickle"):
            yield f"{module.name}:{node.lineno} uses {ast.unparse(node)}: unsafe storage"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            yield f"{module.name}:{node.value.lineno} allows pickle: unsafe storage"


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def cycles(modules: Mapping[str, Module]) -> Iterator[str]:
    """Import cycles among our modules; imports that only type checkers see do not count."""
    graph: nx.DiGraph = nx.DiGraph()
    for module in modules.values():
        graph.add_edges_from(
            (module.name, t) for t, _, typing_only in module.imports if t in modules and not typing_only
        )
    for group in nx.strongly_connected_components(graph):
        if len(group) > 1 or any(graph.has_edge(name, name) for name in group):
            yield f"import cycle: {' ⇄ '.join(sorted(group))}"


def machine_paths(root: Path) -> Iterator[str]:
    """Mentions of folders that only the machine of one developer has."""
    texts = [root / "Makefile", root / ".ci" / "run", *root.glob("*.md"), *root.glob("*.t[ox]*"), *root.glob("*.py")]
    folders = (*LAYERS, "pages", "commands", "tests", "benchmarks", "scripts", ".streamlit")
    texts += [
        f for top in folders for f in (root / top).rglob("*") if f.suffix in {".py", ".md", ".toml", ".js", ".css"}
    ]
    for file in texts:
        if not file.is_file():
            continue
        for line_number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            for mention in MACHINE_PATHS:
                if mention in line and len(line) < 1000:
                    yield f"{file.relative_to(root)}:{line_number} names {mention}"


def plant(root: Path, files: Mapping[str, str]) -> Path:
    """A tree of the given files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_the_repository_keeps_every_rule() -> None:
    assert {"core.errors", "core.graph", "data.tables", "explain.results.explanation"} <= set(read_modules(ROOT))
    assert violations(ROOT) == []


def test_the_shell_starts_without_what_only_some_commands_need() -> None:
    """A second `make demo` and every small command wait for imports above all: these are imported
    where they are used.
    """
    heavy = (
        "('torch', 'torch_geometric', 'captum', 'scipy.stats', 'pandera', 'networkx', 'plotly', 'pyvis', "
        "'jinja2', 'streamlit')"
    )
    code = f"import sys, cli; print(*sorted(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    light = "import sys, commands.demo_stamp; print(*sorted({'numpy', 'pandas', 'typer'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", light], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


KEPT = {
    "app.py": "import streamlit\nfrom pages.frame import navigation\n",
    "cli.py": "from commands import why\nfrom core.errors import SurfacedError\n",
    "pages/__init__.py": '"""Screens."""\n',
    "pages/frame/widgets.py": "import streamlit as st\n",
    "pages/why/page.py": "from explain.charts.flow_svg import draw\nfrom pages.frame import widgets\n",
    "commands/why.py": "from explain.workbench.workbench import Workbench\n",
    "explain/__init__.py": "",
    "explain/workbench/workbench.py": "import core.graph\nfrom data import tables\nfrom explain.results import lists\n",
    "explain/workbench/tasks.py": "from . import workbench\n",
    "explain/results/lists.py": "",
    "explain/charts/flow_svg.py": "draw = None\n",
    "data/tables.py": "from core import graph\n",
    "core/graph.py": "import torch\nfrom numpy import load\nblob = load('x.npz', allow_pickle=False)\n",
    "core/models/two.py": "ModelSpec(name='one')\nModelSpec(name='two')\nboth = ('one', 'two')\n",
}


def test_a_tree_that_keeps_the_rules_has_no_violation(tmp_path: Path) -> None:
    assert violations(plant(tmp_path, KEPT)) == []


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("core/graph.py", "from data import tables\n", "wrong direction"),
        ("core/graph.py", "def late():\n    import explain.results\n", "wrong direction"),
        ("core/models/knn.py", "from ...explain import results\n", "wrong direction"),
        ("core/models/knn.py", "import importlib\nimportlib.import_module('data.tables')\n", "wrong direction"),
        ("data/tables.py", "from explain.results.lists import Person\n", "wrong direction"),
        ("explain/results/lists.py", "import pages.why\n", "wrong direction"),
        ("explain/results/lists.py", "import cli\n", "wrong direction"),
        ("explain/results/lists.py", "import commands.why\n", "wrong direction"),
        ("pages/why/page.py", "import app\n", "wrong direction"),
        ("pages/why/page.py", "from commands import why\n", "wrong direction"),
        ("commands/why.py", "from pages.why import page\n", "wrong direction"),
        ("cli.py", "from pages import why\n", "wrong direction"),
        ("cli.py", "from explain.workbench.workbench import Workbench\n", "below the door"),
        ("explain/results/lists.py", "import streamlit as st\n", "streamlit belongs to"),
        ("commands/why.py", "import streamlit\n", "streamlit belongs to"),
        ("pages/why/page.py", "import torch\n", "torch belongs to"),
        ("data/tables.py", "from torch_geometric.data import HeteroData\n", "torch_geometric belongs to"),
        ("pages/why/page.py", "from core import graph\n", "below the door"),
        ("pages/why/page.py", "from explain.fairness.audit import audit\n", "below the door"),
        ("pages/why/page.py", "from explain.workspace import workspace\n", "below the door"),
        ("commands/why.py", "from explain.records.log import DecisionLog\n", "below the door"),
        ("app.py", "from data.tables import Tables\n", "below the door"),
        ("explain/storage/store.py", "from explain.workspace import workspace\n", "storage (floor 2) uses workspace"),
        ("explain/storage/store.py", "from explain.fairness import plan\n", "storage (floor 2) uses fairness"),
        (
            "explain/format/text.py",
            "def late():\n    from explain.results import lists\n",
            "format (floor 1) uses results",
        ),
        ("explain/charts/bars.py", "from explain.workbench import tasks\n", "charts (floor 5) uses workbench"),
        ("explain/attic.py", "x = 1\n", "in no room"),
        ("explain/cellar/old.py", "x = 1\n", "in no room"),
        ("pages/why.py", "x = 1\n", "in no folder"),
        ("explain/charts/bars.py", "ORDER = ['two', 'one']\n", "lists models: one, two"),
        ("pages/why/page.py", "WORDS = {'one': 'first', 'two': 'second'}\n", "lists models: one, two"),
        ("core/graph.py", "import pickle\n", "unsafe storage"),
        ("core/graph.py", "from joblib import dump\n", "unsafe storage"),
        ("core/graph.py", "import torch\ntorch.load('m.pt', weights_only=True)\n", "unsafe storage"),
        ("core/graph.py", "from torch import load\n", "unsafe storage"),
        ("data/tables.py", "import pandas\npandas.read_pickle('x')\n", "unsafe storage"),
        ("data/tables.py", "frame = None\nframe.to_pickle('x')\n", "unsafe storage"),
        ("core/graph.py", "import numpy as np\nnp.load('x.npy', allow_pickle=True)\n", "unsafe storage"),
        ("core/__init__.py", "from core.graph import Graph\n", "holds logic"),
        ("core/graph.py", "x = 1\n" * 401, "401 lines"),
        ("core/graph.py", f"source = '{MACHINE_PATHS[0]}/data'\n", "names"),
        ("Makefile", f"cache:\n\tmkdir {MACHINE_PATHS[1]}cache\n", "names"),
    ],
)
def test_each_rule_finds_its_planted_violation(tmp_path: Path, file: str, text: str, expected: str) -> None:
    models = {"core/models/two.py": KEPT["core/models/two.py"]}
    messages = violations(plant(tmp_path, models | {file: text}))
    assert len(messages) == 1
    assert expected in messages[0]


def test_a_cycle_is_found_through_a_late_import_but_not_through_a_type_annotation(tmp_path: Path) -> None:
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import core.b\n"
    assert violations(plant(tmp_path, {"core/a.py": typed, "core/b.py": "import core.a\n"})) == []
    late = "def f():\n    from core import b\n"
    assert violations(plant(tmp_path, {"core/a.py": late})) == ["import cycle: core.a ⇄ core.b"]
