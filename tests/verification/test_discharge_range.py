"""Full and empty surfaces: at 10C and loose tolerances a run ends on its cut-off with every surface in its range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.phases import Phase
from meshing.layers_mesh import Layer, LayersSettings, mesh_layers
from solver.controls import Galvanostatic
from solver.half_cell import LITHIUM_FIELD
from solver.integrator import CellPoint
from solver.newton import NotConvergedError
from solver.range_closure import CLOSING_SHARE, closing_factor
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
RUNS = {  # case, overrides, range of the curves
    "ideal law": ("planar_half_cell", (*SLAB, "discharge.cutoff_voltage=0.5", "discharge.tolerance=0.1"), (0.2, 1.0)),
    "constant i_0": ("planar_half_cell", (*SLAB, *CONSTANT, "discharge.cutoff_voltage=2.5"), (0.2, 1.0)),
    "short table": ("planar_half_cell", (*SLAB, *ENDS_AT_09, "discharge.cutoff_voltage=2.5"), (0.2, 0.9)),
    "packing": ("small_composite", (*COMPOSITE, "discharge.c_rate=10.0", "discharge.cutoff_voltage=1.0"), (0.3, 1.0)),
}


@pytest.mark.parametrize("name", RUNS)
def test_full_surfaces_end_on_the_cutoff(name: str, tmp_path: Path) -> None:
    case, overrides, (low, high) = RUNS[name]
    loose = () if any("tolerance" in o for o in overrides) else ("discharge.tolerance=0.01",)
    found = run(case, tmp_path, MPI.COMM_SELF, *overrides, *loose)["discharge"]
    rows = curve(tmp_path)
    largest = rows["largest_surface_stoichiometry"].max()
    print(f"{name}: {found['steps']} steps, {found['rejected_steps']} rejected, surface up to {largest:.7g}")
    assert found["end_reason"] == "voltage"
    assert rows["smallest_surface_stoichiometry"].min() >= low
    assert high - CLOSING_SHARE < largest < high
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8


@pytest.mark.mpi
def test_a_step_into_the_end_is_rejected(comm: MPI.Intracomm) -> None:
    """Surfaces may stay where they are but not come closer than a tenth of the closing part, nor pass the end."""
    mesh = mesh_layers(LayersSettings((Layer(Phase.separator, 2 * UM, 1), Layer(Phase.AM, 2 * UM, 2))))
    run = cell(mesh, comm)
    guard, lithium = run.integrator.guard, run.cell.slices[LITHIUM_FIELD]
    start = run.cell.initial_state()

    def at(x: float) -> FloatArray:
        state = start.copy()
        state[lithium] = x
        return state

    for allowed, before in ((0.9998, 0.3), (0.0002, 0.3), (0.99995, 0.99995), (1.0, 1.0), (0.0, 0.0)):
        assert guard.left(at(allowed), at(before)) == "", allowed
    for refused, before in ((0.99995, 0.9998), (0.00005, 0.0002), (1.0 + 1e-9, 1.0), (-1e-9, 0.0)):
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
        direction = np.full(x.shape, filling)
        factor, slope = closing_factor(x, direction, known)
        end = -1 if filling else 0
        assert factor[end] == pytest.approx(np.exp(-100.0), rel=1e-6, abs=0.0)
        assert np.all(factor[[2, 0 if filling else -1]] == 1.0)
        h = 1e-4 * width
        above, below = (closing_factor(x + s * h, direction, known)[0] for s in (1.0, -1.0))
        inner = np.array([1, 2, 3])
        assert slope[inner] == pytest.approx((above - below)[inner] / (2.0 * h), rel=1e-4, abs=1e-6)
