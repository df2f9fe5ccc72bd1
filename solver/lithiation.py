"""Where the lithium is and where it enters: along z and particle by particle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase
from meshing.facets import triangle_areas
from meshing.labelled_mesh import NO_PARTICLE, LabelledMesh, tetrahedron_volumes

from .active_network import ActiveNetwork
from .slices import slice_sums

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Columns = dict[str, npt.NDArray[Any]]

SLICES = 20


class Reason(StrEnum):
    """Why active material does not take part, or takes part only through its neighbours."""

    none = ""
    no_electrons = "no electronic contact"  # no path of AM and CBD to the collector
    no_ions = "no ionic contact"  # electrons, but no path of lithium to a facet on SE that reaches the separator
    necks = "through necks"  # takes part, but lithium reaches its facets on SE through other particles only


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
        stoichiometry: at the corners of the cells (cells, 4), NaN where there is no lithium field.
        slices: number of slices of equal thickness.
    """
    known = (mesh.phases == Phase.AM) & np.isfinite(stoichiometry).all(axis=1)
    cells, edges = mesh.cells[known], np.linspace(mesh.electrode_bottom, mesh.upper[2], slices + 1)
    volume, x = tetrahedron_volumes(mesh.vertices, cells), stoichiometry[known]
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
    """Return volume, lithium, contact and current of each AM particle, and why it is inactive.

    A particle counts as active where any of it does. Without electronic contact it has no x. Layers without
    particles count as one with id -1.

    Args:
        mesh: labelled mesh.
        network: what takes part.
        stoichiometry: at the corners of the cells (cells, 4), NaN where there is no lithium field.
        surface: of the working electrode.
    """
    chosen = mesh.phases == Phase.AM
    ids, place = np.unique(mesh.particle_ids[chosen], return_inverse=True)
    volume = tetrahedron_volumes(mesh.vertices, mesh.cells[chosen])
    joined = network.insertion[chosen]
    x = np.where(joined, stoichiometry[chosen].mean(axis=1), 0.0)
    sides = next(s.sides for s in network.surfaces if s.material == Phase.AM)
    areas = triangle_areas(mesh.vertices, sides.first)
    owner = np.searchsorted(ids, mesh.particle_ids[sides.cells[:, 0]])

    def summed(values: FloatArray, where: npt.NDArray[np.int64]) -> FloatArray:
        """Add up what belongs to each particle."""
        return np.bincount(where, values, minlength=len(ids)).astype(np.float64)

    wired, reached = summed(volume * joined, place), summed(volume * network.lithiated[chosen], place)
    area = summed(areas, owner)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = summed(volume * x, place) / wired
        at_surface = summed(areas * surface.stoichiometry.mean(axis=1), owner) / area
    return {
        "particle_id": np.where(ids == NO_PARTICLE, -1, ids).astype(np.float64),
        "volume_m3": summed(volume, place),
        "mean_stoichiometry": mean,
        "surface_stoichiometry": at_surface,
        "active_area_m2": area,
        "current_A": summed(areas * surface.current.mean(axis=1), owner),
        "inactive": (reached <= 0.0).astype(np.float64),
        "reason": _reasons(wired, reached, area),
    }


def inactive_material(mesh: LabelledMesh, network: ActiveNetwork, reasons: npt.NDArray[np.str_]) -> dict[str, Any]:
    """Return particles and share of the AM's volume without each kind of contact, and in all.

    Volumes count cell by cell, so that parts of a particle that meshing cut off count too; the total is what
    the active fraction misses.

    Args:
        mesh: labelled mesh.
        network: what takes part.
        reasons: of the particles, by :func:`particle_lithiation`.
    """
    chosen, volumes = mesh.phases == Phase.AM, mesh.volumes()
    cells = {
        Reason.no_electrons: chosen & ~network.insertion,
        Reason.no_ions: chosen & network.insertion & ~network.lithiated,
    }
    shares = {reason: float(volumes[where].sum() / volumes[chosen].sum()) for reason, where in cells.items()}
    counts = {reason: int((reasons == reason).sum()) for reason in Reason}
    return {
        "inactive_particles": counts[Reason.no_electrons] + counts[Reason.no_ions],
        "inactive_AM_volume_fraction": sum(shares.values()),
        "inactive_by_reason": {
            reason.replace(" ", "_"): {"particles": counts[reason], "AM_volume_fraction": share}
            for reason, share in shares.items()
        },
        "particles_through_necks": counts[Reason.necks],
    }


def _reasons(wired: FloatArray, reached: FloatArray, area: FloatArray) -> npt.NDArray[np.str_]:
    """Return the reason of each particle by its volume with electrons, that with lithium too, and its own facets."""
    tests = [wired <= 0.0, reached <= 0.0, area <= 0.0]
    return np.select(tests, [Reason.no_electrons.value, Reason.no_ions.value, Reason.necks.value], Reason.none.value)
