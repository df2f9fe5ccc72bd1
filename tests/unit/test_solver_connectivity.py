"""Which cells hang together, through periodic walls too, and which part of a cell is active."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from meshing.labelled_mesh import interface_areas
from meshing.structured_mesh import box_midpoints
from solver.active_network import find_active_network
from solver.conduction import ConductionSettings, solve_conduction
from solver.connectivity import CellGraph
from tests.unit.box_mesh import UM, box_of, boxes


@pytest.mark.parametrize(("periodic", "count"), [(True, 1), (False, 2)])
def test_clusters_join_through_periodic_walls(periodic: bool, count: int) -> None:
    """SE boxes at x = 0 and x = 3 of a row of four are neighbours only through the wall."""
    phases = np.full((4, 2, 2), int(Phase.void))
    phases[0], phases[3] = Phase.SE, Phase.SE
    mesh = boxes(phases)
    member = mesh.phases == Phase.SE
    labels = CellGraph(mesh, (periodic, True)).clusters(member)
    assert len(np.unique(labels[member])) == count
    assert np.all(labels[~member] == -1)


def test_edges_and_corners_do_not_join() -> None:
    """A checkerboard touches along edges only."""
    phases = np.where(np.indices((4, 1, 4)).sum(axis=0) % 2 == 0, int(Phase.SE), int(Phase.void))
    mesh = boxes(phases)
    member = mesh.phases == Phase.SE
    assert len(np.unique(CellGraph(mesh).clusters(member)[member])) == 8


def test_connected_to_finds_whole_clusters_of_members() -> None:
    phases = np.full((2, 2, 5), int(Phase.SE))
    phases[:, :, 2] = Phase.void
    mesh = boxes(phases)
    graph = CellGraph(mesh)
    below = graph.connected_to(mesh.phases == Phase.SE, graph.cells_at("counter"))
    assert np.array_equal(below, box_of(mesh)[:, 2] < 2)


def test_active_network_leaves_out_what_is_cut_off() -> None:
    """One column each: AM on the collector, AM alone in SE, SE cut off by void; AM on CBD on the collector."""
    phases = np.full((4, 3, 4), int(Phase.SE))
    phases[:, :, 0] = Phase.separator
    phases[0, 0, 2:] = Phase.AM  # joined to the collector, in SE
    phases[2, 0, 2] = Phase.AM  # no electronic contact
    phases[0, 2, 2], phases[0, 2, 3] = Phase.AM, Phase.CBD
    phases[2, 2, 3], phases[2, 2, 2] = Phase.SE, Phase.void
    for x, y in ((1, 2), (3, 2), (2, 1), (2, 0)):
        phases[x, y, 3] = Phase.void  # around the lonely SE box
    mesh = boxes(phases, bottom=UM)
    network = find_active_network(mesh)
    at = {tuple(b): k for k, b in enumerate(box_of(mesh))}
    assert network.insertion[at[0, 0, 2]]
    assert network.insertion[at[0, 2, 2]]
    assert not network.insertion[at[2, 0, 2]]
    assert network.electronic[at[0, 2, 3]]
    assert not network.ionic[at[2, 2, 3]]
    assert network.active_fraction["AM"] == pytest.approx(3.0 / 4.0)
    assert network.active_fraction["SE"] == pytest.approx(1.0 - 1.0 / (phases == Phase.SE).sum())
    # Faces of the active AM boxes that look into SE or separator, through the periodic walls too.
    column, single = 4 + 4 + 1, 4 + 1
    open_to_void = sum(phases[x % 4, y % 3, 3] == Phase.void for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)))
    beside_each_other = 2  # (0,0) and (0,2) touch through the wall y, at heights 2 and 3
    expected = column + single - open_to_void - beside_each_other - 1
    assert network.surfaces[0].area == pytest.approx(expected * UM**2, rel=1e-12)


def test_what_is_driven_along_z_does_not_pass_from_the_collector_to_the_counter_face() -> None:
    """AM on top and SE below of a mesh that is periodic along z meet twice; only one surface reacts."""
    phases = np.full((2, 2, 4), int(Phase.SE))
    phases[:, :, 2:] = Phase.AM
    mesh = boxes(phases, (True, True, True))
    assert interface_areas(mesh)["AM|SE"] == pytest.approx(8.0 * UM**2, rel=1e-12)
    assert find_active_network(mesh).surfaces[0].area == pytest.approx(4.0 * UM**2, rel=1e-12)
    ends = np.full((2, 2, 4), int(Phase.void))
    ends[:, :, [0, 3]] = Phase.SE
    mesh = boxes(ends, (True, True, True))
    member = mesh.phases == Phase.SE
    assert len(np.unique(CellGraph(mesh).clusters(member)[member])) == 2


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ((Phase.separator, Phase.AM, Phase.SE), "collector"),
        ((Phase.void, Phase.SE, Phase.AM), "counter"),
        ((Phase.separator, Phase.void, Phase.AM), "AM|SE"),
    ],
)
def test_missing_paths_are_named(stack: tuple[Phase, ...], message: str) -> None:
    phases = np.broadcast_to(np.array([int(p) for p in stack]), (2, 2, 3)).copy()
    with pytest.raises(InputError) as caught:
        find_active_network(boxes(phases))
    assert message in str(caught.value)


@pytest.mark.mpi
def test_only_one_rank_looks_for_neighbours(comm: MPI.Intracomm) -> None:
    """The network is found on rank 0 and sent to the others, which never build the facets of the whole mesh."""
    phases = np.full((3, 3, 4), int(Phase.SE))
    phases[1, 1, :] = Phase.void
    mesh = boxes(phases)
    graph = CellGraph(mesh)
    result = solve_conduction(mesh, ConductionSettings("ionic", {Phase.SE: 2.0}, order=1), comm, graph)
    assert ("links" in vars(graph)) == (comm.rank == 0)
    assert result.summary["effective_conductivity_S_m"] == pytest.approx(2.0 * 8.0 / 9.0, rel=1e-9)
    assert (result.vertex_potential is None) == (comm.rank != 0)


def test_boxes_are_where_the_tests_think() -> None:
    phases = np.arange(24).reshape(2, 3, 4) % 2 + 1
    mesh = boxes(phases)
    assert np.array_equal(phases[tuple(box_of(mesh).T)], mesh.phases)
    axes = tuple(UM * np.arange(n + 1.0) for n in phases.shape)
    assert len(box_midpoints((axes[0], axes[1], axes[2]))) == 24
