"""Lithium along z and by particle, current by area, and when fields are kept.

Seen to fail with: a mean that does not add up the volume by which it divides, percentiles that do not weigh with area,
the current of a particle without its area, an inactive particle counted as active, a voltage passed upwards unnoticed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cases.plots_interface_current import share_below
from cases.snapshot_instants import SnapshotInstants
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from meshing.layers_mesh import Layer, LayersSettings, mesh_layers
from solver.active_network import ActiveNetwork, find_active_network
from solver.interface_distribution import current_by_area, current_distribution
from solver.lithiation import SurfaceState, inactive_material, lithiation_profile, particle_lithiation

LAYERS = (Layer(Phase.separator, 2e-6, 2), Layer(Phase.AM, 4e-6, 5))
WIDTH = 2e-6


@pytest.fixture(scope="module")
def slab() -> tuple[LabelledMesh, ActiveNetwork]:
    """A slab of active material on a separator."""
    mesh = mesh_layers(LayersSettings(LAYERS, width=WIDTH, cells_across=4))
    return mesh, find_active_network(mesh)


def surface(current: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> SurfaceState:
    return SurfaceState(current, np.zeros_like(current), np.full_like(current, 0.25))


def test_profile_of_a_linear_field_is_exact(slab: tuple[LabelledMesh, ActiveNetwork]) -> None:
    """On slices that are layers of cells the mean is the value in the middle; others differ by part of a cell."""
    mesh, _ = slab
    z = mesh.vertices[:, 2]
    x = np.where(z >= mesh.electrode_bottom - 1e-12, 0.2 + 1e5 * z, np.nan)
    found = lithiation_profile(mesh, x[mesh.cells], 5)
    assert found["z_m"][0] == pytest.approx(2e-6 + 4e-6 / 10.0)
    assert found["mean_stoichiometry"] == pytest.approx(0.2 + 1e5 * (found["z_m"] + mesh.lower[2]), rel=1e-6)
    assert found["AM_volume_m3"] == pytest.approx(WIDTH**2 * 4e-6 / 5.0, rel=1e-6)
    assert np.all(found["smallest_stoichiometry"] < found["mean_stoichiometry"])
    assert np.all(found["largest_stoichiometry"] > found["mean_stoichiometry"])
    assert found["largest_stoichiometry"][-1] == pytest.approx(0.2 + 1e5 * z.max())
    askew = lithiation_profile(mesh, x[mesh.cells], 7)
    assert askew["mean_stoichiometry"] == pytest.approx(0.2 + 1e5 * (askew["z_m"] + mesh.lower[2]), abs=0.01)


def test_current_distribution_weighs_with_area(slab: tuple[LabelledMesh, ActiveNetwork]) -> None:
    """A quarter of the area carries 5, the rest 1: 90 % of 2 needs the quarter and 11/15 of the rest."""
    mesh, network = slab
    facets = len(network.surfaces[0].sides.first)
    current = np.ones((facets, 3))
    current[: facets // 4] = 5.0
    found = current_distribution(mesh, network, surface(-current))
    assert found["mean_A_m2"] == pytest.approx(-2.0)
    assert found["p25_over_mean"] == pytest.approx(0.5)
    assert found["p95_over_mean"] == pytest.approx(2.5)
    assert found["area_share_of_90_percent"] == pytest.approx(0.25 + 0.75 * (0.9 - 0.625) / 0.375, rel=1e-9)


def test_at_rest_there_is_no_distribution(slab: tuple[LabelledMesh, ActiveNetwork]) -> None:
    """What flows out here and in there has no mean to compare with."""
    mesh, network = slab
    current = np.ones((len(network.surfaces[0].sides.first), 3))
    current[::2] = -1.0
    found = current_distribution(mesh, network, surface(current))
    assert found["mean_A_m2"] == pytest.approx(0.0, abs=1e-12)
    assert all(value is None for name, value in found.items() if name != "mean_A_m2")


def test_unequal_facets_weigh_by_area(slab: tuple[LabelledMesh, ActiveNetwork]) -> None:
    """Stretched in x beyond the middle: what flows there counts three times."""
    mesh, network = slab
    stretched = mesh.vertices.copy()
    beyond = stretched[:, 0] > 0.5 * WIDTH
    stretched[beyond, 0] += 2.0 * (stretched[beyond, 0] - 0.5 * WIDTH)
    centres = mesh.vertices[network.surfaces[0].sides.first, 0].mean(axis=1)
    current = np.where(centres > 0.5 * WIDTH, 3.0, 1.0)[:, None] * np.ones(3)
    found = current_distribution(replace(mesh, vertices=stretched), network, surface(current))
    assert found["mean_A_m2"] == pytest.approx(0.75 * 3.0 + 0.25 * 1.0)


@pytest.fixture(scope="module")
def towers(slab: tuple[LabelledMesh, ActiveNetwork]) -> tuple[LabelledMesh, ActiveNetwork]:
    """Four particles above each other: one reacts, one is joined to it, one has electrons only, one has nothing."""
    mesh, network = slab
    heights = mesh.vertices[mesh.cells, 2].mean(axis=1) - mesh.electrode_bottom
    ids = np.where(mesh.phases == Phase.AM, np.digitize(heights, [0.8e-6, 2.4e-6, 3.2e-6]) + 5, -1)
    lithiated, insertion = network.lithiated & (ids < 7), network.insertion & (ids < 8)
    return replace(mesh, particle_ids=ids), replace(network, insertion=insertion, lithiated=lithiated)


def test_particles_share_the_current_and_inactive_ones_are_named(towers: tuple[LabelledMesh, ActiveNetwork]) -> None:
    mesh, network = towers
    current = np.full((len(network.surfaces[0].sides.first), 3), -3.0)
    found = particle_lithiation(mesh, network, np.full(mesh.cells.shape, 0.4), surface(current))
    assert found["particle_id"].tolist() == [5.0, 6.0, 7.0, 8.0]
    assert found["volume_m3"] == pytest.approx(WIDTH**2 * np.array([0.8e-6, 1.6e-6, 0.8e-6, 0.8e-6]))
    assert found["current_A"] == pytest.approx([-3.0 * WIDTH**2, 0.0, 0.0, 0.0])
    assert found["active_area_m2"] == pytest.approx([WIDTH**2, 0.0, 0.0, 0.0])
    assert found["mean_stoichiometry"][:3] == pytest.approx(0.4)
    assert np.isnan(found["mean_stoichiometry"][3])
    assert found["surface_stoichiometry"][0] == pytest.approx(0.25)
    assert found["inactive"].tolist() == [0.0, 0.0, 1.0, 1.0]
    assert found["reason"].tolist() == ["", "through necks", "no ionic contact", "no electronic contact"]


def test_inactive_material_by_reason(towers: tuple[LabelledMesh, ActiveNetwork]) -> None:
    """A fifth of the volume has electrons only, a fifth nothing; a cell that was cut off counts alone."""
    mesh, network = towers
    reasons = np.array(["", "through necks", "no ionic contact", "no electronic contact"])
    found = inactive_material(mesh, network, reasons)
    assert (found["inactive_particles"], found["particles_through_necks"]) == (2, 1)
    assert found["inactive_AM_volume_fraction"] == pytest.approx(0.4)
    for reason in ("no_electronic_contact", "no_ionic_contact"):
        assert found["inactive_by_reason"][reason]["particles"] == 1
        assert found["inactive_by_reason"][reason]["AM_volume_fraction"] == pytest.approx(0.2)
    lost = np.flatnonzero(network.lithiated)[:1]
    without = network.insertion.copy()
    without[lost] = False
    again = inactive_material(mesh, replace(network, insertion=without), reasons)["inactive_by_reason"]
    share = mesh.volumes()[lost].sum() / mesh.volumes()[mesh.phases == Phase.AM].sum()
    assert again["no_electronic_contact"]["AM_volume_fraction"] == pytest.approx(0.2 + share)


def test_cumulative_current_is_that_of_the_areas(slab: tuple[LabelledMesh, ActiveNetwork]) -> None:
    """A quarter of the area carries 5, the rest 1; the histogram finds the same quarter, and a slab is one step."""
    mesh, network = slab
    current = np.ones((len(network.surfaces[0].sides.first), 3))
    current[: len(current) // 4] = 5.0
    found = current_by_area(mesh, network, surface(-current))
    assert found["current_density_A_m2"][[0, 100, 200]] == pytest.approx([-1.0, -1.0, -5.0])
    assert found["current_density_over_mean"][[0, 100, 140, 160, 200]] == pytest.approx(
        [0.5, 0.5, 0.5, 2.5, 2.5], abs=1e-9
    )
    assert share_below(found, np.array([0.49, 0.51, 2.49, 2.51])) == pytest.approx([0.0, 0.75, 0.75, 1.0], abs=0.01)
    even = current_by_area(mesh, network, surface(np.full_like(current, -3.0)))
    assert share_below(even, np.array([0.99, 1.01])).tolist() == [0.0, 1.0]
    current[::2], current[1::2] = 1.0, -1.0
    assert np.isnan(current_by_area(mesh, network, surface(current))["current_density_over_mean"]).all()


def test_each_instant_is_met_once_and_survives_a_checkpoint() -> None:
    """Utilisation, time, a voltage passed on the way down and one on the way up."""
    instants = SnapshotInstants((0.1, 0.5), (30.0,), (3.9, 4.05))
    steps = [(0.0, 0.0, 4.0), (0.05, 10.0, 3.95), (0.12, 20.0, 3.91), (0.2, 35.0, 3.92), (0.2, 36.0, 4.1)]
    found = [[(i.quantity, i.value) for i in instants.reached(*step)] for step in steps]
    assert found == [[], [], [("utilisation", 0.1)], [("time", 30.0)], [("voltage", 4.05)]]
    resumed = SnapshotInstants(())
    resumed.take(instants.pending())
    rest = [(0.2, 50.0, 4.0), (0.6, 60.0, 3.8), (0.9, 70.0, 3.7)]
    assert [[i.value for i in resumed.reached(*step)] for step in rest] == [[], [0.5, 3.9], []]
