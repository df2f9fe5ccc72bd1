"""Ionic and electronic current density in every cell of a charge or discharge, j = -sigma grad phi."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .half_cell import ELECTRONIC_FIELD, IONIC_FIELD, LITHIUM_FIELD, HalfCell

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CellCurrentDensities:
    """Current densities (cells, 3) [A/m2], NaN where a field does not live."""

    ionic: FloatArray
    electronic: FloatArray


def current_densities(cell: HalfCell, state: FloatArray) -> CellCurrentDensities | None:
    """Return the current densities on rank 0, None on the others (collective)."""
    ionic, electronic, x = (corner_values(cell, k, state) for k in (IONIC_FIELD, ELECTRONIC_FIELD, LITHIUM_FIELD))
    if ionic is None or electronic is None or x is None:
        return None
    mesh, model = cell.mesh, cell.model
    conductivity = mesh.per_cell({p: s for p, s in model.electronic_conductivity.items() if isinstance(s, float | int)})
    for phase, entry in model.electronic_conductivity.items():
        if not isinstance(entry, float | int):
            chosen = (mesh.phases == phase) & np.isfinite(x).all(axis=1)
            conductivity[chosen] = entry.value(np.clip(x[chosen].mean(axis=1), *entry.range))
    return CellCurrentDensities(
        _current_density(cell, IONIC_FIELD, mesh.per_cell(model.ionic_conductivity), ionic),
        _current_density(cell, ELECTRONIC_FIELD, conductivity, electronic),
    )


def _current_density(cell: HalfCell, field: int, conductivity: FloatArray, values: FloatArray) -> FloatArray:
    """Return -sigma grad phi (cells, 3) of values (cells, 4) at the corners, NaN where the field does not live."""
    mesh, members = cell.mesh, np.flatnonzero(cell.network.fields[field].member)
    result = np.full((len(mesh.cells), 3), np.nan)
    slopes = gradients(mesh.vertices[mesh.cells[members]], values[members])
    result[members] = -conductivity[members, None] * slopes
    return result


def corner_values(cell: HalfCell, field: int, state: FloatArray) -> FloatArray | None:
    """Return a field at the corners of the cells (cells, 4) on rank 0, NaN where it does not live (collective)."""
    nodal = cell.fields[field].at_nodes(cell.values(field, state))
    return None if nodal is None else cell.network.fields[field].at_corners(cell.mesh, nodal)


def gradients(corners: FloatArray, values: FloatArray) -> FloatArray:
    """Return gradients (cells, 3) of linear fields with values (cells, 4) at the corners (cells, 4, 3)."""
    edges = corners[:, 1:] - corners[:, :1]
    return np.asarray(np.linalg.solve(edges, (values[:, 1:] - values[:, :1])[:, :, None])[:, :, 0])
