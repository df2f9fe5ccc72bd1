"""Where the lithium is and where it enters: along z, particle by particle, over the reactive surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase
from meshing.facets import triangle_areas
from meshing.labelled_mesh import NO_PARTICLE, LabelledMesh, tetrahedron_volumes

from .active_network import ActiveNetwork
from .slices import slice_sums

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Columns = dict[str, FloatArray]

SLICES = 20


@dataclass(frozen=True)
class SurfaceState:
    """What the reaction does at the corners of the facets of one reactive surface, shape (facets, 3) each."""

    current: FloatArray  # [A/m2], positive out of the active material
    overpotential: FloatArray  # [V]
    stoichiometry: FloatArray


def lithiation_profile(mesh: LabelledMesh, stoichiometry: FloatArray, slices: int = SLICES) -> Columns:
    """Return mean, smallest and largest x of the active material in slices of the electrode, by z.

    Args:
        mesh: labelled mesh.
        stoichiometry: (vertices,), NaN where there is no lithium field.
        slices: number of slices of equal thickness.
    """
    known = (mesh.phases == Phase.AM) & np.isfinite(stoichiometry[mesh.cells]).all(axis=1)
    cells, edges = mesh.cells[known], np.linspace(mesh.electrode_bottom, mesh.upper[2], slices + 1)
    volume, x = tetrahedron_volumes(mesh.vertices, cells), stoichiometry[cells]
    heights = mesh.vertices[cells, 2]
    bottom, top, least, most = heights.min(axis=1), heights.max(axis=1), x.min(axis=1), x.max(axis=1)
    sums = slice_sums(edges, heights, np.column_stack([volume, volume * x.mean(axis=1)]))
    low, high = np.full(slices, np.nan), np.full(slices, np.nan)
    for k in range(slices):  # all nodes of the cells that reach into the slice, so that the mean lies between
        inside = (bottom < edges[k + 1]) & (top > edges[k])
        if inside.any():
            low[k], high[k] = least[inside].min(), most[inside].max()
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums[:, 1] / sums[:, 0]
    return {
        "z_m": 0.5 * (edges[1:] + edges[:-1]) - mesh.lower[2],
        "AM_volume_m3": sums[:, 0],
        "mean_stoichiometry": mean,
        "smallest_stoichiometry": low,
        "largest_stoichiometry": high,
    }


def particle_lithiation(
    mesh: LabelledMesh, network: ActiveNetwork, stoichiometry: FloatArray, surface: SurfaceState
) -> Columns:
    """Return volume, lithium, contact and current of each AM particle.

    Without electronic contact a particle is inactive and has no x; without reactive contact its lithium moves
    through necks only. Layers without particles count as one with id -1.

    Args:
        mesh: labelled mesh.
        network: what takes part.
        stoichiometry: (vertices,), NaN where there is no lithium field.
        surface: of the working electrode.
    """
    chosen = mesh.phases == Phase.AM
    ids, place = np.unique(mesh.particle_ids[chosen], return_inverse=True)
    volume = tetrahedron_volumes(mesh.vertices, mesh.cells[chosen])
    joined = network.insertion[chosen]
    x = np.where(joined, stoichiometry[mesh.cells[chosen]].mean(axis=1), 0.0)
    sides = next(s.sides for s in network.surfaces if s.material == Phase.AM)
    areas = triangle_areas(mesh.vertices, sides.first)
    owner = np.searchsorted(ids, mesh.particle_ids[sides.cells[:, 0]])

    def summed(values: FloatArray, where: npt.NDArray[np.int64]) -> FloatArray:
        """Add up what belongs to each particle."""
        return np.bincount(where, values, minlength=len(ids)).astype(np.float64)

    active, area = summed(volume * joined, place), summed(areas, owner)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = summed(volume * x, place) / active
        at_surface = summed(areas * surface.stoichiometry.mean(axis=1), owner) / area
    return {
        "particle_id": np.where(ids == NO_PARTICLE, -1, ids).astype(np.float64),
        "volume_m3": summed(volume, place),
        "mean_stoichiometry": mean,
        "surface_stoichiometry": at_surface,
        "active_area_m2": area,
        "current_A": summed(areas * surface.current.mean(axis=1), owner),
        "inactive": (active <= 0.0).astype(np.float64),
    }


PERCENTILES = (5, 25, 50, 75, 95)
CARRIED = 0.9  # of the current
SHARE_KEY = "area_share_of_90_percent"
NO_CURRENT = 1e-3  # of what flows in either direction


def current_distribution(mesh: LabelledMesh, network: ActiveNetwork, surface: SurfaceState) -> dict[str, float | None]:
    """Return percentiles by area of the current through the working surface, over its mean, and how few carry it.

    Args:
        mesh: labelled mesh.
        network: what takes part.
        surface: of the working electrode.
    """
    sides = next(s.sides for s in network.surfaces if s.material == Phase.AM)
    weights = np.repeat(triangle_areas(mesh.vertices, sides.first) / 3.0, 3)
    current = surface.current.ravel()
    mean = float(weights @ current / weights.sum())
    if abs(mean) <= NO_CURRENT * float(weights @ np.abs(current) / weights.sum()):  # lithium only changes places
        names = [*(f"p{p}_over_mean" for p in PERCENTILES), SHARE_KEY]
        return {"mean_A_m2": mean, **dict.fromkeys(names)}
    relative = current / mean
    order = np.argsort(relative)
    below = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    found = np.interp(np.array(PERCENTILES) / 100.0, below, relative[order])
    flow = np.cumsum((weights * relative)[order[::-1]])
    area = np.cumsum(weights[order[::-1]]) / weights.sum()
    one_way = bool((relative > 0.0).all())
    carrying = float(np.interp(CARRIED, flow / weights.sum(), area)) if one_way else None
    percentiles = {f"p{p}_over_mean": float(v) for p, v in zip(PERCENTILES, found, strict=True)}
    return {"mean_A_m2": mean, **percentiles, SHARE_KEY: carrying}
