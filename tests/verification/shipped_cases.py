"""The case files of cases/verification, run in process, and what their runs leave."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from scipy.interpolate import PchipInterpolator

from cases.case_file import apply_override
from cases.runner import run_in_process

from .half_cell_1d import FARADAY, HalfCell1D, Law

FloatArray = npt.NDArray[np.float64]
FOLDER = Path(__file__).resolve().parents[2] / "cases" / "verification"


def content(name: str, *overrides: str) -> dict[str, Any]:
    """The case file as a dictionary, overrides applied."""
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    for override in overrides:
        apply_override(data, override)
    return data


def run(name: str, out: Path, comm: MPI.Intracomm, *overrides: str) -> dict[str, Any]:
    """Run a shipped case; summary by stage."""
    return run_in_process(FOLDER / f"{name}.toml", out, comm, overrides)


def curve(out: Path) -> dict[str, FloatArray]:
    """Columns of numbers of the discharge curve of a run."""
    with (out / "curves" / "discharge.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "name"}


def middle(rows: dict[str, FloatArray]) -> npt.NDArray[np.bool_]:
    """Which rows of a curve lie between 1 % and 99 % of the charge that passes."""
    share = rows["capacity_Ah_m2"] / rows["capacity_Ah_m2"][-1]
    return np.asarray((share > 0.01) & (share < 0.99))


def simple_cubic_radius(fraction: float) -> float:
    """Radius of one sphere of a volume fraction in a cube of 10 um [m]."""
    return float(10e-6 * (0.75 * fraction / np.pi) ** (1.0 / 3.0))


def insertion_laws(active: dict[str, Any]) -> tuple[Law, Law]:
    """U(x) [V] and i_0(x) = F k (c_max - c)^alpha_a c^alpha_c [A/m2] of an active material, written here anew."""
    table = PchipInterpolator(*np.array(active["open_circuit_potential"]))
    alpha, c_max, rate = (active[k] for k in ("transfer_coefficient_anodic", "maximum_concentration", "rate_constant"))

    def potential(x: FloatArray) -> FloatArray:
        return np.asarray(table(x), dtype=np.float64)

    def exchange(x: FloatArray) -> FloatArray:
        filled = np.clip(x, 0.0, 1.0)
        return np.asarray(FARADAY * rate * (c_max - c_max * filled) ** alpha * (c_max * filled) ** (1.0 - alpha))

    return potential, exchange


def planar_reference(data: dict[str, Any]) -> HalfCell1D:
    """The planar half cell of a case for the one-dimensional reference."""
    active, counter = data["materials"]["AM"], data["materials"]["counter"]
    separator, slab = data["geometry"]["layers"]
    potential, exchange = insertion_laws(active)
    return HalfCell1D(
        current_density=data["discharge"]["current_density"],
        separator_thickness=separator["thickness"],
        ionic_conductivity=data["materials"]["separator"]["ionic_conductivity"],
        slab_thickness=slab["thickness"],
        electronic_conductivity=_number_or_law(active["electronic_conductivity"]),
        diffusivity=_number_or_law(active["diffusivity"]),
        maximum_concentration=active["maximum_concentration"],
        initial_stoichiometry=active["stoichiometry_charged"],
        open_circuit_potential=potential,
        exchange_current_density=exchange,
        transfer_coefficient_anodic=active["transfer_coefficient_anodic"],
        film_resistance=data["interfaces"]["AM|SE"]["resistance"],
        counter_exchange_current_density=counter["exchange_current_density"],
        counter_transfer_coefficient_anodic=counter["transfer_coefficient_anodic"],
        counter_resistance=counter["interface_resistance"],
    )


def _number_or_law(entry: float | list[list[float]]) -> float | Law:
    """A property of the active material as the reference takes it: a number, or a table by monotone cubics."""
    if not isinstance(entry, list):
        return entry
    table = PchipInterpolator(*np.array(entry))
    return lambda x: np.asarray(table(x), dtype=np.float64)
