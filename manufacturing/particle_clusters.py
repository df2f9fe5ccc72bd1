"""Percolation of a packing by contacts of its particles: no mesh, no cells.

Two particles are neighbours where their spheres overlap or are at most a gap apart, through periodic faces
too, whether or not a third particle covers the neck. A particle is at a plane that its sphere reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .clusters import Clusters, break_text, find_clusters, stacked
from .contacts import Contacts, find_contacts
from .packing import Packing
from .pairs import near_pairs
from .phases import Phase

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TOUCHING = 1e-12  # [m] surfaces that are closer touch; spheres that meet in a point do so within rounding
PARTICLE_NETWORKS: dict[str, tuple[Phase, ...]] = {
    "electrons": (Phase.AM, Phase.CBD),
    "ions": (Phase.SE,),
    "AM": (Phase.AM,),
    "CBD": (Phase.CBD,),
}


@dataclass(frozen=True)
class ParticleNetwork:
    """The particles of some phases and how they hang together."""

    phases: tuple[Phase, ...]
    clusters: Clusters  # of particles, with the volumes of whole spheres
    gap: float | None  # [m] across which it fails to percolate; None where it does

    @property
    def failure(self) -> str | None:
        """What keeps the network from percolating, None where it does."""
        title = "+".join(phase.name for phase in self.phases)
        return None if self.clusters.percolating.any() else break_text(title, self.clusters, self.gap)


@dataclass(frozen=True)
class ParticlePercolation:
    """How the particles of a packing hang together between its two z planes."""

    packing: Packing
    contacts: Contacts
    networks: dict[str, ParticleNetwork]  # of the phases that are present
    wired: BoolArray  # (particles,) AM joined to the collector through AM and CBD
    soaked: BoolArray  # (particles,) AM that touches the lower plane or SE joined to it

    def figures(self) -> dict[str, Any]:
        """Return the figures of all networks; shares by the volumes of whole spheres."""
        report: dict[str, Any] = {"gap_tolerance_m": self.contacts.gap}
        for name, network in self.networks.items():
            figures = {"phases": [p.name for p in network.phases], "particles": int(network.clusters.items.sum())}
            report[name] = {
                **figures,
                **network.clusters.figures(),
                "gap_m": network.gap,
                "failure": network.failure,
            }
        return report | self._utilisation()

    def lines(self) -> list[str]:
        """Return the percolation of each network as lines of text."""
        text = []
        for name, network in self.networks.items():
            clusters = network.clusters
            if network.failure is not None:
                text.append(f"{name:<10} {network.failure}")
                continue
            share, count = clusters.share(clusters.percolating), len(clusters.volume)
            text.append(f"{name:<10} percolates with {share:.4f} of its volume, {count} clusters")
        return text

    def table(self) -> dict[str, list[Any]]:
        """Return one row per cluster of every network, for a CSV file."""
        return stacked({name: network.clusters for name, network in self.networks.items()})

    def _utilisation(self) -> dict[str, Any]:
        packing = self.packing
        material = packing.phases == Phase.AM
        volume = _volumes(packing)
        total = float(volume[material].sum())
        if total == 0.0:
            return {}
        shares = {
            "utilisation_level": self.wired & self.soaked,
            "electronically_connected_fraction": self.wired,
            "electronically_dead_fraction": material & ~self.wired,
            "ionically_dead_fraction": material & ~self.soaked,
        }
        return {"active_material": {name: float(volume[which].sum()) / total for name, which in shares.items()}}


def find_particle_percolation(packing: Packing, gap: float = TOUCHING) -> ParticlePercolation:
    """Find the clusters of particles of each phase and carrier.

    Args:
        packing: spheres between two z planes.
        gap: largest distance between two surfaces in contact [m].
    """
    contacts = find_contacts(packing, gap)
    networks = {}
    for name, phases in PARTICLE_NETWORKS.items():
        present = tuple(p for p in phases if (packing.phases == p).any())
        alone = name in ("AM", "CBD")
        if present and not (alone and not all((packing.phases == p).any() for p in PARTICLE_NETWORKS["electrons"])):
            networks[name] = _network(packing, contacts, present)
    none = np.zeros(len(packing.radii), dtype=np.bool_)
    material = packing.phases == Phase.AM
    electrons, ions = networks.get("electrons"), networks.get("ions")
    wired = none if electrons is None else material & electrons.clusters.members(electrons.clusters.above)
    joined = none if ions is None else ions.clusters.members(ions.clusters.below)
    soaked = material & (_touching(contacts, joined) | _at_planes(packing, gap)[0])
    return ParticlePercolation(packing, contacts, networks, wired, soaked)


def _network(packing: Packing, contacts: Contacts, phases: tuple[Phase, ...]) -> ParticleNetwork:
    member = np.isin(packing.phases, phases)
    links = np.column_stack([contacts.pairs.first, contacts.pairs.second])
    below, above = (np.flatnonzero(which) for which in _at_planes(packing, contacts.gap))
    clusters = find_clusters(links, member, _volumes(packing), below, above)
    gap = None if clusters.percolating.any() else _break_gap(packing, clusters)
    return ParticleNetwork(phases, clusters, gap)


def _volumes(packing: Packing) -> FloatArray:
    return np.asarray(4.0 / 3.0 * np.pi * packing.radii**3)


def _at_planes(packing: Packing, gap: float) -> tuple[BoolArray, BoolArray]:
    """Return which particles reach the lower and the upper plane, each of shape (particles,)."""
    z = packing.centres[:, 2]
    reach = packing.radii + gap
    return z - reach <= packing.lower[2], z + reach >= packing.upper[2]


def _touching(contacts: Contacts, chosen: BoolArray) -> BoolArray:
    """Return which particles touch a chosen one."""
    first, second = contacts.pairs.first, contacts.pairs.second
    found = np.zeros(len(chosen), dtype=np.bool_)
    found[first[chosen[second]]] = True
    found[second[chosen[first]]] = True
    return found


def _break_gap(packing: Packing, clusters: Clusters) -> float | None:
    """Return the smallest distance of surfaces between what comes from below and from above, or to a plane [m]."""
    if len(clusters.volume) == 0:
        return None
    lower, upper = clusters.members(clusters.below), clusters.members(clusters.above)
    if lower.any() and upper.any():
        return _smallest_gap(packing, lower, upper)
    chosen = clusters.label >= 0
    if lower.any() or not upper.any():
        part = lower if lower.any() else chosen
        return float(packing.upper[2] - (packing.centres[part, 2] + packing.radii[part]).max())
    return float((packing.centres[upper, 2] - packing.radii[upper]).min() - packing.lower[2])


def _smallest_gap(packing: Packing, first: BoolArray, second: BoolArray) -> float:
    """Return the smallest distance between the surfaces of two sets of particles, images included [m]."""
    rows = np.flatnonzero(first | second)
    box = (packing.lower, packing.upper)
    radii, side = packing.radii[rows], first[rows]
    gap = 0.1 * float(radii.min())
    while True:
        pairs = near_pairs(packing.centres[rows], radii, box, packing.periodic, gap)
        across = side[pairs.first] != side[pairs.second]
        if across.any():
            free = pairs.distance - radii[pairs.first] - radii[pairs.second]
            return max(float(free[across].min()), 0.0)
        gap *= 2.0
