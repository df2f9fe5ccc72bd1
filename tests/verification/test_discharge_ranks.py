"""The same labelled mesh on one rank and on several: the same numbers, balances kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.runner import run_in_process

from .shipped_cases import FloatArray, curve, run

AGREEMENT = 1e-8  # relative
COARSE = ("mesh.cell_size=1e-6", "discharge.cutoff_voltage=3.9")


def run_twice(
    name: str, folder: Path, comm: MPI.Intracomm, *overrides: str
) -> list[tuple[dict[str, Any], dict[str, FloatArray]]]:
    """Summary and curve of a case on one rank and on all ranks."""
    results = []
    if comm.rank == 0:
        run(name, folder / "one", MPI.COMM_SELF, *overrides)
    comm.barrier()
    for out, ranks in ((folder / "one", comm), (folder / "all", comm)):
        summary = run(name, out, ranks, *overrides)  # the first finds its stages finished
        results.append((summary, curve(out)))
    return results


@pytest.mark.mpi
def test_ranks_agree(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Effective conductivities, capacity, every voltage and every accepted step."""
    (one, one_curve), (several, several_curve) = run_twice("small_composite", shared_tmp_path, comm, *COARSE)
    for solve in ("electronic_z", "ionic_z"):
        for key in ("effective_conductivity_S_m", "effective_conductivity_by_flux_S_m", "connected_fraction"):
            assert several["conduction"][solve][key] == pytest.approx(one["conduction"][solve][key], rel=AGREEMENT)
            assert several["conduction"][solve][key] > 0.0
    for key in ("capacity_Ah_m2", "final_voltage_V", "initial_voltage_V", "final_time_s", "utilisation"):
        assert several["discharge"][key] == pytest.approx(one["discharge"][key], rel=AGREEMENT), key
    for key in ("steps", "end_reason", "unknowns", "active_fraction"):
        assert several["discharge"][key] == one["discharge"][key], key
    for key in ("time_s", "voltage_V", "mean_stoichiometry", "largest_surface_stoichiometry"):
        assert several_curve[key] == pytest.approx(one_curve[key], rel=AGREEMENT), key
    for summary in (one, several):
        assert max(summary["discharge"][f"{what}_balance_error"] for what in ("charge", "lithium")) < 1e-8


@pytest.mark.mpi
def test_each_curve_is_a_discharge(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Voltage falls, charge and stoichiometry rise, and both tell the same passed charge."""
    summary = run("small_composite", shared_tmp_path, comm, *COARSE)["discharge"]
    rows = curve(shared_tmp_path)
    assert np.all(np.diff(rows["voltage_V"]) < 0.0)
    assert np.all(np.diff(rows["capacity_Ah_m2"]) > 0.0)
    passed = (rows["mean_stoichiometry"] - rows["mean_stoichiometry"][0]) / (
        rows["mean_stoichiometry"][-1] - rows["mean_stoichiometry"][0]
    )
    assert passed == pytest.approx(rows["capacity_Ah_m2"] / rows["capacity_Ah_m2"][-1], abs=1e-8)
    assert summary["end_reason"] == "voltage"
    assert summary["capacity_Ah_m2"] * 3600.0 == pytest.approx(
        summary["current_density_A_m2"] * summary["final_time_s"], rel=1e-7
    )


@pytest.mark.mpi
def test_ranks_without_interface_facets(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """A tall stack of few cells: with several ranks some hold no reactive facet, or no cell of a domain."""
    slabs = [
        {"phase": "separator", "thickness": 20e-6, "cells": 6},
        {"phase": "AM", "thickness": 2e-6, "cells": 1},
        {"phase": "CBD", "thickness": 20e-6, "cells": 6},
    ]
    case = {
        "geometry": {"source": "layers", "width": 1e-6, "layers": slabs},
        "materials": {"AM": "NMC622", "separator": "Li6PS5Cl", "CBD": "carbon-binder", "counter": "lithium metal"},
        "discharge": {"c_rate": 0.5, "cutoff_voltage": 4.0, "tolerance": 1e-2},
        "output": {"fields": False},
    }
    one = run_in_process(case, shared_tmp_path / f"one{comm.rank}", MPI.COMM_SELF)["discharge"]
    several = run_in_process(case, shared_tmp_path / "all", comm)["discharge"]
    assert several["final_voltage_V"] == pytest.approx(one["final_voltage_V"], rel=AGREEMENT)
    assert several["capacity_Ah_m2"] == pytest.approx(one["capacity_Ah_m2"], rel=AGREEMENT)
