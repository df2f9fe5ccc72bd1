"""The part of the cell that takes part in charge and discharge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.clusters import cluster_text
from manufacturing.errors import InputError
from manufacturing.phases import COLLECTOR, COUNTER, Phase
from meshing.facets import triangle_areas
from meshing.labelled_mesh import TOP_FACES, InterfaceSides, LabelledMesh, interface_sides

from .cell_contacts import CellJoints
from .connectivity import CellGraph
from .percolation import find_network_clusters, smallest_distance
from .vertex_split import FieldCells, VertexSplit

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ELECTRONIC = (Phase.AM, Phase.CBD, Phase.anode)
IONIC = (Phase.SE, Phase.separator)
INSERTION = (Phase.AM, Phase.anode)


@dataclass(frozen=True)
class ReactiveSurface:
    """The active facets between one active material and the electrolyte."""

    material: Phase
    sides: InterfaceSides  # first: active material, second: electrolyte
    area: float  # [m2]


@dataclass(frozen=True)
class ActiveNetwork:
    """Cells and facets that carry current; everything else is inactive and left out."""

    electronic: BoolArray  # (cells,) joined to the collector or, for a second electrode, to the counter face
    ionic: BoolArray  # (cells,) joined to the counter electrode or to the second electrode
    insertion: BoolArray  # (cells,) active material with electronic contact
    lithiated: BoolArray  # (cells,) those of them from which lithium finds a reactive facet
    grounded: BoolArray  # (cells,) conductors of a second electrode, joined to the counter face
    surfaces: tuple[ReactiveSurface, ...]
    active_fraction: dict[str, float]  # AM and SE: active volume / volume of the phase
    splits: tuple[VertexSplit, VertexSplit, VertexSplit]  # of the ionic, electronic and lithium field

    @property
    def fields(self) -> tuple[FieldCells, FieldCells, FieldCells]:
        """Cells and split of the ionic, electronic and lithium field."""
        members = (self.ionic, self.electronic, self.insertion)
        ionic, electronic, lithium = (FieldCells(m, s) for m, s in zip(members, self.splits, strict=True))
        return ionic, electronic, lithium


def find_active_network(
    mesh: LabelledMesh, graph: CellGraph | None = None, joints: CellJoints | None = None
) -> ActiveNetwork:
    """Find what takes part: AM and CBD joined to the collector, SE joined to the counter side.

    Args:
        mesh: labelled mesh.
        graph: neighbours of its cells, when already known.
        joints: resistances of its facets; perfect by default.

    Raises:
        InputError: no electronic path from the collector, no ionic path from the counter electrode,
            or no active material touching both networks.
    """
    graph = graph or CellGraph(mesh)
    joints = joints or CellJoints.perfect(graph)
    conducting = np.isin(mesh.phases, ELECTRONIC)
    wired = joints.electronic.as_graph(graph)
    seeds = graph.cells_at(COLLECTOR)
    anodes = graph.cells_at(COUNTER)[mesh.phases[graph.cells_at(COUNTER)] == Phase.anode]
    grounded = wired.connected_to(conducting, anodes)
    electronic = grounded | wired.connected_to(conducting, seeds)
    if not electronic[seeds].any():
        failure = find_network_clusters(mesh, graph, (Phase.AM, Phase.CBD), (COLLECTOR,)).failure
        raise InputError("geometry", f"no AM or CBD touching the collector ({failure})", "an electronic path from it")
    if grounded[seeds].any():
        raise InputError("geometry", "an electronic path from the counter face to the collector", "no short circuit")
    ionic = _ionic_cells(mesh, joints.ionic.as_graph(graph), electronic)
    surfaces = tuple(s for s in (_surface(mesh, material, electronic, ionic) for material in INSERTION) if s.area > 0.0)
    if not any(s.material == Phase.AM for s in surfaces):
        raise InputError(
            "geometry",
            "no AM that touches both the electronic and the ionic network" + _apart(mesh, graph, electronic, ionic),
            "a common AM|SE area > 0",
        )
    insertion = electronic & np.isin(mesh.phases, INSERTION)
    reacting = np.concatenate([s.sides.cells[:, 0] for s in surfaces])
    lithiated = joints.lithium.as_graph(graph).connected_to(insertion, reacting)
    fractions = _fractions(mesh, lithiated, ionic)
    splits = (
        VertexSplit.of(mesh, joints.ionic, ionic),
        VertexSplit.of(mesh, joints.electronic, electronic),
        VertexSplit.of(mesh, joints.lithium, insertion),
    )
    return ActiveNetwork(electronic, ionic, insertion, lithiated, grounded, surfaces, fractions, splits)


def _ionic_cells(mesh: LabelledMesh, graph: CellGraph, electronic: BoolArray) -> BoolArray:
    conducting = np.isin(mesh.phases, IONIC)
    seeds = graph.cells_at(COUNTER)
    if (mesh.phases == Phase.anode).any():
        seeds = _surface(mesh, Phase.anode, electronic, conducting).sides.cells[:, 1]
    ionic = graph.connected_to(conducting, seeds)
    if not ionic.any():
        failure = find_network_clusters(mesh, graph, (Phase.SE,)).failure
        found = f"no electrolyte joined to the counter electrode ({failure})"
        raise InputError("geometry", found, "an ionic path (separator or SE) from z = 0")
    return ionic


def _apart(mesh: LabelledMesh, graph: CellGraph, electronic: BoolArray, ionic: BoolArray) -> str:
    """Say how the two networks hang together and how far AM of the one is from the other."""
    material = electronic & (mesh.phases == Phase.AM)
    parts = [
        f"{'+'.join(p.name for p in phases)}: {cluster_text(find_network_clusters(mesh, graph, phases, top).clusters)}"
        for phases, top in (((Phase.AM, Phase.CBD), (COLLECTOR,)), ((Phase.SE,), TOP_FACES))
        if np.isin(mesh.phases, phases).any()
    ]
    if material.any():
        parts.append(f"gap {1e6 * smallest_distance(mesh, graph, material, ionic):.3g} um")
    return f" ({'; '.join(parts)})"


def _surface(mesh: LabelledMesh, material: Phase, electronic: BoolArray, ionic: BoolArray) -> ReactiveSurface:
    parts = [interface_sides(mesh, material, electrolyte) for electrolyte in IONIC]
    first, second, cells = (np.concatenate([getattr(p, k) for p in parts]) for k in ("first", "second", "cells"))
    active = electronic[cells[:, 0]] & ionic[cells[:, 1]]
    sides = InterfaceSides(first[active], second[active], cells[active])
    return ReactiveSurface(material, sides, float(triangle_areas(mesh.vertices, sides.first).sum()))


def _fractions(mesh: LabelledMesh, lithiated: BoolArray, ionic: BoolArray) -> dict[str, float]:
    """Active volume of AM (electronic contact and reactive surface) and of SE over the whole phase."""
    volumes = mesh.volumes()
    shares = {}
    for phase, active in ((Phase.AM, lithiated), (Phase.SE, ionic)):
        of_phase = mesh.phases == phase
        total = volumes[of_phase].sum()
        if total > 0.0:
            shares[phase.name] = float(volumes[of_phase & active].sum() / total)
    return shares
