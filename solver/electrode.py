"""The composite electrode inside a cell: its cells and those behind its lower plane."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from manufacturing.phases import COUNTER, ELECTRODE_BOTTOM, Phase
from meshing.labelled_mesh import LabelledMesh

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def electrode_cells(mesh: LabelledMesh) -> BoolArray:
    """Return which cells lie in the composite electrode (separator and second electrode excluded)."""
    return (mesh.phases != Phase.separator) & (mesh.phases != Phase.anode)


def bottom_face(mesh: LabelledMesh) -> IntArray:
    """Return the electrode's cells behind its lower plane."""
    inside = electrode_cells(mesh)
    if mesh.electrode_bottom <= mesh.lower[2]:
        return mesh.facet_cells[mesh.named(COUNTER), 0]
    index = [mesh.named(name) for name in mesh.facet_names if name == ELECTRODE_BOTTOM or "|separator" in name]
    both = mesh.facet_cells[np.concatenate(index)].ravel()
    members = np.asarray(both[both >= 0])
    return np.asarray(members[inside[members]])
