"""Half a sphere on the collector discharges like a particle that is resolved along its radius."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mpi4py import MPI

from .shipped_cases import content, curve, middle, run
from .single_particle import differences, omitted_drops

NAME = "single_particle"


def test_only_diffusion_film_and_kinetics_cost_voltage() -> None:
    assert max(omitted_drops(content(NAME)).values()) < 1e-6  # [V]


def test_errors_fall_with_the_square_of_the_cell_size(tmp_path: Path) -> None:
    """Largest difference from 1 % to 99 % of the charge: below 1.3 mV at R/h = 5.7."""
    data, sizes, errors = content(NAME), (1.2e-6, 0.7e-6), []
    for size in sizes:
        out = tmp_path / f"{size}"
        found = run(NAME, out, MPI.COMM_SELF, f"mesh.cell_size={size}", "discharge.tolerance=1e-4")["discharge"]
        assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
        rows = curve(out)
        errors.append(1e3 * float(np.abs(differences(rows, data))[middle(rows)].max()))
    order = np.log(errors[0] / errors[1]) / np.log(sizes[0] / sizes[1])
    print(f"errors {errors} mV, order {order:.2f}")
    assert errors[1] < 1.3
    assert order > 1.4
