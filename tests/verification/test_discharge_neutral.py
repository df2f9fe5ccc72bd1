"""Linearised kinetics on a curved interface: neutral particles, which the cell does not notice."""

from __future__ import annotations

from pathlib import Path

import pytest
from mpi4py import MPI

from .shipped_cases import content, run

NAME = "neutral_particles"
ELECTROLYTE = 8e-5  # thickness over sigma_i [Ohm m2]


def resistance(out: Path, comm: MPI.Intracomm, *overrides: str) -> float:
    """What the cell loses when the current is switched on, per current density [Ohm m2]."""
    found = run(NAME, out, comm, *overrides)["discharge"]
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
    return float((4.0 - found["initial_voltage_V"]) / found["current_density_A_m2"])


@pytest.mark.mpi
def test_the_cell_loses_what_electrolyte_alone_would(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Both ways, discharge and charge, film and charge transfer together, however conducting the particles are."""
    for current in (100.0, -100.0):
        found = resistance(shared_tmp_path / f"{current}", comm, f"discharge.current_density={current}")
        print(found / ELECTROLYTE - 1.0)
        assert found == pytest.approx(ELECTROLYTE, rel=1e-3)


def test_half_of_the_resistance_would_show(tmp_path: Path) -> None:
    film = content(NAME)["interfaces"]["AM|SE"]["resistance"]
    bare = resistance(tmp_path, MPI.COMM_SELF, "mesh.cell_size=1e-6", 'interfaces."AM|SE".resistance=0.0')
    assert ELECTROLYTE - bare > 0.5 * film
