"""Which clusters wrap around a periodic box.

Seen to fail with: clusters that touch both walls counted as wrapping, images added without their sign.
"""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.phases import Phase
from solver.connectivity import CellGraph
from solver.wrapping import find_wrapping

from .test_solver_connectivity import boxes


def wraps(phases: np.ndarray) -> list[str]:
    """The axes around which each cluster of SE wraps, as sorted texts."""
    mesh = boxes(phases, (True, True, True))
    found = find_wrapping(CellGraph(mesh, (True, True, True)), mesh.phases == Phase.SE)
    labels = np.unique(found.labels[found.labels >= 0])
    return sorted("".join(a for a, yes in zip("xyz", found.wraps[k], strict=True) if yes) for k in labels)


def empty(*shape: int) -> np.ndarray:
    return np.full(shape, int(Phase.void))


def test_a_column_wraps_around_its_own_axis_only() -> None:
    for axis, name in enumerate("xyz"):
        phases = empty(3, 3, 3)
        index: list[int | slice] = [1, 1, 1]
        index[axis] = slice(None)
        phases[tuple(index)] = Phase.SE
        assert wraps(phases) == [name]


def test_touching_both_walls_is_not_enough() -> None:
    """A bar from wall to wall whose ends do not meet there: it comes back one box higher, which is void."""
    phases = empty(4, 3, 3)
    phases[:2, 1, 0], phases[1, 1, 1], phases[1:, 1, 2] = Phase.SE, Phase.SE, Phase.SE
    mesh = boxes(phases, (True, True, False))
    member = mesh.phases == Phase.SE
    graph = CellGraph(mesh, (True, True))
    for wall in ("x-", "x+"):
        assert np.array_equal(graph.connected_to(member, graph.cells_at(wall)), member), wall
    assert not find_wrapping(graph, member).wraps.any()


def test_going_through_a_wall_and_ending_there_is_not_enough() -> None:
    """Two pieces at the walls of each axis that are one cluster through the wall, and nothing else."""
    for axis in range(3):
        phases = empty(4, 4, 4)
        index: list[int] = [1, 1, 1]
        for end in (0, 3):
            index[axis] = end
            phases[tuple(index)] = Phase.SE
        assert wraps(phases) == [""]


def test_a_staircase_wraps_around_both_axes() -> None:
    """Four boxes on the diagonal of x and z, joined by four more; it closes on the image (1, 0, 1)."""
    phases = empty(4, 1, 4)
    for k in range(4):
        phases[k, 0, k] = phases[(k + 1) % 4, 0, k] = Phase.SE
    phases = np.repeat(phases, 3, axis=1)
    phases[:, ::2] = Phase.void
    assert wraps(phases) == ["xz"]


def test_clusters_are_judged_one_by_one() -> None:
    phases = empty(5, 3, 4)
    phases[:, 1, 2] = Phase.SE
    phases[3, :, 0] = Phase.SE
    phases[0, 0, 0] = Phase.SE
    assert wraps(phases) == ["", "x", "y"]


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_cells_of_wrapping_clusters(axes: tuple[int, ...]) -> None:
    phases = empty(5, 3, 4)
    phases[:, 1, 2] = Phase.SE
    phases[3, :, 0] = Phase.SE
    mesh = boxes(phases, (True, True, True))
    found = find_wrapping(CellGraph(mesh, (True, True, True)), mesh.phases == Phase.SE).along(axes)
    volume = mesh.volumes()[found].sum() / 1e-18
    assert volume == pytest.approx(sum((5.0, 3.0)[a] for a in axes))
