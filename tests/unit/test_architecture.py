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
SCREENS = ("app", "cli", "pages")
DOORS = (
    "explain.workbench.workbench",
    "explain.results.explanation",
    "explain.workbench.tasks",
    "explain.results.whatif",
    "commands.plain_text",
    "explain.charts.bars",
    "core.errors",
    "core.texts",
)  # all that a screen may use
DOOR_PREFIXES = (
    "explain.flow_",
    "explain.figures_",
    "explain.shell.",
)  # pictures, drawn from results alone; the commands of the shell, which go through the workbench themselves
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
    """One parsed file. `imports`: (dotted target, line, seen only by type checkers), own targets resolved to modules."""

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
    files += [file for top in (*LAYERS, "pages") for file in (root / top).rglob("*.py")]
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
    found: list[str] = []
    for module in modules.values():
        found += wrong_imports(module)
        found += unsafe_storage(module)
        n_lines = len(module.path.read_text(encoding="utf-8").splitlines())
        if n_lines > MAX_LINES:
            found.append(f"{module.name}: {n_lines} lines, more than {MAX_LINES}")
        if module.path.name == "__init__.py" and any(not is_text(node) for node in module.tree.body):
            found.append(f"{module.name}: __init__.py holds logic")
    return [*found, *cycles(modules), *machine_paths(root)]


def wrong_imports(module: Module) -> Iterator[str]:
    for target, line, _ in module.imports:
        top = target.split(".")[0]
        where = f"{module.name}:{line} imports {target}"
        if top in ALLOWED_OUTSIDERS and module.top not in ALLOWED_OUTSIDERS[top]:
            yield f"{where}: {top} belongs to {' and '.join(ALLOWED_OUTSIDERS[top])}"
        elif top not in (*LAYERS, *SCREENS):
            continue
        elif module.top in SCREENS:
            if top not in ("pages", *LAYERS) or (module.top == "cli" and top == "pages"):
                yield f"{where}: wrong direction"
            elif top in LAYERS and target not in DOORS and not target.startswith(DOOR_PREFIXES):
                yield f"{where}: a screen goes through explain.workbench"
        elif top not in LAYERS[: LAYERS.index(module.top) + 1]:
            yield f"{where}: wrong direction"


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
    folders = (*LAYERS, "pages", "tests", "benchmarks", "scripts", ".streamlit")
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
    """A second `make demo` and every small command wait for imports above all: these are imported where they are used."""
    heavy = "('torch', 'torch_geometric', 'captum', 'scipy.stats', 'pandera', 'networkx', 'plotly', 'pyvis', 'jinja2', 'streamlit')"
    code = f"import sys, cli; print(*sorted(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    light = "import sys, commands.demo_stamp; print(*sorted({'numpy', 'pandas', 'typer'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", light], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_tree_that_keeps_the_rules_has_no_violation(tmp_path: Path) -> None:
    tree = {
        "app.py": "import streamlit\nfrom pages import why\nfrom explain import workbench\n",
        "cli.py": "from core.errors import SurfacedError\nfrom explain import figures, types\n",
        "pages/__init__.py": '"""Screens."""\n',
        "pages/why/page.py": "from explain.charts.flow_svg import draw\nfrom pages import parts\n",
        "pages/parts.py": "import streamlit as st\n",
        "explain/workbench/workbench.py": "import core.graph\nfrom data import tables\nfrom . import types\n",
        "explain/results/explanation.py": "",
        "explain/charts/bars.py": "",
        "explain/charts/flow_svg.py": "draw = None\n",
        "data/tables.py": "from core import graph\n",
        "core/graph.py": "import torch\nfrom numpy import load\nblob = load('x.npz', allow_pickle=False)\n",
    }
    assert violations(plant(tmp_path, tree)) == []


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("core/graph.py", "from data import tables\n", "wrong direction"),
        ("core/graph.py", "def late():\n    import explain.results.explanation\n", "wrong direction"),
        ("core/models/knn.py", "from ...explain import types\n", "wrong direction"),
        ("core/models/knn.py", "import importlib\nimportlib.import_module('data.tables')\n", "wrong direction"),
        ("data/tables.py", "from explain.results.explanation import Part\n", "wrong direction"),
        ("explain/results/explanation.py", "import pages.why.page\n", "wrong direction"),
        ("explain/results/explanation.py", "import cli\n", "wrong direction"),
        ("pages/why/page.py", "import app\n", "wrong direction"),
        ("cli.py", "from pages import why\n", "wrong direction"),
        ("explain/results/explanation.py", "import streamlit as st\n", "streamlit belongs to"),
        ("cli.py", "import streamlit\n", "streamlit belongs to"),
        ("pages/why/page.py", "import torch\n", "torch belongs to"),
        ("data/tables.py", "from torch_geometric.data import HeteroData\n", "torch_geometric belongs to"),
        ("pages/why/page.py", "from core import graph\n", "goes through explain.workbench.workbench"),
        ("pages/why/page.py", "from explain.fairness.audit import audit\n", "goes through explain.workbench.workbench"),
        ("app.py", "from data.tables import Tables\n", "goes through explain.workbench.workbench"),
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
    found = violations(plant(tmp_path, {file: text}))
    assert len(found) == 1
    assert expected in found[0]


def test_a_cycle_is_found_through_a_late_import_but_not_through_a_type_annotation(tmp_path: Path) -> None:
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import core.b\n"
    assert violations(plant(tmp_path, {"core/a.py": typed, "core/b.py": "import core.a\n"})) == []
    late = "def f():\n    from core import b\n"
    assert violations(plant(tmp_path, {"core/a.py": late})) == ["import cycle: core.a ⇄ core.b"]
