"""Partial contact of the collector and delamination, against closed forms and bounds.

Seen to fail with: the whole top plane prescribed in conduction, tied in the discharge; nodes at the ends of a
stripe left bare; periodic copies of covered nodes at 0 V; reactions of bare nodes counted as collector current;
delaminated facets still reacting.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from scipy.special import ellipj, ellipk

from manufacturing.phases import COLLECTOR, COLLECTOR_UNCOVERED, Phase
from meshing.collector_contact import CollectorContact
from meshing.layers_mesh import Layer, LayersSettings, mesh_layers
from solver.controls import Galvanostatic
from solver.half_cell import ELECTRONIC_FIELD
from tests.unit.box_mesh import UM

from .shipped_cases import run
from .test_discharge_pinches import cell as half_cell

THERMAL_VOLTAGE = 8.31446261815324 * 298.15 / 96485.33212
STRIPES, DELAMINATED = "striped_collector", "delaminated_layers"


def strip_ratio(fraction: float, thickness: float, pitch: float) -> float:
    """Effective over bulk conductivity of a slab between a plane and stripes that cover a fraction.

    Half a period is a rectangle of width a = pitch/2; sn^2 maps it to a half plane whose electrodes are
    [0, m_1] and [1, infinity) after scaling, m_1 = m sn^2(f K), with K'/K = thickness/a.
    """
    low, high = 1e-9, 1.0 - 1e-9
    for _ in range(200):
        m = 0.5 * (low + high)
        low, high = (m, high) if ellipk(1.0 - m) / ellipk(m) > thickness / (0.5 * pitch) else (low, m)
    partial = m * ellipj(fraction * ellipk(m), m)[0] ** 2
    conductance = ellipk(partial) / ellipk(1.0 - partial)
    return float(conductance * thickness / (0.5 * pitch))


def test_the_closed_form_has_the_right_limits() -> None:
    assert strip_ratio(1.0, 5.0, 10.0) == pytest.approx(1.0, rel=1e-6)
    # Far away the stripes are a resistance in series, (pitch/pi) ln(1/sin(pi f/2)) of bulk.
    constriction = 10.0 / np.pi * np.log(1.0 / np.sin(0.25 * np.pi))
    assert strip_ratio(0.5, 20.0, 10.0) == pytest.approx(20.0 / (20.0 + constriction), rel=1e-4)
    # Close by the stripes conduct alone, wider by 2 ln(2)/pi of the thickness at each end.
    assert strip_ratio(0.5, 1.0, 10.0) == pytest.approx(0.5 + 2.0 * np.log(2.0) / np.pi / 5.0, rel=1e-4)


@pytest.mark.mpi
def test_stripes_on_a_slab(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Conduction against the closed form; the discharge loses the same voltage as first-order conduction says."""
    found = run(STRIPES, shared_tmp_path, comm)
    contact = found["meshing"]["collector_contact"]
    assert contact["covered_fraction"] == pytest.approx(0.5, rel=1e-12)
    assert found["meshing"]["collector_area_m2"]["AM"] == pytest.approx(50e-12, rel=1e-9)
    exact = 0.01 * strip_ratio(0.5, 5e-6, 10e-6)
    values = {name: solve["effective_conductivity_S_m"] for name, solve in found["conduction"].items()}
    print({name: value / exact - 1.0 for name, value in values.items()})
    assert 0.0 < values["order_2"] / exact - 1.0 < 0.02
    assert 0.0 < values["order_1"] / exact - 1.0 < 0.04
    for solve in found["conduction"].values():
        assert solve["effective_conductivity_by_flux_S_m"] == pytest.approx(
            solve["effective_conductivity_S_m"], rel=1e-8
        )
    lost = 3.8 - found["discharge"]["final_voltage_V"]
    assert lost == pytest.approx(10.0 * 5e-6 / values["order_1"], rel=1e-3)
    assert found["discharge"]["charge_balance_error"] < 1e-8
    assert found["discharge"]["current_density_A_m2"] == pytest.approx(10.0, rel=1e-8), "by reactions of the contact"


@pytest.mark.mpi
@pytest.mark.parametrize("pattern", ["stripes", "discs", "random"])
def test_the_whole_contact_is_one_unknown_potential(pattern: str, comm: MPI.Intracomm) -> None:
    """Under a current all nodes of the contact have the cell voltage, bare ones another; their reactions sum to I."""
    slabs = (Layer(Phase.separator, 2 * UM, 1), Layer(Phase.AM, 4 * UM, 4))
    mesh = CollectorContact(0.4, pattern, 4 * UM, 2).apply(  # type: ignore[arg-type]
        mesh_layers(LayersSettings(slabs, width=8 * UM, cells_across=8))
    )
    run = half_cell(mesh, comm)
    current = Galvanostatic(10.0 * mesh.cross_section)
    point = run.integrator.switch_on(run.beginning().point, current)
    voltage = run.cell.voltage(point.state)
    collector, counter = run.cell.terminal_currents(point.state, point.currents)
    assert collector / current.current == pytest.approx(1.0, abs=1e-8)
    assert counter / current.current == pytest.approx(1.0, abs=1e-8)
    potential = run.cell.fields[ELECTRONIC_FIELD].at_nodes(run.cell.values(ELECTRONIC_FIELD, point.state))
    if potential is not None:
        touching = np.unique(mesh.facets[mesh.named(COLLECTOR)])
        # Copies of touching nodes on the opposite wall touch too.
        bare = np.setdiff1d(np.unique(mesh.facets[mesh.named(COLLECTOR_UNCOVERED)]), touching)
        inside = (mesh.vertices[bare, :2] > mesh.lower[:2]) & (mesh.vertices[bare, :2] < mesh.upper[:2])
        assert np.abs(potential[touching] - voltage).max() < 1e-12
        assert np.abs(potential[bare[inside.all(axis=1)]] - voltage).min() > 1e-6


