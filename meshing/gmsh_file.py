"""Labelled mesh -> gmsh file: domains and interfaces as physical groups, for gmsh and every tool that reads MSH."""

from __future__ import annotations

from pathlib import Path

import gmsh
import numpy as np

from manufacturing.errors import InputError
from manufacturing.phases import Phase

from .labelled_mesh import LabelledMesh

MICROMETRE = 1e-6
TETRAHEDRON, TRIANGLE = 4, 2  # gmsh element types


def write_gmsh(mesh: LabelledMesh, path: Path) -> None:
    """Write an MSH 4.1 file in micrometres with a physical group per domain and per named facet set.

    Raises:
        InputError: the file cannot be written.
    """
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("Mesh.Binary", 1)
        gmsh.model.add("electrode")
        element = _add_domains(mesh)
        _add_facets(mesh, element)
        gmsh.write(str(path))
    except Exception as error:
        raise InputError(str(path), str(error), "a file that gmsh can write, ending in .msh") from error
    finally:
        gmsh.finalize()


def _add_domains(mesh: LabelledMesh) -> int:
    """Add vertices and the cells of each phase; return the next free element tag."""
    element = 1
    for phase in (p for p in Phase if (mesh.phases == p).any()):
        gmsh.model.addDiscreteEntity(3, int(phase))
        if element == 1:
            tags = np.arange(1, len(mesh.vertices) + 1)
            gmsh.model.mesh.addNodes(3, int(phase), tags, (mesh.vertices / MICROMETRE).ravel())
        cells = mesh.cells[mesh.phases == phase] + 1
        gmsh.model.mesh.addElementsByType(
            int(phase), TETRAHEDRON, np.arange(element, element + len(cells)), cells.ravel()
        )
        element += len(cells)
        gmsh.model.addPhysicalGroup(3, [int(phase)], int(phase), phase.name)
    return element


def _add_facets(mesh: LabelledMesh, element: int) -> None:
    for k, name in enumerate(mesh.facet_names):
        facets = mesh.facets[mesh.facet_tags == k] + 1
        tag = k + 1
        gmsh.model.addDiscreteEntity(2, tag)
        gmsh.model.mesh.addElementsByType(tag, TRIANGLE, np.arange(element, element + len(facets)), facets.ravel())
        element += len(facets)
        gmsh.model.addPhysicalGroup(2, [tag], tag, name)
