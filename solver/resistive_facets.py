"""Interface resistances: which facets resist, and the mesh split there so that the potential may jump (Eq. 3d).

A vertex on such facets gets one copy for each fan of cells around it: cells that share a facet without
resistance at the vertex are in one fan. Where a set of facets ends inside a phase, the cells go around its
edge, form one fan, and the end stays joined. Fans are found on the periodic box, so a facet that lies on a
wall separates what it should and what meets through the wall stays together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from manufacturing.phases import Phase
from meshing.facets import triangle_areas
from meshing.labelled_mesh import LabelledMesh, WallPairs

from .connectivity import CellGraph

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

INSULATING = 1e9  # R sigma/L above which nothing measurable passes: the facet insulates
PERFECT = 1e-6  # R sigma/h below which the contact is perfect: as penalties such facets only slow the solver down
SMALLEST = 1e-200  # conductivity below which there is none
NO_FAN = -1


@dataclass(frozen=True)
class ResistiveFacets:
    """Facets with a resistance, seen from both sides; the corners of the sides match one by one."""

    first: IntArray  # (n, 3) vertices of the split mesh on the first side
    second: IntArray  # (n, 3) on the second side; through a periodic wall they lie on the other wall
    cells: IntArray  # (n, 2) cells on both sides
    resistance: FloatArray  # (n,) [Ohm m2], for heat [m2 K/W]
    names: tuple[str, ...]  # of the interfaces
    name_index: IntArray  # (n,) index into names


@dataclass(frozen=True)
class Contacts:
    """All facets between two cells, inside the box and through its periodic walls."""

    first: IntArray  # (n, 3) vertices as the first cell has them
    second: IntArray  # (n, 3) as the second cell has them
    cells: IntArray  # (n, 2)
    axis: IntArray  # (n,) of the wall, -1 inside

    @classmethod
    def of(cls, graph: CellGraph) -> Contacts:
        """Collect the facets of a graph's mesh in the order of its links."""
        facets = graph.inner_facets.facets
        first, second, cells = [facets], [facets], [graph.inner_facets.cells]
        axis = [np.full(len(facets), -1)]
        for k, walls in graph.walls.items():
            first.append(walls.low)
            second.append(walls.high)
            cells.append(walls.cells)
            axis.append(np.full(len(walls.cells), k))
        return cls(*(np.concatenate(parts) for parts in (first, second, cells, axis)))

    def select(self, keep: BoolArray) -> Contacts:
        """Return some of the facets."""
        return Contacts(self.first[keep], self.second[keep], self.cells[keep], self.axis[keep])

    def as_graph(self, graph: CellGraph) -> CellGraph:
        """Return a graph with these facets as the only links."""
        joined = CellGraph(graph.mesh, graph.periodic)
        joined.inner_links = self.cells[self.axis < 0]
        by_axis = {k: self.select(self.axis == k) for k in graph.walls}
        joined.walls = {k: WallPairs(part.first, part.second, part.cells) for k, part in by_axis.items()}
        return joined


@dataclass(frozen=True)
class Resistances:
    """The facets of a mesh that resist: one entry for each facet of ``contacts``."""

    contacts: Contacts
    values: FloatArray  # (n,) 0 where the contact is perfect, infinite where it insulates
    names: tuple[str, ...]
    name_index: IntArray  # (n,) index into names, -1 where the contact is perfect

    @property
    def conducting(self) -> Contacts:
        """The facets through which current may pass."""
        return self.contacts.select(np.isfinite(self.values))

    def as_graph(self, graph: CellGraph) -> CellGraph:
        """Return the graph without the facets that insulate."""
        return graph if np.isfinite(self.values).all() else self.conducting.as_graph(graph)


