"""Full and empty surfaces: at 10C and loose tolerances a run ends on its cut-off with every surface in its range.

Seen to fail with: charge transfer that does not close, an open-circuit potential that does not diverge, steps out of
the range that are kept, a start that is not moved.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.errors import StageError
from manufacturing.phases import Phase
from meshing.layers_mesh import Layer, LayersSettings, mesh_layers
from solver import kinetics
from solver.controls import Galvanostatic
from solver.half_cell import LITHIUM_FIELD
from solver.integrator import CellPoint
from solver.newton import NotConvergedError
from solver.range_closure import BARRIER_SHARE, CLOSING_SHARE, barrier_potential, closing_factor
from tests.unit.box_mesh import UM

from .shipped_cases import FloatArray, curve, run
from .test_discharge_pinches import cell

SLAB = ("geometry.layers.1.cells=30", "discharge.current_density=", "discharge.c_rate=10.0")
ENDS_AT_09 = (
    "materials.AM.open_circuit_potential=[[0.2, 0.5, 0.8, 0.9], [4.4, 3.9, 3.7, 3.6]]",
    "materials.AM.stoichiometry_discharged=0.9",
)
CONSTANT = ("materials.AM.rate_constant=", "materials.AM.exchange_current_density=5.0")
COMPOSITE = ("mesh.cell_size=1.2e-6", "conduction={}")
FILLED = ("discharge.c_rate=10.0", "discharge.cutoff_voltage=1.0")
EMPTIED = ("discharge.c_rate=-10.0", "discharge.cutoff_voltage=5.2")
SLABS = {  # overrides, range of the curves
    "ideal law": ((*SLAB, "discharge.cutoff_voltage=0.5", "discharge.tolerance=0.1"), (0.2, 1.0)),
    "constant i_0": ((*SLAB, *CONSTANT, "discharge.cutoff_voltage=2.5"), (0.2, 1.0)),
    "short table": ((*SLAB, *ENDS_AT_09, "discharge.cutoff_voltage=2.5"), (0.2, 0.9)),
    "emptied": ((*SLAB, "discharge.c_rate=-10.0", "discharge.cutoff_voltage=6.0"), (0.2, 1.0)),
}


def extremes(name: str, case: str, out: Path, *overrides: str) -> tuple[float, float]:
    """Run to the voltage cut-off and return the smallest and the largest stoichiometry on the surface."""
    loose = () if any("tolerance" in o for o in overrides) else ("discharge.tolerance=0.01",)
    found = run(case, out, MPI.COMM_SELF, *overrides, *loose)["discharge"]
    rows = curve(out)
    smallest, largest = (rows[f"{which}_surface_stoichiometry"] for which in ("smallest", "largest"))
    print(f"{name}: {found['steps']} steps, {found['rejected_steps']} rejected, {smallest.min()} to {largest.max()}")
    assert found["end_reason"] == "voltage"
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
    return float(smallest.min()), float(largest.max())


@pytest.mark.parametrize("name", SLABS)
def test_charge_transfer_closes_before_the_end(name: str, tmp_path: Path) -> None:
    """Where only charge transfer moves a surface, it comes to rest before the open-circuit potential diverges."""
    overrides, (low, high) = SLABS[name]
    smallest, largest = extremes(name, "planar_half_cell", tmp_path, *overrides)
    closing, diverging = (share * (high - low) for share in (CLOSING_SHARE, BARRIER_SHARE))
    if name == "emptied":
        assert low + diverging < smallest < low + closing
    else:
        assert high - closing < largest < high - diverging


@pytest.mark.parametrize("ends", [FILLED, EMPTIED], ids=["discharge", "charge"])
def test_obtuse_cells_do_not_carry_a_surface_out(ends: tuple[str, ...], tmp_path: Path) -> None:
    """In a packing at 10C both directions end on the cut-off, on charge with a surface that diffusion has emptied."""
    smallest, largest = extremes(ends[0], "small_composite", tmp_path, *COMPOSITE, *ends)
    if ends is EMPTIED:
        assert 0.3 < smallest < 0.3 + BARRIER_SHARE * 0.7
    else:
        assert 1.0 - CLOSING_SHARE * 0.7 < largest < 1.0


def test_a_step_out_of_the_range_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the diverging potential the same charge ends early, but no row of its curve is out of the range."""
    monkeypatch.setattr(kinetics, "barrier_potential", lambda x, known: (np.zeros_like(x), np.zeros_like(x)))
    with pytest.raises(StageError, match="failed with the smallest step .* leaves the range 0.3 to 1"):
        run("small_composite", tmp_path, MPI.COMM_SELF, *COMPOSITE, *EMPTIED, "discharge.tolerance=0.01")
    assert 0.3 <= curve(tmp_path)["smallest_surface_stoichiometry"].min() < 0.301


