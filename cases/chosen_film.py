"""Which film of a LAMMPS chain is the electrode: the last one, or that of a saved degree of calendering."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from manufacturing.chain import ManufacturingResult, ManufacturingSettings
from manufacturing.errors import InputError
from manufacturing.packing import Packing, load_packing
from manufacturing.press import CURVES, snapshot_name

from .manufacture import manufacturing_settings
from .schema import ManufacturedGeometry

SAME_DEGREE = 1e-6


@dataclass(frozen=True)
class ChosenFilm:
    """The packing that is meshed and its figures between the plates."""

    packing: Packing
    report: dict[str, Any]


def check_film(geometry: ManufacturedGeometry, settings: ManufacturingSettings) -> None:
    """Refuse a degree of calendering whose film is not saved.

    Raises:
        InputError: names the saved degrees.
    """
    degrees = settings.calendering.all_degrees
    if geometry.film_degree is not None and not np.any(np.abs(np.array(degrees) - geometry.film_degree) < SAME_DEGREE):
        saved = ", ".join(f"{degree:g}" for degree in degrees)
        raise InputError("geometry.film_degree", geometry.film_degree, f"a saved degree of calendering: {saved}")


def chosen_film(geometry: ManufacturedGeometry, folder: Path, out: Path, made: ManufacturingResult) -> ChosenFilm:
    """Return the film that a case names, with its row of the calendering curve and the density without any pore.

    Args:
        geometry: of the case.
        folder: where its paths are relative to.
        out: directory of the run, in which the films at all degrees are saved.
        made: result of the chain.
    """
    settings = manufacturing_settings(geometry, folder)
    theoretical = 1e-3 * settings.recipe.balance().theoretical_density
    columns = {name: np.asarray(made.curves["calendering"][name]) for name in CURVES}
    if geometry.film_degree is None:
        packing, row = made.packing, len(columns["degree"]) - 1
    else:
        name = snapshot_name(geometry.film_degree)
        packing = load_packing(out / "stages" / f"packing_{name}.h5")
        row = _last_at(columns["degree"], geometry.film_degree)
    figures = {name: float(column[row]) for name, column in columns.items()}
    return ChosenFilm(packing, figures | {"theoretical_density_g_cm3": theoretical})


def _last_at(degrees: np.ndarray[tuple[int, ...], np.dtype[Any]], degree: float) -> int:
    """Return the last row at a degree, where the film of the last degree has settled."""
    return int(np.flatnonzero(np.abs(degrees - degree) < SAME_DEGREE)[-1])
