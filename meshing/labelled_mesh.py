"""The labelled-mesh contract: tetrahedra with phase and particle, facets with names."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from manufacturing.errors import InputError, StageError
from manufacturing.phases import (
    COLLECTOR,
    COLLECTOR_UNCOVERED,
    COUNTER,
    DELAMINATED,
    ELECTRODE_BOTTOM,
    WALLS,
    Phase,
    interface_name,
)

from .facets import FacetPairs, pair_facets, triangle_areas
from .mesh_quality import measure_quality

FORMAT = "granode-mesh"
FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)  # 1 has no third entry in ``periodic``
NO_PARTICLE = -1
MAPPED_BYTES = 1 << 20  # smaller arrays are read
TOP_FACES = (COLLECTOR, COLLECTOR_UNCOVERED)
OPPOSITE_FACES = ((("x-",), ("x+",)), (("y-",), ("y+",)), ((COUNTER,), TOP_FACES))
LATERAL_AXES = (0, 1)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelledMesh:
    """A conforming tetrahedral mesh of the cell between ``counter`` (z = lower) and ``collector`` (z = upper).

    Named facets are the interfaces ``A|B`` (phases sorted by integer), the faces ``counter``,
    ``collector``, ``x-, x+, y-, y+``, the internal plane ``electrode_bottom`` and, on request, the
    contacts ``A|A`` between particles of a phase. A facet of the
    internal plane that is also an interface (``AM|separator``) carries the interface's name. What the
    collector does not touch is ``collector_uncovered``, interfaces that came apart end in ``_delaminated``.
    """

    vertices: FloatArray  # (nv, 3) [m]
    cells: IntArray  # (nc, 4), positive orientation
    phases: IntArray  # (nc,) members of Phase
    particle_ids: IntArray  # (nc,) particle of the nearest surface, NO_PARTICLE in void and separator
    lower: FloatArray  # (3,) [m]
    upper: FloatArray  # (3,) [m]
    electrode_bottom: float  # [m] z of the plane between separator and electrode; lower z without separator
    periodic: tuple[bool, bool, bool]  # x, y, z: opposite walls match vertex by vertex
    facets: IntArray  # (nf, 3) vertices of the named facets
    facet_cells: IntArray  # (nf, 2) cells on both sides, -1 outside
    facet_tags: IntArray  # (nf,) index into facet_names
    facet_names: tuple[str, ...]
    report: dict[str, Any] = field(default_factory=dict)  # what meshing measured, for the summary
    provenance: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)  # columns by table; not part of the file

    def volumes(self) -> FloatArray:
        """Return the volume of each cell, shape (nc,) [m3]."""
        return tetrahedron_volumes(self.vertices, self.cells)

    def named(self, *names: str) -> IntArray:
        """Return the indices of the facets with one of the names (none if there is no such facet)."""
        tags = [self.facet_names.index(name) for name in names if name in self.facet_names]
        return np.flatnonzero(np.isin(self.facet_tags, tags))

    def area(self, name: str) -> float:
        """Return the total area of the facets called ``name`` [m2]."""
        return float(triangle_areas(self.vertices, self.facets[self.named(name)]).sum())

    def per_cell(self, values: dict[Phase, float]) -> FloatArray:
        """Return a quantity given by phase on every cell, 0 where the phase has none, shape (nc,)."""
        table = np.zeros(max(Phase) + 1)
        for phase, value in values.items():
            table[phase] = value
        return np.asarray(table[self.phases])

    def at_counter(self, z: FloatArray) -> npt.NDArray[np.bool_]:
        """Return which heights [m] lie on the counter plane, to rounding."""
        return z < self.lower[2] + 1e-7 * (self.upper[2] - self.lower[2])

    def at_collector(self, z: FloatArray) -> npt.NDArray[np.bool_]:
        """Return which heights [m] lie on the collector plane, to rounding."""
        return z > self.upper[2] - 1e-7 * (self.upper[2] - self.lower[2])

    @property
    def cross_section(self) -> float:
        """Area of the box normal to z [m2]."""
        return float(np.prod((self.upper - self.lower)[:2]))

    @property
    def electrode_thickness(self) -> float:
        """Distance between ``electrode_bottom`` and ``collector`` [m]."""
        return float(self.upper[2] - self.electrode_bottom)

    def save(self, path: Path) -> None:
        """Write the mesh to an HDF5 file, complete or not at all."""
        partial = path.with_name(path.name + ".partial")
        with h5py.File(partial, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["phase_names"] = json.dumps({phase.name: int(phase) for phase in Phase})
            file.attrs["periodic"] = np.array(self.periodic)
            file.attrs["electrode_bottom"] = self.electrode_bottom
            file.attrs["facet_names"] = json.dumps(self.facet_names)
            file.attrs["report"] = json.dumps(self.report)
            file.attrs["provenance"] = json.dumps(self.provenance)
            for name in _ARRAYS:
                file[name] = getattr(self, name)
        os.replace(partial, path)


_ARRAYS = ("vertices", "cells", "phases", "particle_ids", "lower", "upper", "facets", "facet_cells", "facet_tags")


def _read(path: Path, data: h5py.Dataset) -> npt.NDArray[Any]:
    """Return an array of a file; a large one is mapped read-only, so that all processes of a machine share it."""
    offset = data.id.get_offset()
    if data.nbytes < MAPPED_BYTES or offset is None:
        return np.asarray(data[()])
    return np.asarray(np.memmap(path, data.dtype, "r", offset, data.shape))


def load_mesh(path: Path) -> LabelledMesh:
    """Read a labelled mesh written by :meth:`LabelledMesh.save`.

    Raises:
        InputError: the file is missing, truncated, of another format or of another version.
    """
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise InputError(str(path), file.attrs.get("format"), f"a file of format {FORMAT}")
            if file.attrs["format_version"] not in READABLE_VERSIONS:
                raise InputError(
                    str(path), f"format version {file.attrs['format_version']}", f"version {FORMAT_VERSION}"
                )
            arrays: dict[str, Any] = {name: _read(path, file[name]) for name in _ARRAYS}
            x, y, z = [bool(p) for p in file.attrs["periodic"]] + [False] * (3 - len(file.attrs["periodic"]))
            names = tuple(json.loads(file.attrs["facet_names"]))
            report, provenance = (json.loads(file.attrs[k]) for k in ("report", "provenance"))
            bottom = float(file.attrs["electrode_bottom"])
    except (OSError, KeyError) as error:
        raise InputError(str(path), f"an unreadable file ({error})", f"an HDF5 file of format {FORMAT}") from error
    return LabelledMesh(
        **arrays,
        periodic=(x, y, z),
        electrode_bottom=bottom,
        facet_names=names,
        report=report,
        provenance=provenance,
    )


def build_labelled_mesh(
    vertices: FloatArray,
    cells: IntArray,
    phases: IntArray,
    particle_ids: IntArray,
    lower: FloatArray,
    upper: FloatArray,
    electrode_bottom: float,
    periodic: tuple[bool, bool, bool],
    report: dict[str, Any] | None = None,
    contact_planes: tuple[Phase, ...] = (),
) -> LabelledMesh:
    """Name the facets of labelled cells and check that the mesh is conforming.

    Raises:
        StageError: a cell has no volume, an unmatched facet lies inside the box (hanging nodes), cells overlap,
            or the walls of a periodic axis do not match one to one.
    """
    cells = orient(vertices, cells)
    pairs = pair_facets(cells)
    quality = measure_quality(vertices, cells, tetrahedron_volumes(vertices, cells), pairs, upper - lower)
    quality.check()
    contacts = _contact_facets(phases, particle_ids, pairs, contact_planes)
    facets, facet_cells, tags, names = _name_facets(vertices, phases, pairs, contacts, lower, upper, electrode_bottom)
    mesh = LabelledMesh(
        vertices,
        cells,
        phases.astype(np.int64),
        particle_ids.astype(np.int64),
        lower,
        upper,
        float(electrode_bottom),
        periodic,
        facets,
        facet_cells,
        tags,
        names,
    )
    walls = {"xyz"[axis]: len(match_walls(mesh, axis).low) for axis in range(3) if periodic[axis]}
    return replace(mesh, report=(report or {}) | {"quality": quality.figures(walls)})


def tetrahedron_volumes(vertices: FloatArray, cells: IntArray) -> FloatArray:
    """Return signed volumes det(b - a, c - a, d - a)/6 of tetrahedra, shape (nc,) [m3]."""
    a = vertices[cells[:, 0]]
    b, c, d = (vertices[cells[:, k]] - a for k in (1, 2, 3))
    return np.asarray(np.einsum("ij,ij->i", np.cross(b, c), d) / 6.0)


def orient(vertices: FloatArray, cells: IntArray) -> IntArray:
    """Return the cells with positive orientation; raise StageError for a cell without volume."""
    volumes = tetrahedron_volumes(vertices, cells)
    if not np.all(np.abs(volumes) > 0.0):
        raise StageError(f"{int((volumes == 0.0).sum())} cells of the mesh have no volume")
    cells = cells.astype(np.int64, copy=True)
    flip = volumes < 0.0
    cells[flip] = cells[flip][:, [1, 0, 2, 3]]
    return cells


def _contact_facets(
    phases: IntArray, particle_ids: IntArray, pairs: FacetPairs, contact_planes: tuple[Phase, ...]
) -> dict[str, npt.NDArray[np.bool_]]:
    """Return by name which facets lie between different particles of a phase with contact planes."""
    behind = pairs.cells[:, 1]
    different = (behind >= 0) & (particle_ids[pairs.cells[:, 0]] != particle_ids[behind])
    return {
        interface_name(p, p): different & (phases[pairs.cells[:, 0]] == p) & (phases[behind] == p)
        for p in sorted(contact_planes)
    }


def _name_facets(
    vertices: FloatArray,
    phases: IntArray,
    pairs: FacetPairs,
    contacts: dict[str, npt.NDArray[np.bool_]],
    lower: FloatArray,
    upper: FloatArray,
    bottom: float,
) -> tuple[IntArray, IntArray, IntArray, tuple[str, ...]]:
    """Select interface, face and internal-plane facets and give each its name."""
    tolerance = 1e-6 * float((upper - lower).min())
    outer = pairs.cells[:, 1] < 0
    z = vertices[pairs.facets][:, :, 2]
    names: list[str] = []
    tags = np.full(len(pairs.facets), -1, dtype=np.int64)

    def assign(name: str, where: npt.NDArray[np.bool_], always: bool = False) -> None:
        """Give facets a name; a later name wins."""
        if always or where.any():
            names.append(name)
            tags[where] = len(names) - 1

    if bottom > lower[2] + tolerance:
        assign(ELECTRODE_BOTTOM, ~outer & np.all(np.abs(z - bottom) < tolerance, axis=1))
    for name, where in contacts.items():
        assign(name, where, always=True)  # planes may all coincide with periodic walls
    first = phases[pairs.cells[:, 0]]
    second = np.where(outer, first, phases[pairs.cells[:, 1]])
    code = np.minimum(first, second) * 100 + np.maximum(first, second)
    for value in np.unique(code[first != second]):
        assign(interface_name(value // 100, value % 100), (code == value) & (first != second))
    planes = ((COUNTER, 2, lower[2]), (COLLECTOR, 2, upper[2]), *_wall_planes(lower, upper))
    for name, axis, value in planes:
        on_plane = np.zeros(len(tags), dtype=bool)
        on_plane[outer] = np.all(np.abs(vertices[pairs.facets[outer]][:, :, axis] - value) < tolerance, axis=1)
        assign(name, on_plane)
    keep = tags >= 0
    return pairs.facets[keep], pairs.cells[keep], tags[keep], tuple(names)


def _wall_planes(lower: FloatArray, upper: FloatArray) -> list[tuple[str, int, float]]:
    return [(name, "xy".index(name[0]), float((lower, upper)[name[1] == "+"]["xy".index(name[0])])) for name in WALLS]


@dataclass(frozen=True)
class WallPairs:
    """Facets of two opposite walls that are the same facet of the periodic cell."""

    low: IntArray  # (n, 3) vertices on the lower wall
    high: IntArray  # (n, 3) their copies on the upper wall, vertex by vertex
    cells: IntArray  # (n, 2) cells behind the lower and behind the upper facet


def match_walls(mesh: LabelledMesh, axis: int) -> WallPairs:
    """Pair the facets of the two walls of a periodic axis, vertex by vertex.

    Raises:
        StageError: the walls do not match one to one.
    """
    names = OPPOSITE_FACES[axis]
    low, high = (mesh.named(*parts) for parts in names)
    error = StageError(f"the walls {names[0][0]} and {names[1][0]} of the mesh do not match one to one")
    if len(low) != len(high) or len(low) == 0:
        raise error
    corners = [np.unique(mesh.facets[index]) for index in (low, high)]
    other = [k for k in range(3) if k != axis]
    distance, nearest = cKDTree(mesh.vertices[corners[1]][:, other]).query(mesh.vertices[corners[0]][:, other])
    edge = np.sqrt(triangle_areas(mesh.vertices, mesh.facets[low]).min())
    if distance.max() > 1e-4 * edge or len(np.unique(nearest)) != len(corners[1]):
        raise error
    copies = corners[1][nearest][np.searchsorted(corners[0], mesh.facets[low])]
    order = np.lexsort(np.sort(copies, axis=1).T[::-1])
    target = np.lexsort(np.sort(mesh.facets[high], axis=1).T[::-1])
    if not np.array_equal(np.sort(copies, axis=1)[order], np.sort(mesh.facets[high], axis=1)[target]):
        raise error
    behind = np.column_stack([mesh.facet_cells[low[order], 0], mesh.facet_cells[high[target], 0]])
    return WallPairs(mesh.facets[low[order]], copies[order], behind)


@dataclass(frozen=True)
class InterfaceSides:
    """An interface seen from both sides; through a periodic wall the two sides are different vertices."""

    first: IntArray  # (n, 3) vertices on the side of the first phase
    second: IntArray  # (n, 3) the same corners on the side of the second phase
    cells: IntArray  # (n, 2) cells on the first and second side


def interface_sides(
    mesh: LabelledMesh, first: int, second: int, axes: tuple[int, ...] = LATERAL_AXES
) -> InterfaceSides:
    """Return all facets between two phases, those that coincide with a periodic wall of ``axes`` included.

    For a phase with contact planes both phases may be the same; the first side then has the lower particle id.
    What a current along z drives sees the lateral walls only: nothing passes from collector to counter.
    """
    name = interface_name(first, second)
    index = mesh.named(name)
    parts = [(mesh.facets[index], mesh.facets[index], mesh.facet_cells[index])]
    for axis in axes:
        if mesh.periodic[axis]:
            walls = match_walls(mesh, axis)
            behind = mesh.phases[walls.cells]
            across = np.sort(behind, axis=1)
            hit = (across[:, 0] == min(first, second)) & (across[:, 1] == max(first, second))
            hit &= (first != second) | (
                (name in mesh.facet_names) & (np.ptp(mesh.particle_ids[walls.cells], axis=1) > 0)
            )
            parts.append((walls.low[hit], walls.high[hit], walls.cells[hit]))
    sides = [np.concatenate([part[k] for part in parts]) for k in range(3)]
    order = mesh.particle_ids if first == second else mesh.phases != first
    swap = order[sides[2][:, 0]] > order[sides[2][:, 1]]
    sides[0][swap], sides[1][swap] = sides[1][swap].copy(), sides[0][swap].copy()
    sides[2][swap] = sides[2][swap][:, ::-1].copy()
    return InterfaceSides(*sides)


def describe(mesh: LabelledMesh) -> dict[str, Any]:
    """Return the figures of the mesh that every run reports (volume fractions refer to the electrode)."""
    volumes = mesh.volumes()
    electrode = (mesh.phases != Phase.separator) & (mesh.phases != Phase.anode)
    total = volumes[electrode].sum()
    areas = interface_areas(mesh)
    if "AM|separator" in areas:
        areas["AM|SE"] = areas.get("AM|SE", 0.0) + areas["AM|separator"]
    return {
        "cells": len(mesh.cells),
        "vertices": len(mesh.vertices),
        "cells_by_phase": {p.name: int((mesh.phases == p).sum()) for p in Phase if (mesh.phases == p).any()},
        "volume_fraction": {
            p.name: float(volumes[mesh.phases == p].sum() / total)
            for p in (Phase.AM, Phase.SE, Phase.CBD, Phase.void)
            if total > 0.0
        },
        "interface_area_m2": areas,
        "collector_area_m2": _areas_behind(mesh, COLLECTOR),
        "periodic": list(mesh.periodic),
        "electrode_thickness_m": mesh.electrode_thickness,
        "cross_section_m2": mesh.cross_section,
    }


def _areas_behind(mesh: LabelledMesh, face: str) -> dict[str, float]:
    """Return the area of an outer face that each phase touches [m2]."""
    index = mesh.named(face)
    areas = triangle_areas(mesh.vertices, mesh.facets[index])
    behind = mesh.phases[mesh.facet_cells[index, 0]]
    return {p.name: float(areas[behind == p].sum()) for p in Phase if (behind == p).any()}


def interface_areas(mesh: LabelledMesh) -> dict[str, float]:
    """Return the area of every interface and of named contact planes, through periodic walls too [m2]."""
    present = [int(p) for p in Phase if (mesh.phases == p).any()]
    areas = {}
    for k, first in enumerate(present):
        same = [first] if interface_name(first, first) in mesh.facet_names else []
        for second in same + present[k + 1 :]:
            sides = interface_sides(mesh, first, second, (0, 1, 2))
            if len(sides.first):
                areas[interface_name(first, second)] = float(triangle_areas(mesh.vertices, sides.first).sum())
    return areas | {name: mesh.area(name) for name in mesh.facet_names if name.endswith(DELAMINATED)}


def renamed(mesh: LabelledMesh, facets: IntArray, name: str) -> LabelledMesh:
    """Return the mesh with another name for some of its named facets, given by their indices (n,)."""
    names = mesh.facet_names if name in mesh.facet_names else (*mesh.facet_names, name)
    tags = mesh.facet_tags.copy()
    tags[facets] = names.index(name)
    return replace(mesh, facet_tags=tags, facet_names=names)
