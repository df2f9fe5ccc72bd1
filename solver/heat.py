"""Heat that the cell generates, and its integral over the run (Eq. 34).

The irreversible heat is what the processes of :mod:`solver.overpotential_shares` take together,

    q = sum of P_k = I [U(mean x) - V]                                                                  (34)

(D. Bernardi, E. Pawlikowski, J. Newman, J. Electrochem. Soc. 132 (1985) 5, without the enthalpy of mixing). Its
integral is the energy of the open circuit, by Gauss' rule along the mean stoichiometry, less the delivered energy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase

from .half_cell import HalfCell

FloatArray = npt.NDArray[np.float64]

GAUSS_POINTS = 4


@dataclass(frozen=True)
class Heat:
    """Heat per electrode area at one instant and since the run began."""

    irreversible_W_m2: float  # noqa: N815 - unit
    irreversible_J_m2: float = 0.0  # noqa: N815 - unit


def equilibrium_energy(cell: HalfCell, state: FloatArray, passed: float) -> float:
    """Return integral(U dQ) over the charge that passed before a state [J], positive on discharge.

    Args:
        cell: the discrete cell.
        state: at the end.
        passed: charge through the cell [C], positive on discharge; it fills AM and empties a second electrode.
    """
    means = cell.mean_stoichiometry(state)
    capacities = cell.inventory(state) / means
    nodes, weights = np.polynomial.legendre.leggauss(GAUSS_POINTS)
    back = 0.5 * passed * (1.0 - nodes)  # charge from each node to the end
    metal = cell.model.counter
    potential = np.full(GAUSS_POINTS, -metal.equilibrium_potential if metal is not None else 0.0)
    for k, surface in enumerate(cell.network.surfaces):
        sign = 1.0 if surface.material == Phase.AM else -1.0
        curve = cell.reactions[k].open_circuit_potential
        potential += sign * curve.value(means[k] - sign * back / capacities[k])
    return float(0.5 * passed * weights @ potential)
