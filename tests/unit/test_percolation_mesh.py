"""Clusters, gaps, dead material and active area of meshes whose answer can be counted by hand.

Seen to fail with: periodic walls ignored, gap without periodic images, sides of the electrode exchanged, active
area between all AM and SE, AM counted as active without its electronic path, states of the two sides mixed up.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from manufacturing.errors import InputError
from manufacturing.phases import COLLECTOR, Phase
from solver.active_network import find_active_network
from solver.connectivity import CellGraph
from solver.percolation import find_network_clusters, find_percolation
from tests.unit.box_mesh import UM, box_of, boxes

SE, AM, CBD, VOID = int(Phase.SE), int(Phase.AM), int(Phase.CBD), int(Phase.void)


def stack(nx: int, ny: int, nz: int, **columns: str) -> np.ndarray:
    """Boxes of void with columns given from below, such as ``x1y2="SS.A"``."""
    letters = {"S": SE, "A": AM, "C": CBD, ".": VOID, "_": int(Phase.separator)}
    phases = np.full((nx, ny, nz), VOID)
    for place, letters_of in columns.items():
        phases[int(place[1]), int(place[3])] = [letters[c] for c in letters_of]
    return phases


def test_shares_of_a_floating_a_lower_an_upper_and_a_spanning_cluster() -> None:
    mesh = boxes(stack(9, 3, 6, x1y1="SSSSSS", x3y1="SS....", x5y1="...SSS", x7y1="..S..."))
    network = find_network_clusters(mesh, CellGraph(mesh), (Phase.SE,))
    assert network.clusters.volume / UM**3 == pytest.approx([6.0, 3.0, 2.0, 1.0])
    assert network.clusters.state.tolist() == [3, 2, 1, 0]
    figures = network.clusters.figures()
    assert figures["percolating_fraction"] == pytest.approx(6.0 / 12.0)
    assert figures["connected_to_collector_fraction"] == pytest.approx(9.0 / 12.0)
    assert figures["connected_to_separator_side_fraction"] == pytest.approx(8.0 / 12.0)
    assert figures["isolated_fraction"] == pytest.approx(1.0 / 12.0)
    assert network.failure is None


@pytest.mark.parametrize("walls", [True, False])
def test_a_path_through_the_periodic_wall(walls: bool) -> None:
    """The lower half stands at one wall, the upper half at the opposite one."""
    mesh = boxes(stack(5, 3, 4, x0y1="SS..", x4y1=".SSS"))
    network = find_network_clusters(mesh, CellGraph(mesh, (walls, walls)), (Phase.SE,))
    assert network.clusters.percolating.any() == walls
    assert network.gap is None if walls else network.gap == pytest.approx(3 * UM)


def test_boxes_that_touch_along_an_edge_do_not_percolate_and_have_no_gap() -> None:
    mesh = boxes(stack(5, 3, 4, x1y1="SS..", x2y1="..SS"))
    network = find_network_clusters(mesh, CellGraph(mesh), (Phase.SE,))
    assert not network.clusters.percolating.any()
    assert network.gap == 0.0


def test_the_gap_is_the_shortest_way_through_a_wall() -> None:
    """Across the box the columns are 5 um apart, through the wall 2 um, and 1 um of height apart."""
    mesh = boxes(stack(9, 1, 5, x1y0="SS...", x7y0="...SS"))
    network = find_network_clusters(mesh, CellGraph(mesh), (Phase.SE,))
    assert network.gap == pytest.approx(np.hypot(2.0, 1.0) * UM)
    assert network.failure is not None
    for part in ("SE does not percolate", "2 clusters, the largest of 50 %, 50 %", "gap 2.24 um between the two"):
        assert part in network.failure


@pytest.mark.parametrize(
    ("column", "gap", "side"), [("SS....", 4.0, "to the collector"), ("....SS", 4.0, "to the separator side")]
)
def test_the_gap_to_a_plane(column: str, gap: float, side: str) -> None:
    mesh = boxes(stack(3, 3, 6, x1y1=column))
    network = find_network_clusters(mesh, CellGraph(mesh), (Phase.SE,))
    assert network.gap == pytest.approx(gap * UM)
    assert network.failure is not None
    assert side in network.failure


def test_a_phase_that_is_not_there_is_named() -> None:
    mesh = boxes(stack(2, 2, 2))
    failure = find_network_clusters(mesh, CellGraph(mesh), (Phase.SE,)).failure
    assert failure == "SE does not percolate: there is none in the electrode"


COMPOSITE = {
    "x1y1": "_SSAAC",  # active: wired, in contact with joined SE below
    "x3y1": "_S.AAA",  # wired, no electrolyte: ionically dead
    "x5y1": "_SAA..",  # soaked, no electrons
    "x7y1": "_.SAAA",  # SE that is not joined to the separator
}


def test_dead_material_and_active_area() -> None:
    """10 AM boxes: 2 active, 6 more wired, 2 soaked without electrons; void keeps the columns apart."""
    phases = stack(9, 3, 6, **COMPOSITE)
    phases[:, :, 0] = int(Phase.separator)
    mesh = boxes(phases, bottom=UM)
    figures = find_percolation(mesh).figures()
    material, interface = figures["active_material"], figures["interface"]
    assert material["electronically_connected_fraction"] == pytest.approx(8 / 10)
    assert material["electronically_dead_fraction"] == pytest.approx(2 / 10)
    assert material["utilisation_level"] == pytest.approx(2 / 10)
    assert material["ionically_dead_fraction"] == pytest.approx(6 / 10)
    assert interface["total_area_m2"] == pytest.approx(3 * UM**2)
    assert interface["active_area_m2"] == pytest.approx(1 * UM**2)
    assert interface["active_area_per_volume_1_m"] == pytest.approx(1.0 / (27 * 5 * UM))
    assert interface["active_area_per_electrode_area"] == pytest.approx(1.0 / 27)
    assert interface["spanning_area_m2"] == 0.0
    assert figures["electrons"]["phases"] == ["AM", "CBD"]
    assert figures["CBD"]["clusters"] == 1


def test_the_field_tells_clusters_and_states() -> None:
    phases = stack(9, 3, 6, **COMPOSITE)
    phases[:, :, 0] = int(Phase.separator)
    mesh = boxes(phases, bottom=UM)
    fields = find_percolation(mesh).fields()
    at = {tuple(b): k for k, b in enumerate(box_of(mesh))}
    assert fields["state"][at[1, 1, 4]] == 2
    assert fields["state"][at[5, 1, 3]] == 0
    assert fields["state"][at[1, 1, 1]] == 1
    assert fields["state"][at[0, 0, 3]] == 3  # void, largest of its phase
    assert fields["cluster"][at[0, 0, 3]] == 0
    assert fields["active"][at[1, 1, 4]] == 1
    assert fields["active"][at[3, 1, 4]] == 0
    assert fields["state"][at[0, 0, 0]] == fields["active"][at[0, 0, 0]] == -1


def test_the_discharge_finds_the_same_active_part() -> None:
    """Random boxes: active fractions and areas agree with what the discharge takes."""
    phases = np.random.default_rng(5).choice([SE, AM, CBD, VOID], (7, 7, 7), p=[0.25, 0.25, 0.1, 0.4])
    phases[:, :, 0] = int(Phase.separator)
    mesh = boxes(phases, bottom=UM)
    found, network = find_percolation(mesh), find_active_network(mesh)
    figures = found.figures()
    assert 0.1 < figures["active_material"]["utilisation_level"] < 0.95
    assert figures["active_material"]["utilisation_level"] == pytest.approx(network.active_fraction["AM"])
    assert figures["ions"]["connected_to_separator_side_fraction"] == pytest.approx(network.active_fraction["SE"])
    assert figures["interface"]["active_area_m2"] == pytest.approx(network.surfaces[0].area)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_clusters_of_random_boxes_agree_with_labels_of_the_image(seed: int) -> None:
    """scipy.ndimage labels the same boxes, joined through the walls by merging labels of opposite layers."""
    member = np.random.default_rng(seed).random((6, 6, 6)) < 0.33
    mesh = boxes(np.where(member, SE, VOID))
    clusters = find_network_clusters(mesh, CellGraph(mesh), (Phase.SE,)).clusters
    labels, _ = ndimage.label(member)
    for axis in (0, 1):
        for place in np.argwhere(np.take(member, 0, axis) & np.take(member, -1, axis)):
            low, high = (np.take(labels, k, axis)[tuple(place)] for k in (0, -1))
            labels[labels == high] = low
    sizes = np.sort(np.bincount(labels[labels > 0]))[::-1]
    sizes = sizes[sizes > 0]
    assert clusters.volume / UM**3 == pytest.approx(sizes)


def test_a_cell_without_an_electronic_path_names_clusters_and_gap() -> None:
    mesh = boxes(np.concatenate([stack(3, 3, 4, x1y1="_SA."), np.full((3, 3, 1), VOID)], axis=2), bottom=UM)
    with pytest.raises(InputError, match=r"AM does not percolate: 1 cluster of 100 %.*gap 2 um to the collector"):
        find_active_network(mesh)


def test_electrons_reach_the_upper_plane_through_the_collector_only() -> None:
    mesh = boxes(stack(3, 3, 3, x1y1="AAA"))
    network = find_network_clusters(mesh, CellGraph(mesh), (Phase.AM,), (COLLECTOR,))
    assert network.clusters.percolating.any()
    assert not find_network_clusters(mesh, CellGraph(mesh), (Phase.AM,), ("x-",)).clusters.above.any()
