"""Straight lines through a labelled mesh: where each enters and leaves the phases.

Only the facets between different phases are looked at, so a line costs as little as its crossings; positions are
those of the facets, not of voxels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.errors import StageError
from manufacturing.phases import Phase

from .compiled import compiled
from .labelled_mesh import LabelledMesh
from .torus_mesh import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

OUTSIDE = 0  # what lies beyond the box or belongs to no electrode phase
# [spacing] of the first lines from the corner: near the middle, beside the diagonals along which meshes have edges.
OFFSETS = ((0.5010, 0.5016), (0.4983, 0.5027), (0.5037, 0.4988), (0.4931, 0.4967), (0.5071, 0.4893))


@dataclass(frozen=True)
class PhaseLines:
    """Pieces of parallel lines in one phase each, line by line from low to high."""

    axis: int
    shape: tuple[int, int]  # lines along the two other axes
    line: IntArray  # (n,) number of the line, ascending
    phase: IntArray  # (n,)
    start: FloatArray  # (n,) [m] along the axis
    end: FloatArray  # (n,) [m]

    @property
    def length(self) -> FloatArray:
        """Length of each piece, shape (n,) [m]."""
        return self.end - self.start


@dataclass(frozen=True)
class _Surface:
    """Facets between phases seen along an axis: corners across it and along it, phases on both sides."""

    across: FloatArray  # (n, 3, 2) [spacing]
    along: FloatArray  # (n, 3) [m]
    before: IntArray  # (n,)
    behind: IntArray  # (n,)


def phase_lines(mesh: LabelledMesh, axis: int, spacing: float) -> PhaseLines:
    """Draw lines through the electrode on a square grid.

    Args:
        mesh: labelled mesh.
        axis: direction of the lines, 0 to 2.
        spacing: wanted distance of the lines [m]; rounded so that they fill the box.

    Raises:
        StageError: a line finds no consistent sequence of phases.
    """
    lower, upper = mesh.lower.copy(), mesh.upper.copy()
    lower[2] = mesh.electrode_bottom
    others = [k for k in range(3) if k != axis]
    shape = np.maximum(1, np.rint((upper - lower)[others] / spacing)).astype(np.int64)
    step = (upper - lower)[others] / shape
    wanted: BoolArray = np.ones(int(shape.prod()), dtype=np.bool_)
    surface = _surface(mesh, axis, lower, step, others)
    found: list[tuple[IntArray, FloatArray, IntArray, IntArray]] = []
    for offset in OFFSETS:  # a line that hits an edge of a facet is drawn again beside it
        line, place, before, behind = _crossings(surface, shape, wanted, offset)
        failed = _inconsistent(line, before, behind, wanted)
        good = ~failed[line]
        found.append((line[good], place[good], before[good], behind[good]))
        wanted = failed
        if not wanted.any():
            break
    if wanted.any():
        raise StageError(f"{int(wanted.sum())} lines through the mesh find no consistent sequence of phases")
    line, place, before, behind = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((place, line))
    return _pieces(axis, shape, line[order], place[order], behind[order])


def _surface(mesh: LabelledMesh, axis: int, lower: FloatArray, step: FloatArray, others: list[int]) -> _Surface:
    """Collect the facets between different phases, box planes included, that are not parallel to the axis."""
    inner = mesh.facet_cells[:, 1] >= 0
    phases = np.where((mesh.phases == Phase.separator) | (mesh.phases == Phase.anode), OUTSIDE, mesh.phases)
    first = phases[mesh.facet_cells[:, 0]]
    second = np.where(inner, phases[mesh.facet_cells[:, 1]], OUTSIDE)
    differ = np.flatnonzero(first != second)
    corners = mesh.vertices[mesh.facets[differ]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inside = mesh.vertices[mesh.cells[mesh.facet_cells[differ, 0]]].mean(axis=1) - corners[:, 0]
    # Along the axis the first cell lies behind the facet where its offset and the axis agree on the normal.
    towards = (inside * normal).sum(axis=1) * normal[:, axis]
    flat = np.abs(normal[:, axis]) > 1e-12 * np.linalg.norm(normal, axis=1)
    differ, corners, towards = differ[flat], corners[flat], towards[flat]
    behind = np.where(towards > 0.0, first[differ], second[differ])
    before = np.where(towards > 0.0, second[differ], first[differ])
    return _Surface((corners[..., others] - lower[others]) / step, corners[..., axis], before, behind)


def _crossings(
    surface: _Surface, shape: IntArray, wanted: BoolArray, offset: tuple[float, float]
) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """Return line, position and phases before and behind of all crossings, ordered by line and position."""
    facet, line, place = _cross(surface.across, surface.along, shape, wanted, *offset)
    order = np.lexsort((place, line))
    facet, line, place = facet[order], line[order], place[order]
    return line, place, surface.before[facet], surface.behind[facet]


@compiled
def _cross(
    across: FloatArray, along: FloatArray, shape: IntArray, wanted: BoolArray, offset_x: float, offset_y: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return facet, line and position of each crossing: two passes, one to count and one to write."""
    count = 0
    for run in range(2):
        if run == 1:
            facet, line, place = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count)
        count = 0
        for f in range(len(across)):
            ax, ay, bx, by = across[f, 0, 0], across[f, 0, 1], across[f, 1, 0], across[f, 1, 1]
            cx, cy = across[f, 2, 0], across[f, 2, 1]
            area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
            low_x = max(int(np.ceil(min(ax, bx, cx) - offset_x)), 0)
            high_x = min(int(np.floor(max(ax, bx, cx) - offset_x)), shape[0] - 1)
            low_y = max(int(np.ceil(min(ay, by, cy) - offset_y)), 0)
            high_y = min(int(np.floor(max(ay, by, cy) - offset_y)), shape[1] - 1)
            for i in range(low_x, high_x + 1):
                for j in range(low_y, high_y + 1):
                    if not wanted[i * shape[1] + j]:
                        continue
                    x, y = i + offset_x, j + offset_y
                    u = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                    v = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                    w = 1.0 - u - v
                    if u < 0.0 or v < 0.0 or w < 0.0:
                        continue
                    if run == 1:
                        facet[count], line[count] = f, i * shape[1] + j
                        place[count] = u * along[f, 0] + v * along[f, 1] + w * along[f, 2]
                    count += 1
    return facet, line, place


def _inconsistent(line: IntArray, before: IntArray, behind: IntArray, wanted: BoolArray) -> BoolArray:
    """Return which of the wanted lines do not lead from outside through matching phases to outside."""
    failed = wanted.copy()
    starts = np.flatnonzero(np.diff(line, prepend=-1) > 0)
    ends = np.append(starts[1:], len(line)) - 1
    failed[line[starts]] = (before[starts] != OUTSIDE) | (behind[ends] != OUTSIDE)
    same = line[1:] == line[:-1]
    broken = same & (behind[:-1] != before[1:])
    failed[line[1:][broken]] = True
    return failed


def _pieces(axis: int, shape: IntArray, line: IntArray, place: FloatArray, behind: IntArray) -> PhaseLines:
    """Turn crossings into the pieces between them, without those outside the electrode."""
    piece = np.flatnonzero((line[1:] == line[:-1]) & (behind[:-1] != OUTSIDE))
    counts = (int(shape[0]), int(shape[1]))
    return PhaseLines(axis, counts, line[piece], behind[piece], place[piece], place[piece + 1])
