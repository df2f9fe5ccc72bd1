"""Particles as nodes and their contacts as throats, as the facets of a labelled mesh have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.clusters import connected_labels
from manufacturing.phases import PARTICLE_PHASES, Phase, interface_name
from meshing.facets import pair_facets
from meshing.labelled_mesh import LabelledMesh, match_walls

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ParticleNetwork:
    """Particles of a mesh and the contacts between them; one through a periodic wall is a contact of its own."""

    ids: IntArray  # (n,) of the particles
    phases: IntArray  # (n,)
    joined: IntArray  # (m, 2) nodes of each contact
    area: FloatArray  # (m,) [m2] of the plane neck within a phase, of the curved surface between phases

    def throats(self, first: int, second: int) -> IntArray:
        """Return the contacts between two phases, which may be the same."""
        of = np.sort(self.phases[self.joined], axis=1)
        return np.flatnonzero((of[:, 0] == min(first, second)) & (of[:, 1] == max(first, second)))

    def coordination(self, of: int, partner: int) -> IntArray:
        """Return the contacts of each particle of a phase with particles of another, shape (particles of it,)."""
        count = np.zeros(len(self.ids), dtype=np.int64)
        for own, other in ((0, 1), (1, 0)):
            hit = self.phases[self.joined[:, other]] == partner
            count += np.bincount(self.joined[hit, own], minlength=len(self.ids))
        return count[self.phases == of]

    def contact_figures(self) -> dict[str, dict[str, float]]:
        """Return number, total and mean area of the contacts of each pair of phases."""
        found = {}
        for k, first in enumerate(PARTICLE_PHASES):
            for second in PARTICLE_PHASES[k:]:
                area = self.area[self.throats(first, second)]
                if len(area):
                    total = float(area.sum())
                    figures = {"contacts": len(area), "total_area_m2": total, "mean_area_m2": total / len(area)}
                    found[interface_name(first, second)] = figures
        return found

    def coordination_figures(self) -> dict[str, float]:
        """Return mean contacts per particle, by names like ``AM-SE``: contacts of an AM particle with SE particles."""
        present = [p for p in PARTICLE_PHASES if (self.phases == p).any()]
        return {
            f"{of.name}-{partner.name}": float(self.coordination(of, partner).mean())
            for of in present
            for partner in present
        }

    def phase_figures(self, phase: Phase) -> dict[str, Any]:
        """Return nodes, throats and coordination of the network that one phase forms."""
        member = self.phases == phase
        links = self.joined[self.throats(phase, phase)]
        numbers = self.coordination(phase, phase)
        labels = connected_labels(links, member)[member]
        sizes = np.bincount(np.unique(labels, return_inverse=True)[1])
        return {
            "nodes": int(member.sum()),
            "throats": len(links),
            "mean_coordination": float(numbers.mean()),
            "isolated_nodes": int((numbers == 0).sum()),
            "clusters": len(sizes),
            "largest_cluster_nodes": int(sizes.max()),
            "coordination_histogram": np.bincount(numbers).tolist(),
        }


def particle_network(mesh: LabelledMesh) -> ParticleNetwork:
    """Find the particles of a mesh and the contacts between them (particles are told apart by phase and id)."""
    known = (mesh.particle_ids >= 0) & np.isin(mesh.phases, PARTICLE_PHASES)
    code = np.where(known, mesh.particle_ids * (max(Phase) + 1) + mesh.phases, -1)
    names, node = np.unique(code, return_inverse=True)
    first_known = int(len(names) > 0 and names[0] < 0)
    node, names = node - first_known, names[first_known:]
    pairs = pair_facets(mesh.cells)
    inner = pairs.cells[:, 1] >= 0
    parts = [_contacts(mesh, node, pairs.facets[inner], pairs.cells[inner])]
    for axis in np.flatnonzero(mesh.periodic):
        walls = match_walls(mesh, int(axis))
        parts.append(_contacts(mesh, node, walls.low, walls.cells))
    joined, area = (np.concatenate([part[k] for part in parts]) for k in range(2))
    count = max(Phase) + 1
    return ParticleNetwork(names // count, names % count, joined, area)


def _contacts(mesh: LabelledMesh, node: IntArray, facets: IntArray, cells: IntArray) -> tuple[IntArray, FloatArray]:
    """Return the pairs of particles that facets join, and the area of each pair."""
    of = node[cells]
    kept = (of >= 0).all(axis=1) & (of[:, 0] != of[:, 1])
    facets, cells, of = facets[kept], cells[kept], of[kept]
    a, b, c = (mesh.vertices[facets[:, k]] for k in range(3))
    vector = 0.5 * np.cross(b - a, c - a)
    behind = mesh.vertices[mesh.cells[cells[:, 0]]].mean(axis=1) - a
    vector *= (np.sign((vector * behind).sum(axis=1)) * np.where(of[:, 0] < of[:, 1], 1.0, -1.0))[:, None]
    joined, pair = np.unique(np.sort(of, axis=1), axis=0, return_inverse=True)
    pair = pair.ravel()
    summed = np.column_stack([np.bincount(pair, vector[:, k], len(joined)) for k in range(3)])
    curved = np.bincount(pair, np.linalg.norm(vector, axis=1), len(joined))
    same = mesh.phases[cells[:, 0]] == mesh.phases[cells[:, 1]]
    within = np.zeros(len(joined), dtype=np.bool_)
    within[pair] = same
    return joined.reshape(-1, 2), np.asarray(np.where(within, np.linalg.norm(summed, axis=1), curved))
