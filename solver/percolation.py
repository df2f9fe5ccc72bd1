"""Percolation of a labelled mesh: clusters of each phase and carrier, dead material, active area.

Two cells hang together where they share a facet, through periodic lateral walls too; an edge or a point does
not carry current. Definitions after A. Bielefeld, D. A. Weber, J. Janek, J. Phys. Chem. C 123 (2019) 1626;
docs/theory.md, "Percolation".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from manufacturing.clusters import Clusters, break_text, find_clusters, stacked
from manufacturing.phases import COLLECTOR, Phase
from meshing.facets import triangle_areas
from meshing.labelled_mesh import TOP_FACES, LabelledMesh, interface_sides

from .connectivity import CellGraph
from .electrode import bottom_face, electrode_cells

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ELECTRONS, IONS = "electrons", "ions"
NETWORKS: dict[str, tuple[Phase, ...]] = {
    ELECTRONS: (Phase.AM, Phase.CBD),
    IONS: (Phase.SE,),
    "void": (Phase.void,),
    "AM": (Phase.AM,),
    "CBD": (Phase.CBD,),
}
FIELD_NETWORKS = (ELECTRONS, IONS, "void")  # of disjoint phases, so that they share one field
OUTSIDE = -1


@dataclass(frozen=True)
class Network:
    """The cells of the electrode in some phases, and how they hang together."""

    phases: tuple[Phase, ...]
    clusters: Clusters  # of cells
    gap: float | None  # [m] across which it fails to percolate; None where it does

    @property
    def title(self) -> str:
        """The phases, such as ``AM+CBD``."""
        return "+".join(phase.name for phase in self.phases)

    @property
    def failure(self) -> str | None:
        """What keeps the network from percolating, None where it does."""
        return None if self.clusters.percolating.any() else break_text(self.title, self.clusters, self.gap)


def find_network_clusters(
    mesh: LabelledMesh, graph: CellGraph, phases: tuple[Phase, ...], top_faces: tuple[str, ...] = TOP_FACES
) -> Network:
    """Find the clusters of some phases inside the electrode.

    Args:
        mesh: labelled mesh.
        graph: neighbours of the cells.
        phases: of the network; those that the mesh does not have are left out.
        top_faces: faces that count as the upper plane; electrons reach it through the collector only.
    """
    present = tuple(phase for phase in phases if (mesh.phases == phase).any()) or phases
    member = electrode_cells(mesh) & np.isin(mesh.phases, present)
    below, above = bottom_face(mesh), graph.cells_at(*top_faces)
    clusters = find_clusters(graph.links, member, mesh.volumes(), below, above)
    gap = None if clusters.percolating.any() else break_gap(mesh, graph, clusters)
    return Network(present, clusters, gap)


def break_gap(mesh: LabelledMesh, graph: CellGraph, clusters: Clusters) -> float | None:
    """Return the smallest distance that keeps a network from percolating [m].

    Measured between vertices of what comes from below and what comes from above, through periodic lateral walls;
    where nothing reaches a plane, from the other side's clusters (from all, where there are none) to that plane.
    0 where parts touch at an edge or a point only; None for an empty network.
    """
    if len(clusters.volume) == 0:
        return None
    lower, upper = clusters.below, clusters.above
    if lower.any() and upper.any():
        return smallest_distance(mesh, graph, clusters.members(lower), clusters.members(upper))
    if lower.any() or not upper.any():  # from the lower clusters, or from all, to the upper plane
        points = _corners(mesh, clusters.members(lower if lower.any() else np.ones_like(lower)))
        return float(mesh.upper[2] - points[:, 2].max())
    return float(_corners(mesh, clusters.members(upper))[:, 2].min() - mesh.electrode_bottom)


def _corners(mesh: LabelledMesh, cells: BoolArray) -> FloatArray:
    """Return the vertices of some cells, shape (n, 3) [m]."""
    return np.asarray(mesh.vertices[np.unique(mesh.cells[cells])])


def smallest_distance(mesh: LabelledMesh, graph: CellGraph, first: BoolArray, second: BoolArray) -> float:
    """Return the smallest distance between vertices of two sets of cells (cells,), lateral images included [m]."""
    period = np.where([*graph.periodic, False], mesh.upper - mesh.lower, 0.0)
    wrapped = []
    for cells in (first, second):
        offset = _corners(mesh, cells) - mesh.lower
        wraps = period > 0.0
        offset[:, wraps] %= period[wraps]
        wrapped.append(offset)
    distance, _ = cKDTree(wrapped[0], boxsize=period).query(wrapped[1])
    return float(distance.min())


@dataclass(frozen=True)
class Percolation:
    """How the phases of an electrode hang together, and what can take part in charge and discharge."""

    mesh: LabelledMesh
    networks: dict[str, Network]  # of the phases that are present
    active_material: BoolArray  # (cells,) joined to the collector and, through AM, to joined electrolyte
    touched_material: BoolArray  # (cells,) AM that touches electrolyte joined to the separator side
    interface: dict[str, Any]  # AM|SE areas

    def figures(self) -> dict[str, Any]:
        """Return the figures of all networks for the summary."""
        volumes = self.mesh.volumes()
        electrode = float(volumes[electrode_cells(self.mesh)].sum())
        report: dict[str, Any] = {}
        for name, network in self.networks.items():
            report[name] = {
                "phases": [phase.name for phase in network.phases],
                "volume_fraction": float(network.clusters.volume.sum()) / electrode,
                **network.clusters.figures(),
                "gap_m": network.gap,
                "failure": network.failure,
            }
        return report | self._utilisation(volumes) | {"interface": self.interface}

    def _utilisation(self, volumes: FloatArray) -> dict[str, Any]:
        """Return the shares of AM and SE that can take part."""
        material = self.mesh.phases == Phase.AM
        total = float(volumes[material].sum())
        if total == 0.0:
            return {}
        electrons = self.networks[ELECTRONS].clusters
        wired = material & electrons.members(electrons.above)
        shares = {
            "utilisation_level": self.active_material,
            "electronically_connected_fraction": wired,
            "electronically_dead_fraction": material & ~wired,
            "ionically_dead_fraction": material & ~self.touched_material,
        }
        found = {name: float(volumes[cells].sum()) / total for name, cells in shares.items()}
        return {"active_material": found}

    def fields(self) -> dict[str, IntArray]:
        """Return per cell the rank of its cluster by volume, its state, and the part that AM takes.

        ``state``: 0 isolated, 1 joined to the separator side only, 2 to the collector only, 3 to both, -1 outside the
        electrode. ``active``: 1 active AM, 0 other AM, -1 elsewhere.
        """
        cluster = np.full(len(self.mesh.cells), OUTSIDE, dtype=np.int64)
        state = cluster.copy()
        for name in FIELD_NETWORKS:
            if name in self.networks:
                clusters = self.networks[name].clusters
                member = clusters.label >= 0
                cluster[member] = clusters.label[member]
                state[member] = clusters.state[clusters.label[member]]
        active = np.where(self.mesh.phases == Phase.AM, self.active_material.astype(np.int64), OUTSIDE)
        return {"cluster": cluster, "state": state, "active": active}

    def table(self) -> dict[str, list[Any]]:
        """Return one row per cluster of every network, for a CSV file."""
        return stacked({name: network.clusters for name, network in self.networks.items()})


def find_percolation(mesh: LabelledMesh, graph: CellGraph | None = None) -> Percolation:
    """Find the clusters of every phase and carrier, dead active material and the active AM|SE area.

    Args:
        mesh: labelled mesh.
        graph: neighbours of the cells; with the mesh's own periodic walls by default.
    """
    graph = graph or CellGraph(mesh)
    present = {name: phases for name, phases in NETWORKS.items() if _wanted(mesh, name, phases)}
    networks = {
        name: find_network_clusters(mesh, graph, phases, TOP_FACES if name in (IONS, "void") else (COLLECTOR,))
        for name, phases in present.items()
    }
    none = np.zeros(len(mesh.cells), dtype=np.bool_)
    wired = none if ELECTRONS not in networks else _joined(networks[ELECTRONS].clusters, "above")
    soaked = none if IONS not in networks else _joined(networks[IONS].clusters, "below")
    through = [none if n not in networks else _joined(networks[n].clusters, "percolating") for n in (ELECTRONS, IONS)]
    soaked = soaked | (mesh.phases == Phase.separator)
    contact = _contact(mesh, Phase.SE), _contact(mesh, Phase.separator)
    cells, areas = (np.concatenate([part[k] for part in contact]) for k in range(2))
    material = mesh.phases == Phase.AM
    touching = cells[soaked[cells[:, 1]], 0]
    touched = graph.connected_to(material, touching)
    chosen = wired[cells[:, 0]] & soaked[cells[:, 1]]
    spanning = through[0][cells[:, 0]] & (through[1] | (mesh.phases == Phase.separator))[cells[:, 1]]
    interface = _areas(mesh, areas, {"total": np.ones_like(chosen), "active": chosen, "spanning": spanning})
    return Percolation(mesh, networks, touched & wired, touched, interface)


def _wanted(mesh: LabelledMesh, name: str, phases: tuple[Phase, ...]) -> bool:
    """Tell whether a network is there; AM and CBD alone only where they are not the whole of the conductors."""
    found = [phase for phase in phases if (mesh.phases == phase).any()]
    alone = name not in (ELECTRONS, IONS, "void")
    return bool(found) and not (alone and not all((mesh.phases == p).any() for p in NETWORKS[ELECTRONS]))


def _joined(clusters: Clusters, side: str) -> BoolArray:
    return clusters.members(getattr(clusters, side))


def _contact(mesh: LabelledMesh, electrolyte: Phase) -> tuple[IntArray, FloatArray]:
    """Return cells (n, 2) on both sides and areas (n,) [m2] of the facets between AM and an electrolyte."""
    sides = interface_sides(mesh, Phase.AM, electrolyte)
    return sides.cells, triangle_areas(mesh.vertices, sides.first)


def _areas(mesh: LabelledMesh, areas: FloatArray, chosen: dict[str, BoolArray]) -> dict[str, float]:
    """Return areas by name, absolute and per volume and area of the electrode."""
    found: dict[str, float] = {}
    for name, which in chosen.items():
        area = float(areas[which].sum())
        found[f"{name}_area_m2"] = area
        found[f"{name}_area_per_volume_1_m"] = area / (mesh.cross_section * mesh.electrode_thickness)
        found[f"{name}_area_per_electrode_area"] = area / mesh.cross_section
    return found