def find_resistances(
    graph: CellGraph, resistances: dict[str, float], conductivity: FloatArray, contacts: Contacts | None = None
) -> Resistances:
    """Find the resistance of every facet between two cells.

    Args:
        graph: neighbours of the cells.
        resistances: by name of the interface; same-phase planes lie between particles of the phase.
        conductivity: (cells,) or (cells, 3, 3); R sigma/L above 1e9 on the worse side counts as insulating, R sigma/h
            below 1e-6 with the edge h of a facet as a perfect contact.
        contacts: the facets of the graph, when already known.
    """
    mesh, contacts = graph.mesh, contacts or Contacts.of(graph)
    names = tuple(name for name, value in resistances.items() if value > 0.0)
    if not names:
        return Resistances(contacts, np.zeros(len(contacts.cells)), (), np.full(len(contacts.cells), -1))
    phases = mesh.phases[contacts.cells]
    particles = mesh.particle_ids[contacts.cells]
    kind = np.full((max(Phase) + 1, max(Phase) + 1), -1)
    for k, name in enumerate(names):
        first, second = (Phase[part] for part in name.split("|"))
        kind[first, second] = kind[second, first] = k
    index = kind[phases[:, 0], phases[:, 1]]
    index[(phases[:, 0] == phases[:, 1]) & (particles[:, 0] == particles[:, 1])] = -1
    values = np.append([resistances[name] for name in names], 0.0)[index]
    scalar = conductivity if conductivity.ndim == 1 else np.trace(conductivity, axis1=1, axis2=2) / 3.0
    worse = scalar[contacts.cells].min(axis=1)
    scale = 1.0 / np.maximum(worse, SMALLEST)
    size = np.sqrt(2.0 * triangle_areas(mesh.vertices, contacts.first))
    values[values > INSULATING * mesh.electrode_thickness * scale] = np.inf
    index[values < PERFECT * size * scale] = -1
    values[index < 0] = 0.0
    return Resistances(contacts, values, names, index)


@dataclass(frozen=True)
class SplitMesh:
    """A labelled mesh with a copy of each vertex for every fan around it."""

    mesh: LabelledMesh
    origin: IntArray  # (vertices,) vertex of the mesh before
    fans: IntArray  # (vertices,) fan in the periodic box, NO_FAN where nothing was split
    resistive: ResistiveFacets


def split_mesh(mesh: LabelledMesh, resistances: Resistances, member: BoolArray) -> SplitMesh:
    """Split a mesh at the facets that resist or insulate between member cells, and where cells meet in a point only.

    A vertex at which cells meet without a path of facets around it carries no current; nodes there would.

    Args:
        mesh: labelled mesh.
        resistances: of its facets.
        member: (cells,) cells on which the potential lives.
    """
    between = member[resistances.contacts.cells].all(axis=1)
    split = between & (resistances.values > 0.0)
    contacts = resistances.contacts
    joined = contacts.select(between & ~split)
    touched = _touched_vertices(mesh, contacts, split) | _pinched_vertices(mesh, joined, contacts, member)
    cells, origin, fans = _split_vertices(mesh, joined, touched, member)
    chosen = split & np.isfinite(resistances.values)
    open_facets = contacts.select(chosen)
    sides = [
        renumbered(mesh.cells, cells, open_facets.cells[:, k], (open_facets.first, open_facets.second)[k])
        for k in (0, 1)
    ]
    apart = (sides[0] != sides[1]).any(axis=1)
    resistive = ResistiveFacets(
        sides[0][apart],
        sides[1][apart],
        open_facets.cells[apart],
        resistances.values[chosen][apart],
        resistances.names,
        resistances.name_index[chosen][apart],
    )
    facets = renumbered(mesh.cells, cells, mesh.facet_cells[:, 0], mesh.facets)
    return SplitMesh(replace(mesh, vertices=mesh.vertices[origin], cells=cells, facets=facets), origin, fans, resistive)


def _touched_vertices(mesh: LabelledMesh, contacts: Contacts, split: BoolArray) -> BoolArray:
    """Return which vertices lie on split facets, with all their periodic copies."""
    touched = np.zeros(len(mesh.vertices), dtype=bool)
    touched[contacts.first[split]] = touched[contacts.second[split]] = True
    walls = contacts.select(contacts.axis >= 0)
    low, high = walls.first.ravel(), walls.second.ravel()
    count = -1
    while touched.sum() != count:
        count = touched.sum()
        either = touched[low] | touched[high]
        touched[low[either]] = touched[high[either]] = True
    return touched


