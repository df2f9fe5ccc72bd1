"""Packages import only from those before them in the chain."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CHAIN = ("manufacturing", "meshing", "solver", "cases")
FOREIGN = {"manufacturing": {"dolfinx", "ufl", "basix", "petsc4py", "gmsh"}, "meshing": {"dolfinx", "ufl", "petsc4py"}}


def imported_packages(source: str, depth: int) -> set[str]:
    """Top-level names that a module imports; ``depth`` folders lie between it and the project."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level > depth:
            names |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def violations(package: str, source: str, depth: int = 1) -> set[str]:
    """What a module of ``package`` must not import: later packages, tests, heavy foreign libraries."""
    forbidden = set(CHAIN[CHAIN.index(package) + 1 :]) | {"tests"} | FOREIGN.get(package, set())
    return imported_packages(source, depth) & forbidden


@pytest.mark.parametrize("package", CHAIN)
def test_imports_go_upstream(package: str) -> None:
    files = sorted((PROJECT / package).rglob("*.py"))
    assert files, f"no modules in {package}"
    for path in files:
        depth = len(path.relative_to(PROJECT).parts) - 1
        assert not violations(package, path.read_text(), depth), path


@pytest.mark.parametrize(
    ("package", "source", "found"),
    [
        ("manufacturing", "import solver.conduction", {"solver"}),
        ("meshing", "def f():\n    from cases import testing", {"cases"}),
        ("meshing", "from ..solver import conduction", {"solver"}),
        ("meshing", "from .. import solver", {"solver"}),
        ("manufacturing", "import dolfinx.mesh", {"dolfinx"}),
        ("cases", "from tests.conftest import comm", {"tests"}),
        ("meshing", "from manufacturing.errors import InputError\nfrom .solver import x", set()),
        ("cases", "import solver, meshing, manufacturing", set()),
    ],
)
def test_violations_are_found(package: str, source: str, found: set[str]) -> None:
    assert violations(package, source) == found
