"""Spheres meshed by gmsh alone: boolean fragments of its OpenCASCADE kernel, then its default volume mesher."""

from __future__ import annotations

import time

import gmsh
import numpy as np

from manufacturing.packing import Packing
from meshing.dihedral_quality import dihedral_range

MICROMETRE = 1e-6
TETRAHEDRON = 4  # gmsh element type


def mesh_spheres_by_gmsh(packing: Packing, size: float) -> dict[str, float]:
    """Fragment the box of a packing by its spheres and mesh the pieces.

    Args:
        packing: spheres in a box at the origin.
        size: wanted edges [m].

    Returns:
        Processor time [s], cells, pieces, smallest dihedral angle [deg] (0 where gmsh left no mesh).
    """
    start = time.process_time()
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        x, y, z = (float(length) / MICROMETRE for length in packing.size)
        box = gmsh.model.occ.addBox(0.0, 0.0, 0.0, x, y, z)
        balls = [
            (3, gmsh.model.occ.addSphere(*centre.tolist(), float(radius)))
            for centre, radius in zip(packing.centres / MICROMETRE, packing.radii / MICROMETRE, strict=True)
        ]
        gmsh.model.occ.fragment([(3, box)], balls)
        gmsh.model.occ.synchronize()
        gmsh.option.setNumber("Mesh.MeshSizeMin", size / MICROMETRE)
        gmsh.option.setNumber("Mesh.MeshSizeMax", size / MICROMETRE)
        gmsh.model.mesh.generate(3)
        (cells, smallest), pieces = _quality(), len(gmsh.model.getEntities(3))
    except Exception:  # gmsh raises its base class for every failure
        cells, smallest, pieces = 0, 0.0, 0
    finally:
        gmsh.finalize()
    return {
        "processor_seconds": time.process_time() - start,
        "cells": float(cells),
        "pieces": float(pieces),
        "min_dihedral_deg": smallest,
    }


def _quality() -> tuple[int, float]:
    """Return the number of tetrahedra and their smallest dihedral angle [deg]."""
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    row = np.zeros(int(tags.max()) + 1, dtype=np.int64)
    row[tags.astype(np.int64)] = np.arange(len(tags))
    _, corners = gmsh.model.mesh.getElementsByType(TETRAHEDRON)
    cells = row[corners.astype(np.int64)].reshape(-1, 4)
    if not len(cells):
        return 0, 0.0
    points = np.asarray(coordinates, dtype=np.float64).reshape(-1, 3)
    return len(cells), float(dihedral_range(points, np.zeros(3), cells)[:, 0].min())