def _pinched_vertices(mesh: LabelledMesh, joined: Contacts, contacts: Contacts, member: BoolArray) -> BoolArray:
    """Return which vertices member cells share without hanging together by facets around them, walls included."""
    outside = ~member[contacts.cells].all(axis=1)
    surface = np.zeros(len(mesh.vertices), dtype=bool)
    surface[contacts.first[outside]] = surface[contacts.second[outside]] = True
    surface[mesh.facets[mesh.facet_cells[:, 1] < 0]] = True
    around = np.flatnonzero(member & surface[mesh.cells].any(axis=1))
    place = np.full(len(mesh.cells), -1, dtype=np.int64)
    place[around] = np.arange(len(around))
    links, _ = _fan_links(mesh, joined, surface, place)
    corners = mesh.cells[around].ravel()
    nodes = np.flatnonzero(surface[corners])
    walls = contacts.select(contacts.axis >= 0)
    # Copies of a vertex on joined walls are one vertex.
    same = _components(np.column_stack([walls.first.ravel(), walls.second.ravel()]), len(mesh.vertices))
    fan = _components(links, 4 * len(around))[nodes]
    vertex_of_fan = np.full(4 * len(around), -1, dtype=np.int64)
    vertex_of_fan[fan] = same[corners[nodes]]
    fans = np.bincount(vertex_of_fan[vertex_of_fan >= 0], minlength=int(same.max()) + 1)
    return np.asarray(fans[same] > 1)


def _split_vertices(
    mesh: LabelledMesh, joined: Contacts, touched: BoolArray, member: BoolArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Give each fan of member cells around a touched vertex a vertex of its own.

    Returns:
        Cells (cells, 4) with the new vertices, the old vertex of each (vertices,) and its periodic fan (vertices,).
    """
    around = np.flatnonzero(member & touched[mesh.cells].any(axis=1))
    place = np.full(len(mesh.cells), -1, dtype=np.int64)
    place[around] = np.arange(len(around))
    links, inner = _fan_links(mesh, joined, touched, place)
    size = 4 * len(around)
    in_box, periodic = _components(links[inner], size), _components(links, size)
    corners = mesh.cells[around].ravel()
    nodes = np.flatnonzero(touched[corners])
    fan, first, inverse = np.unique(in_box[nodes], return_index=True, return_inverse=True)
    old = corners[nodes[first]]
    extra = np.ones(len(fan), dtype=bool)  # the first fan of a vertex keeps it
    extra[np.unique(old, return_index=True)[1]] = False
    number = old.copy()
    number[extra] = len(mesh.vertices) + np.arange(extra.sum())
    cells = mesh.cells.copy()
    new_corners = corners.copy()
    new_corners[nodes] = number[inverse.ravel()]
    cells[around] = new_corners.reshape(-1, 4)
    origin = np.concatenate([np.arange(len(mesh.vertices)), old[extra]])
    fans = np.full(len(origin), NO_FAN, dtype=np.int64)
    fans[number] = periodic[nodes[first]]
    return cells, origin, fans


def _fan_links(mesh: LabelledMesh, joined: Contacts, touched: BoolArray, place: IntArray) -> tuple[IntArray, BoolArray]:
    """Return pairs of (cell, corner) nodes 4 place + corner that one facet joins, and which lie inside the box."""
    rows: list[IntArray] = [np.empty((0, 2), dtype=np.int64)]
    inner: list[BoolArray] = [np.empty(0, dtype=np.bool_)]
    for k in range(3):
        part = joined.select(touched[joined.first[:, k]])
        nodes = [
            4 * place[part.cells[:, side]] + _corner(mesh.cells, part.cells[:, side], vertices[:, k])
            for side, vertices in enumerate((part.first, part.second))
        ]
        rows.append(np.column_stack(nodes))
        inner.append(part.axis < 0)
    return np.concatenate(rows), np.concatenate(inner)


def _corner(cells: IntArray, which: IntArray, vertex: IntArray) -> IntArray:
    """Return at which corner of some cells a vertex sits."""
    return np.asarray((cells[which] == vertex[:, None]).argmax(axis=1))


def renumbered(old: IntArray, new: IntArray, which: IntArray, facets: IntArray) -> IntArray:
    """Return facets (n, 3) of the cells ``which`` in the vertices that these cells have now."""
    corners = [_corner(old, which, facets[:, k]) for k in range(3)]
    return np.column_stack([new[which, corner] for corner in corners])


def _components(links: IntArray, size: int) -> IntArray:
    graph = coo_matrix((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1].astype(np.int64))


def unsplit(mesh: LabelledMesh) -> SplitMesh:
    """Return a mesh without resistive facets as it is."""
    sides, none = np.empty((0, 3), dtype=np.int64), np.empty(0, dtype=np.int64)
    resistive = ResistiveFacets(sides, sides, np.empty((0, 2), dtype=np.int64), np.empty(0), (), none)
    return SplitMesh(mesh, np.arange(len(mesh.vertices)), np.full(len(mesh.vertices), NO_FAN), resistive)
