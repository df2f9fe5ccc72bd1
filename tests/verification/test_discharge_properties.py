"""D(x) and sigma_e(x) in the planar half cell, against the one-dimensional solution with the same functions.

Seen to fail with: D and sigma_e taken at one corner of each cell (first order), nodal reactions without the part that
varies (charge balance).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from cases.runner import run_in_process
from manufacturing.errors import InputError
from manufacturing.phases import Phase
from solver.discharge import Discharge, SteppingSettings
from solver.discharge_records import Snapshot
from solver.half_cell import CellModel
from solver.kinetics import ButlerVolmer, CurveExchange, InsertionReaction
from solver.materials import ConstantCurve, Curve, TableCurve
from solver.protocol import End, ProtocolStep
from tests.unit.box_mesh import boxes

from .half_cell_1d import GAS_CONSTANT
from .shipped_cases import FloatArray, content, curve, run
from .test_discharge_planar import NAME, SLAB, check_run, compare

DIFFUSIVITY = "materials.AM.diffusivity=[[0.2, 0.5, 0.8, 1.0], [3e-14, 1.5e-14, 6e-15, 3e-15]]"
CONDUCTIVITY = "materials.AM.electronic_conductivity=[[0.2, 0.5, 0.8, 1.0], [1e-2, 2e-3, 3e-4, 1e-4]]"
VARYING = (DIFFUSIVITY, CONDUCTIVITY)


@pytest.mark.mpi
def test_discharge_agrees_with_the_reference(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """0.1 mV at equal charge; the conductivity falls a hundredfold on lithiation, the diffusivity tenfold."""
    found = run(NAME, shared_tmp_path, comm, *VARYING)["discharge"]
    check_run(found)
    difference, capacity = compare(shared_tmp_path, *VARYING)
    print(f"largest difference {1e3 * difference:.4f} mV, capacity {capacity:.2e}, {found['steps']} steps")
    assert difference < 1e-4
    assert abs(capacity) < 1e-4


@pytest.mark.parametrize("varying", [DIFFUSIVITY, CONDUCTIVITY], ids=["D(x)", "sigma_e(x)"])
def test_error_falls_with_the_square_of_the_cell_size(tmp_path: Path, varying: str) -> None:
    """Capacity to the cut-off on three meshes of constant grading, time error far below."""
    sizes = np.array([12, 24, 48])
    errors = []
    for cells in sizes:
        overrides = (f"{SLAB}={cells}", "discharge.tolerance=1e-5", varying)
        check_run(run(NAME, tmp_path / str(cells), MPI.COMM_SELF, *overrides)["discharge"])
        errors.append(abs(compare(tmp_path / str(cells), *overrides)[1]))
    order = -np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    print(f"errors {errors}, order {order:.2f}")
    assert 1.8 < order < 2.4


def test_error_falls_with_the_square_of_the_time_step(tmp_path: Path) -> None:
    """Equal steps to 2400 s; differences of successive halvings fall by four."""
    final = []
    for steps in (20, 40, 80):
        step = 2400.0 / steps
        overrides = (f"{SLAB}=15", "discharge.tolerance=1e9", f"discharge.first_step={step}", *VARYING)
        limits = (f"discharge.largest_step={step}", "discharge.maximum_time=2400.0", "discharge.cutoff_voltage=0.5")
        found = run(NAME, tmp_path / str(steps), MPI.COMM_SELF, *overrides, *limits)["discharge"]
        assert found["steps"] == steps
        final.append(found["final_voltage_V"])
    differences = np.abs(np.diff(final))
    order = float(np.log2(differences[0] / differences[1]))
    print(f"differences {differences}, order {order:.2f}")
    assert 1.7 < order < 2.3


def test_a_table_of_the_diffusivity_closes_the_surface(tmp_path: Path) -> None:
    """Beyond x = 0.9 D is not known: the surface stops there and the voltage falls to the cut-off."""
    narrow = ("materials.AM.diffusivity=[[0.2, 0.9], [3e-14, 5e-15]]", "materials.AM.stoichiometry_discharged=0.85")
    found = run(NAME, tmp_path, MPI.COMM_SELF, f"{SLAB}=20", "discharge.tolerance=1e-3", *narrow)["discharge"]
    assert found["end_reason"] == "voltage"
    largest = curve(tmp_path)["largest_surface_stoichiometry"].max()
    assert 0.899 < largest < 0.9


def test_a_start_outside_a_table_is_refused(tmp_path: Path) -> None:
    """Before any computation, by the key of the start."""
    narrow = ("materials.AM.diffusivity=[[0.25, 1.0], [3e-14, 5e-15]]", "discharge.initial_stoichiometry=0.22")
    with pytest.raises(InputError, match=r"discharge\.initial_stoichiometry.*D\(x\)"):
        run(NAME, tmp_path, MPI.COMM_SELF, *narrow)


def lithium_along_z(conductivity: float | Curve) -> FloatArray:
    """Mean x at each height of columns of active material and electrolyte, 20 um high, after 0.35 of 1C."""
    phases = np.full((2, 1, 21), Phase.AM)
    phases[1], phases[:, :, 0] = Phase.SE, Phase.separator
    mesh = boxes(phases, bottom=1e-6)
    potential = TableCurve((0.0, 1.0), (4.3, 3.5), "V", "test", "test")
    exchange = CurveExchange(ConstantCurve(2.0, "A/m2", "test"))
    model = CellModel(
        {Phase.SE: 2e-3, Phase.separator: 1.0},
        {Phase.AM: conductivity},
        {Phase.AM: 1e-13},
        {Phase.AM: 5e4},
        {Phase.AM: 0.2},
        {Phase.AM: InsertionReaction(ButlerVolmer(), exchange, potential)},
        None,
    )
    step = ProtocolStep("c_rate", 1.0, (End("time", 0.35 * 3600.0),))
    settings = SteppingSettings(tolerance=3e-3, first_step=1.0)
    run = Discharge(mesh, model, (0.2, 0.95), (step,), settings, MPI.COMM_SELF)
    kept: list[Snapshot | None] = []
    result = run.run(lambda record, utilisation, snapshot: kept.append(snapshot()))
    assert max(result.summary["charge_balance_error"], result.summary["lithium_balance_error"]) < 1e-8
    assert kept[-1] is not None
    layer = np.rint(1e6 * mesh.vertices[:, 2]).astype(int)
    x = kept[-1].stoichiometry
    return np.array([np.nanmean(x[layer == z]) for z in range(1, 22)])


def test_lithiation_is_sandwich_like_where_the_conductivity_falls_on_lithiation() -> None:
    """Well conducting: full near the separator; badly: near the collector; falling with x: at both ends."""
    falling = TableCurve((0.0, 0.3, 0.4, 0.5, 0.7, 1.0), (2e-2, 1e-2, 2e-3, 2e-4, 5e-5, 2e-5), "S/m", "test", "test")
    good, bad, sandwich = (lithium_along_z(conductivity) for conductivity in (2e-2, 2e-4, falling))
    print(f"bottom, least, top: {[(x[0].round(3), x.min().round(3), x[-1].round(3)) for x in (good, bad, sandwich)]}")
    assert np.all(np.diff(good) < 1e-3)
    assert good[0] - good[-1] > 0.05
    assert bad[-1] - bad[0] > 0.1
    least = int(np.argmin(sandwich))
    assert 5 < least < 16
    assert min(sandwich[0], sandwich[-1]) > sandwich[least] + 0.02


def arrhenius(energy: float, temperature: float) -> float:
    return math.exp(-energy / GAS_CONSTANT * (1.0 / temperature - 1.0 / 298.15))


def test_every_property_follows_its_activation_energy(tmp_path: Path) -> None:
    """At 323.15 K with activation energies and an entropy = the scaled numbers without them."""
    energies = {"AM": (35e3, 20e3, 50e3), "separator": (30e3,), "counter": (45e3,)}
    keys = {
        "AM": ("diffusivity", "electronic_conductivity", "rate_constant"),
        "separator": ("ionic_conductivity",),
        "counter": ("exchange_current_density",),
    }
    short = ("geometry.layers.1.cells=12", "discharge.maximum_time=600.0", "discharge.tolerance=1e-3")
    warm, scaled = content(NAME, *short), content(NAME, *short)
    for case in (warm, scaled):
        case["cell"] = {"temperature": 323.15}
    for domain, values in energies.items():
        for key, energy in zip(keys[domain], values, strict=True):
            energy_of = "exchange_current" if key in ("rate_constant", "exchange_current_density") else key
            warm["materials"][domain][f"{energy_of}_activation_energy"] = energy
            scaled["materials"][domain][key] *= arrhenius(energy, 323.15)
    scaled["materials"]["AM"]["exchange_current_activation_energy"] = 0.0  # that of the library is not zero
    warm["materials"]["AM"]["entropy_coefficient"] = [[0.2, 1.0], [2e-4, -1e-4]]
    x, potential = scaled["materials"]["AM"]["open_circuit_potential"]
    shift = [25.0 * (2e-4 - 3e-4 * (at - 0.2) / 0.8) for at in x]
    scaled["materials"]["AM"]["open_circuit_potential"] = [x, np.add(potential, shift).tolist()]
    found = [
        run_in_process(case, tmp_path / str(k), MPI.COMM_SELF)["discharge"] for k, case in enumerate((warm, scaled))
    ]
    assert found[0]["initial_voltage_V"] == pytest.approx(found[1]["initial_voltage_V"], abs=1e-10)
    # Monotone cubics of the sum and the sum of monotone cubics differ a little between the knots.
    assert found[0]["final_voltage_V"] == pytest.approx(found[1]["final_voltage_V"], abs=1e-3)
    cold = content(NAME, *short) | {"cell": {"temperature": 323.15}}
    without = run_in_process(cold, tmp_path / "without", MPI.COMM_SELF)["discharge"]
    assert abs(without["final_voltage_V"] - found[0]["final_voltage_V"]) > 5e-3