@pytest.mark.parametrize(
    ("start", "drive"),
    [(1.0, ("discharge.c_rate=-10.0", "discharge.cutoff_voltage=4.0")), (0.3, FILLED)],
    ids=["full", "empty"],
)
def test_a_run_starts_at_an_end_of_the_range(start: float, drive: tuple[str, ...], tmp_path: Path) -> None:
    """An ideal i_0 is zero there: the start is moved inside by a ten-thousandth of the range, and the log says so."""
    key = f"discharge.initial_stoichiometry={start}"
    extremes(key, "small_composite", tmp_path, *COMPOSITE, *drive, key)
    first = curve(tmp_path)["mean_stoichiometry"][0]
    assert abs(first - start) == pytest.approx(BARRIER_SHARE * 0.7, rel=1e-6)
    assert f"warning: AM starts at x = {first:.6g} instead of {start:g}" in (tmp_path / "log.txt").read_text()


@pytest.mark.mpi
def test_a_step_into_the_end_is_rejected(comm: MPI.Intracomm) -> None:
    """Surfaces may stay where they are but not come to where iterates see the tangent of U, nor pass the end."""
    mesh = mesh_layers(LayersSettings((Layer(Phase.separator, 2 * UM, 1), Layer(Phase.AM, 2 * UM, 2))))
    run = cell(mesh, comm)
    guard, lithium = run.integrator.guard, run.cell.slices[LITHIUM_FIELD]
    start = run.cell.initial_state()

    def at(x: float) -> FloatArray:
        state = start.copy()
        state[lithium] = x
        return state

    for allowed, before in ((0.99999, 0.3), (0.00001, 0.3), (1.0 - 1e-8, 1.0 - 1e-8), (1.0, 1.0), (0.0, 0.0)):
        assert guard.left(at(allowed), at(before)) == "", allowed
    for refused, before in ((1.0 - 1e-8, 0.9998), (1e-8, 0.0002), (1.0 + 1e-9, 1.0), (-1e-9, 0.0)):
        assert "leaves the range 0 to 1" in guard.left(at(refused), at(before)), refused
    point = CellPoint(0.0, at(0.9998), run.cell.currents(at(0.9998)))
    with pytest.raises(NotConvergedError):
        run.integrator.advance(point, 1e6, Galvanostatic(mesh.cross_section))


def test_closing_is_one_way_and_smooth() -> None:
    """No effect inside, e^-100 at the end for what leads out, none for what leads back; the slope is the derivative."""
    known = (0.2, 0.9)
    width = CLOSING_SHARE * 0.7
    x = np.array([0.2, 0.2 + 0.3 * width, 0.5, 0.9 - 0.6 * width, 0.9])
    for filling in (True, False):
        direction = np.full(x.shape, -0.1 if filling else 0.1)
        factor, slope = closing_factor(x, direction, known)
        end = -1 if filling else 0
        assert factor[end] == pytest.approx(np.exp(-100.0), rel=1e-6, abs=0.0)
        assert np.all(factor[[2, 0 if filling else -1]] == 1.0)
        h = 1e-4 * width
        above, below = (closing_factor(x + s * h, direction, known)[0] for s in (1.0, -1.0))
        inner = np.array([1, 2, 3])
        assert slope[inner] == pytest.approx((above - below)[inner] / (2.0 * h), rel=1e-4, abs=1e-6)


def test_the_open_circuit_potential_diverges_at_the_ends_only() -> None:
    """No effect inside; it rises at the empty and falls at the full end, and the slope is the derivative."""
    known = (0.2, 0.9)
    width = BARRIER_SHARE * 0.7
    x = np.array([0.2 - width, 0.2, 0.2 + 0.1 * width, 0.2 + width, 0.5, 0.9 - width, 0.9 - 0.1 * width, 0.9])
    potential, slope = barrier_potential(x, known)
    assert not np.any([potential[3:6], slope[3:6]])
    assert np.all(np.diff(potential[[0, 1, 2, 3, 5, 6, 7]])[[0, 1, 2, 4, 5]] < 0.0)
    assert potential[2] == pytest.approx(3.0 * (math.log(10.0) - 0.9))
    assert potential[1] > 15.0
    assert potential[7] == pytest.approx(-potential[1])
    h = 1e-5 * width
    above, below = (barrier_potential(x + s * h, known)[0] for s in (1.0, -1.0))
    assert slope == pytest.approx((above - below) / (2.0 * h), rel=1e-4, abs=1.0)
