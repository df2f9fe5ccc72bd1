"""Lithium along the thickness of an electrode at one instant of a discharge, from the fields that it left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase

from .plots_files import RunFiles

FloatArray = npt.NDArray[np.float64]
PARTS = 5  # of the electrode, in sentences
REACHED = 1e-6  # of the theoretical capacity: instants are located to rounding only


@dataclass(frozen=True)
class LithiumProfile:
    """Mean x = c/c_max of the active material in layers of equal thickness, from separator to collector."""

    thickness: float  # of the electrode [m]
    stoichiometry: FloatArray  # (layers,) NaN in a layer without active material
    volume: FloatArray  # (layers,) of active material [m3]

    @property
    def parts(self) -> FloatArray:
        """Means of fifths of the electrode, shape (5,)."""
        volume = self.volume.reshape(PARTS, -1)
        lithium = np.where(volume > 0.0, volume * self.stoichiometry.reshape(PARTS, -1), 0.0).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(lithium / volume.sum(axis=1))


def lithium_profile(run: RunFiles, layers: int, utilisation: float | None = None) -> LithiumProfile | None:
    """Return the profile, None without fields; every cell counts where its centroid lies.

    Args:
        run: files of a finished run.
        layers: number of layers.
        utilisation: of the first fields that count; the last ones where it was not reached, or is None.
    """
    mesh, fields = run.mesh, run.discharge_fields
    if mesh is None or fields is None:
        return None
    wanted = np.inf if utilisation is None else utilisation
    reached = np.flatnonzero(np.abs(fields.utilisations) >= wanted - REACHED)
    x = fields.stoichiometry[reached[0] if len(reached) else -1][mesh.cells].mean(axis=1)
    active = (mesh.phases == Phase.AM) & np.isfinite(x)
    height = mesh.vertices[mesh.cells[active], 2].mean(axis=1) - mesh.electrode_bottom
    layer = np.clip((layers * height / mesh.electrode_thickness).astype(np.int64), 0, layers - 1)
    volumes = mesh.volumes()[active]
    volume = np.bincount(layer, volumes, layers).astype(np.float64)
    lithium = np.bincount(layer, volumes * x[active], layers)
    with np.errstate(invalid="ignore"):
        return LithiumProfile(mesh.electrode_thickness, lithium / volume, volume)
