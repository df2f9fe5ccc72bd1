"""Manufactured fields on both sides of a curved interface: second order in h and dt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .manufactured_cell import ManufacturedCell

COARSE, FINE = 1.6e-6, 1.0e-6  # [m]


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> ManufacturedCell:
    """The hemisphere on the coarse mesh."""
    return ManufacturedCell(tmp_path_factory.mktemp("coarse"), COARSE)


def test_errors_fall_with_the_square_of_the_cell_size(coarse: ManufacturedCell, tmp_path: Path) -> None:
    """Root mean squares of phi_i, phi_e and x and the voltage of the collector."""
    pair = [cell.errors(cell.run(20.0, 2), 20.0) for cell in (coarse, ManufacturedCell(tmp_path, FINE))]
    orders = {name: np.log(pair[0][name] / pair[1][name]) / np.log(COARSE / FINE) for name in pair[0]}
    print(pair, orders)
    for name, order in orders.items():
        assert pair[1][name] < 2e-3, name
        assert order > 1.6, name


def test_errors_fall_with_the_square_of_the_time_step(coarse: ManufacturedCell) -> None:
    """Changes of the stoichiometry and of the voltage from one number of equal steps to the double one."""
    states = [coarse.run(200.0, count) for count in (5, 10, 20)]
    for values in (
        [np.array([coarse.cell.voltage(state)]) for state in states],
        [coarse.cell.values(2, state) for state in states],
    ):
        first, second = (np.sqrt(np.mean((b - a) ** 2)) for a, b in zip(values[:-1], values[1:], strict=True))
        print(first, second, np.log2(first / second))
        assert 1.7 < np.log2(first / second) < 2.4
