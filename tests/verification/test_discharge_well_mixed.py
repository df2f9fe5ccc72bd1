"""Charge of two insertion electrodes without gradients, against a closed form and printed voltages."""

from __future__ import annotations

from pathlib import Path

import pytest
from mpi4py import MPI

from cases.runner import run_in_process

from . import well_mixed_cell as cell


def test_the_closed_form_is_what_was_printed() -> None:
    assert [cell.voltage(time) for time in cell.TIMES] == pytest.approx(cell.PRINTED, abs=2e-6)


@pytest.mark.mpi
def test_charge_of_two_insertion_electrodes(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Every voltage to 0.1 mV and, less the drops that the closed form leaves out, far closer; both lithium fields."""
    found = run_in_process(cell.case(), shared_tmp_path, comm)["discharge"]
    drops = cell.omitted_drops()
    assert max(drops.values()) < 1e-5
    assert cell.voltages(found) == pytest.approx(cell.PRINTED, abs=1e-4)
    exact = [cell.voltage(time) for time in cell.TIMES]
    assert cell.voltages(found) == pytest.approx(exact, abs=sum(drops.values()) + 1e-7)
    assert found["protocol"][-1]["final_stoichiometry"] == pytest.approx(
        cell.stoichiometry(cell.CATHODE, cell.TIMES[-1]), abs=1e-9
    )
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
