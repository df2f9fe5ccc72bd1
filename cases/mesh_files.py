"""Labelled mesh -> files of other tools: gmsh, XDMF, and what meshio writes (VTK, Abaqus, ...)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import meshio
import numpy as np

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from meshing.gmsh_file import write_gmsh
from meshing.labelled_mesh import LabelledMesh
from meshing.xdmf_file import write_xdmf

NO_FACET = -1  # value of ``facet`` on tetrahedra; triangles have phase 0
GROUPS = (".inp", ".med")  # formats that keep named groups of cells


def write_mesh(mesh: LabelledMesh, path: Path) -> list[Path]:
    """Write a mesh in the format that the ending names; return the files.

    ``.h5`` is our own format, ``.xdmf`` the same with its description, ``.msh`` has physical names; all others
    are written by meshio, in metres, with ``phase``, ``particle_id`` and ``facet`` on cells.

    Raises:
        InputError: an ending that nobody writes, or a folder that cannot be written.
    """
    try:
        return WRITERS.get(path.suffix, _write_meshio)(mesh, path)
    except OSError as error:
        raise InputError(str(path), error.strerror, "a file that can be written") from error


def _write_own(mesh: LabelledMesh, path: Path) -> list[Path]:
    mesh.save(path)
    return [path]


def _write_described(mesh: LabelledMesh, path: Path) -> list[Path]:
    data = path.with_suffix(".h5")
    mesh.save(data)
    return [write_xdmf(data), data]


def _write_physical(mesh: LabelledMesh, path: Path) -> list[Path]:
    write_gmsh(mesh, path)
    return [path]


WRITERS: dict[str, Callable[[LabelledMesh, Path], list[Path]]] = {
    ".h5": _write_own,
    ".xdmf": _write_described,
    ".msh": _write_physical,
}


def _write_meshio(mesh: LabelledMesh, path: Path) -> list[Path]:
    if path.suffix not in meshio.extension_to_filetypes:
        known = sorted({*WRITERS, ".vtu", ".vtk", ".inp", ".bdf"})
        raise InputError("--write", path.suffix or "no ending", f"an ending such as {', '.join(known)}")
    try:
        meshio_mesh(mesh, path.suffix in GROUPS).write(path)
    except (meshio.WriteError, KeyError, NotImplementedError) as error:
        raise InputError("--write", f"{path.suffix} ({error})", "a format for tetrahedra and triangles") from error
    return [path]


def meshio_mesh(mesh: LabelledMesh, groups: bool = False) -> meshio.Mesh:
    """Return tetrahedra, then named triangles, as meshio holds them; ``groups`` adds sets by name."""
    tetrahedra, triangles = len(mesh.cells), len(mesh.facets)
    values = {
        "phase": (mesh.phases, np.zeros(triangles)),
        "particle_id": (mesh.particle_ids, np.full(triangles, -1)),
        "facet": (np.full(tetrahedra, NO_FACET), mesh.facet_tags),
    }
    none = np.empty(0, dtype=np.int64)
    sets = {p.name: [np.flatnonzero(mesh.phases == p), none] for p in Phase if (mesh.phases == p).any()}
    sets |= {name: [none, mesh.named(name)] for name in mesh.facet_names if len(mesh.named(name))}
    return meshio.Mesh(
        mesh.vertices,
        [("tetra", mesh.cells), ("triangle", mesh.facets)],
        cell_data={name: [part.astype(np.int32) for part in parts] for name, parts in values.items()},
        cell_sets={_plain(name): parts for name, parts in sets.items()} if groups else None,
    )


def _plain(name: str) -> str:
    """Return a name of a group that other tools accept: ``AM|SE`` becomes ``AM_SE``, ``x-`` becomes ``x_low``."""
    return name.replace("|", "_").replace("+", "_high").replace("-", "_low")
