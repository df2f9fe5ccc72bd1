"""Ohmic heat of contacts in charge and discharge (Eq. 3d)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .half_cell import ELECTRONIC_FIELD, IONIC_FIELD, HalfCell

FloatArray = npt.NDArray[np.float64]

FIELDS = {"ionic": IONIC_FIELD, "electronic": ELECTRONIC_FIELD}


def contact_powers(cell: HalfCell, state: FloatArray) -> dict[str, dict[str, float]]:
    """Return integral([phi]^2/R) dA [W] by field and name of the interface (collective); none without resistances.

    Args:
        cell: the discrete cell.
        state: owned unknowns.
    """
    # Jumps do not see the constant by which potentials of conductors are shifted.
    return {name: cell.fields[k].contact_power(cell.relative_values(k, state)) for name, k in FIELDS.items()}
