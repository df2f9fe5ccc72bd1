"""Delaminated parts of the contact between active material and electrolyte: facets that do not react.

The two sides stay where they are; a crack is thinner than any cell. Across a delaminated facet no
current flows, because electrons and ions only meet through the reaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from manufacturing.errors import InputError
from manufacturing.phases import DELAMINATED, Phase, interface_name

from .facet_choice import count_up_to
from .facets import triangle_areas
from .labelled_mesh import LabelledMesh, renamed

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

INTERFACES = tuple(interface_name(Phase.AM, phase) for phase in (Phase.SE, Phase.separator))


@dataclass(frozen=True)
class ContactFacets:
    """The facets between active material and electrolyte."""

    index: IntArray  # (n,) named facets of the mesh
    centroids: FloatArray  # (n, 3) [m] from the lower corner of the box
    areas: FloatArray  # (n,) [m2]
    particles: IntArray  # (n,) particle of the active material
    period: FloatArray  # (3,) [m], 0 on axes that are not periodic

    @staticmethod
    def of(mesh: LabelledMesh) -> ContactFacets:
        """Collect the facets AM|SE and AM|separator."""
        index = mesh.named(*INTERFACES)
        first, second = mesh.facet_cells[index].T
        active = np.where(mesh.phases[first] == Phase.AM, first, second)
        size = mesh.upper - mesh.lower
        centroids = mesh.vertices[mesh.facets[index]].mean(axis=1) - mesh.lower
        areas = triangle_areas(mesh.vertices, mesh.facets[index])
        period = np.where([*mesh.periodic[:2], False], size, 0.0)
        return ContactFacets(index, centroids, areas, mesh.particle_ids[active], period)


def by_patches(contact: ContactFacets, share: float, radius: float, seed: int) -> IntArray:
    """Return the facets inside spheres around random points of the contact, as many as come closest to the share.

    Points are drawn by area from what is still attached; a sphere takes facets by their centroid, the last
    one from its middle up to the wanted area.
    """
    random = np.random.default_rng(seed)
    draws = np.argsort(random.exponential(size=len(contact.areas)) / contact.areas)
    tree = cKDTree(contact.centroids, boxsize=contact.period)
    taken = np.zeros(len(contact.areas), dtype=bool)
    patches: list[IntArray] = [np.empty(0, dtype=np.int64)]
    wanted, area = share * float(contact.areas.sum()), 0.0
    for start in draws:
        if area >= wanted:
            break
        if taken[start]:
            continue
        near = np.array(tree.query_ball_point(contact.centroids[start], radius), dtype=np.int64)
        near = near[~taken[near]]
        near = near[np.argsort(_distances(contact, near, int(start)), kind="stable")]
        taken[near] = True
        patches.append(near)
        area += float(contact.areas[near].sum())
    facets = np.concatenate(patches)
    return facets[: count_up_to(contact.areas[facets], wanted)]


def _distances(contact: ContactFacets, facets: IntArray, start: int) -> FloatArray:
    step = contact.centroids[facets] - contact.centroids[start]
    for axis in np.flatnonzero(contact.period):
        step[:, axis] -= contact.period[axis] * np.round(step[:, axis] / contact.period[axis])
    return np.asarray(np.linalg.norm(step, axis=1))


def by_particles(contact: ContactFacets, share: float, radius: float, seed: int) -> IntArray:
    """Return the facets of whole particles in random order, as many particles as come closest to the share."""
    names, number = np.unique(contact.particles, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    areas: FloatArray = np.bincount(number.ravel(), contact.areas, minlength=len(names)).astype(np.float64)
    chosen = order[: count_up_to(areas[order], share * float(areas.sum()))]
    return np.flatnonzero(np.isin(number.ravel(), chosen))


PATTERNS: dict[str, Callable[[ContactFacets, float, float, int], IntArray]] = {
    "patches": by_patches,
    "particles": by_particles,
}


@dataclass(frozen=True)
class Delamination:
    """Which part of the AM|SE contact has come apart.

    Args:
        fraction: share of the contact area (AM|SE with AM|separator), 0 to below 1.
        pattern: one of ``PATTERNS``.
        patch_radius: of the patches [m].
        seed: of patches and particles.
    """

    fraction: float = 0.0
    pattern: str = "patches"
    patch_radius: float = 1e-6
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0.0 <= self.fraction < 1.0:
            raise InputError("cell.delamination.fraction", self.fraction, "0 to below 1")
        if self.pattern not in PATTERNS:
            raise InputError("cell.delamination.pattern", self.pattern, f"one of {', '.join(PATTERNS)}")
        if not self.patch_radius > 0.0:
            raise InputError("cell.delamination.patch_radius", f"{self.patch_radius:g} m", "a length > 0")

    def apply(self, mesh: LabelledMesh) -> LabelledMesh:
        """Rename delaminated facets to ``AM|SE_delaminated`` (``AM|separator_delaminated``) and report their area."""
        contact = ContactFacets.of(mesh)
        if self.fraction == 0.0 or len(contact.index) == 0:
            return mesh
        chosen = PATTERNS[self.pattern](contact, self.fraction, self.patch_radius, self.seed)
        result = mesh
        for name in INTERFACES:
            facets = np.intersect1d(contact.index[chosen], mesh.named(name))
            if len(facets):
                result = renamed(result, facets, name + DELAMINATED)
        return replace(result, report={**mesh.report, "delamination": self._report(contact, chosen)})

    def _report(self, contact: ContactFacets, chosen: IntArray) -> dict[str, Any]:
        area, total = float(contact.areas[chosen].sum()), float(contact.areas.sum())
        return {
            "wanted_fraction": self.fraction,
            "delaminated_fraction": area / total,
            "delaminated_area_m2": area,
            "contact_area_m2": total,
            "pattern": self.pattern,
            "particles": len(np.unique(contact.particles[chosen])),
        }