@pytest.mark.mpi
def test_a_contact_that_ends_at_a_wall(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Tiles that differ on opposite walls: energy, flux and the voltage that a discharge loses still agree."""
    tiles = ('cell.collector.pattern="random"', "cell.collector.pitch=2.5e-6", "cell.collector.seed=3")
    found = run(STRIPES, shared_tmp_path, comm, *tiles)
    for solve in found["conduction"].values():
        assert solve["effective_conductivity_by_flux_S_m"] == pytest.approx(
            solve["effective_conductivity_S_m"], rel=1e-8
        )
    lost = 3.8 - found["discharge"]["final_voltage_V"]
    first = found["conduction"]["order_1"]["effective_conductivity_S_m"]
    assert lost == pytest.approx(10.0 * 5e-6 / first, rel=1e-3)


@pytest.mark.mpi
def test_current_at_the_bare_end_of_an_interface_is_not_the_collectors(
    shared_tmp_path: Path, comm: MPI.Intracomm
) -> None:
    """AM beside SE: at x = 0 their interface ends on the bare top face and reacts there; the charge is balanced."""
    overrides = (
        'geometry.axis="x"',
        "geometry.layers.0.phase=SE",
        "geometry.layers.0.thickness=5e-6",
        "geometry.cells_across=4",
        "cell.collector.contact_fraction=0.3",
        "materials.SE.name=Li6PS5Cl",
        "conduction={}",
    )
    found = run(STRIPES, shared_tmp_path, comm, *overrides)["discharge"]
    assert found["charge_balance_error"] < 1e-8


def test_the_error_at_the_ends_of_the_stripes_falls(tmp_path: Path) -> None:
    """The potential is singular like sqrt(r) there, so sigma_eff converges at first order in h at best."""
    errors = []
    for k, cells in enumerate((8, 16, 32)):
        overrides = (f"geometry.cells_across={cells}", f"geometry.layers.1.cells={cells // 2}")
        solves = run(STRIPES, tmp_path / str(k), MPI.COMM_SELF, *overrides, "discharge=")["conduction"]
        errors.append(solves["order_2"]["effective_conductivity_S_m"] / 0.01 / strip_ratio(0.5, 5e-6, 10e-6) - 1.0)
    rates = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    print(f"errors {errors}, orders {rates}")
    assert np.all(rates > 0.85)


def test_full_contact_changes_nothing_and_less_contact_conducts_less(tmp_path: Path) -> None:
    """Fraction 1 is the case without the key to the last bit; the conductivity falls with the fraction."""
    sigma = []
    for k, fraction in enumerate((None, 1.0, 0.8, 0.5, 0.2)):
        override = "cell.collector=" if fraction is None else f"cell.collector.contact_fraction={fraction}"
        solves = run(STRIPES, tmp_path / str(k), MPI.COMM_SELF, override, "discharge=")["conduction"]
        sigma.append(solves["order_2"]["effective_conductivity_S_m"])
    assert sigma[0] == sigma[1]
    assert np.all(np.diff(sigma[1:]) < 0.0)


@pytest.mark.mpi
def test_delamination_raises_the_overpotential(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """The active area is smaller by the meshed fraction and j RT/(F i_0) larger by its inverse."""
    found = run(DELAMINATED, shared_tmp_path, comm)
    report = found["meshing"]["delamination"]
    share = report["delaminated_fraction"]
    assert share == pytest.approx(0.3, abs=0.002)
    areas = found["meshing"]["interface_area_m2"]
    assert areas["AM|SE"] == pytest.approx((1.0 - share) * 100e-12, rel=1e-9)
    assert areas["AM|SE_delaminated"] == pytest.approx(share * 100e-12, rel=1e-9)
    lost = 3.8 - found["discharge"]["final_voltage_V"]
    assert lost == pytest.approx(0.5 * THERMAL_VOLTAGE / (1.0 - share), rel=1e-4)
    assert found["discharge"]["charge_balance_error"] < 1e-8


@pytest.mark.mpi
def test_contacts_of_a_composite_cost_voltage(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """A resolved half cell: half the collector, and 30 % of the AM|SE contact gone, each lower the voltage."""
    voltages, areas = {}, {}
    variants = {
        "whole": (),
        "collector": (
            "cell.collector.contact_fraction=0.5",
            'cell.collector.pattern="discs"',
            "cell.collector.pitch=4e-6",
        ),
        "delaminated": ("cell.delamination.fraction=0.3", "cell.delamination.patch_radius=0.8e-6"),
    }
    common = ("discharge.maximum_time=20.0", "conduction={}", "mesh.cell_size=1.0e-6", "materials.CBD=carbon-binder")
    for name, overrides in variants.items():
        found = run("small_composite", shared_tmp_path / name, comm, *common, *overrides)
        voltages[name] = found["discharge"]["final_voltage_V"]
        areas[name] = found["meshing"]["interface_area_m2"]["AM|SE"]
        if name == "collector":
            assert found["meshing"]["collector_contact"]["covered_fraction"] == pytest.approx(0.5, abs=0.01)
        if name == "delaminated":
            contact = found["meshing"]["delamination"]
            assert contact["delaminated_fraction"] == pytest.approx(0.3, abs=0.01)
    print(voltages)
    assert areas["delaminated"] == pytest.approx((1.0 - contact["delaminated_fraction"]) * areas["whole"], rel=1e-6)
    assert voltages["collector"] < voltages["whole"] - 1e-6
    assert voltages["delaminated"] < voltages["whole"] - 1e-4
