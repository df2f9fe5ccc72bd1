"""The Debian list, the conda list, the installed package and the linter pins agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import cases
from cases.doctor import LIBRARIES

PROJECT = Path(__file__).resolve().parents[2]

# Debian package -> conda-forge package; None: conda needs no package of its own for it.
CONDA_NAMES: dict[str, str | None] = {
    "python3-dolfinx-real": "fenics-dolfinx",
    "python3-dolfinx-mpc": "dolfinx_mpc",
    "python3-petsc4py-real": "petsc4py",
    "openmpi-bin": "openmpi",
    "python3-lammps": "lammps",
    "python3-gmsh": "python-gmsh",
    "python3-matplotlib": "matplotlib-base",
    "gcc": "c-compiler",
    "libc6-dev": None,
    "python3-dev": None,
    "python3-venv": None,
    "libosmesa6": None,
    "libegl1": None,
    "procps": "procps-ng",
}
CONDA_ONLY = {"python", "petsc"}  # the interpreter, and the build that makes PETSc real


def lines_of(path: Path) -> list[str]:
    stripped = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in stripped if line]


def debian_packages() -> list[str]:
    return lines_of(PROJECT / "cases/environment/packages.txt")


def pinned_extras() -> dict[str, str]:
    return dict(line.split("==") for line in lines_of(PROJECT / "cases/environment/requirements.txt"))


def conda_packages() -> dict[str, str]:
    text = (PROJECT / "environment.yml").read_text().split("dependencies:")[1]
    entries = re.findall(r"^ +- (\S+)$", text, flags=re.MULTILINE)
    return {name: version for name, _, version in (entry.partition("=") for entry in entries)}


def test_lists_have_no_repetition() -> None:
    assert len(debian_packages()) == len(set(debian_packages())) > 20


def test_conda_lists_the_same_libraries() -> None:
    expected = {CONDA_NAMES.get(name, name.removeprefix("python3-")) for name in debian_packages()} - {None}
    assert set(conda_packages()) - CONDA_ONLY == expected | set(pinned_extras())


def test_name_map_has_no_unused_entry() -> None:
    assert set(CONDA_NAMES) <= set(debian_packages())


def test_pins_agree() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert f"ruff=={pinned_extras()['ruff']}" in project["optional-dependencies"]["test"]
    assert conda_packages()["ruff"] == pinned_extras()["ruff"]


def test_doctor_looks_for_every_declared_dependency() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[=<>]", requirement)[0] for requirement in project["dependencies"]}
    assert declared <= {library.distribution for library in LIBRARIES}


def test_the_version_is_said_once() -> None:
    """The package says the version that pyproject.toml releases."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["version"] == cases.__version__
