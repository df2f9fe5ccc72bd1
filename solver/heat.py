"""Heat that the cell generates, and its integral over the run (Eqs. 34 and 34a).

The irreversible heat is what the processes of :mod:`solver.overpotential_shares` take together,

    q = sum of P_k = I [U(mean x) - V]                                                                  (34)

(D. Bernardi, E. Pawlikowski, J. Newman, J. Electrochem. Soc. 132 (1985) 5, without the enthalpy of mixing). Its
integral is the energy of the open circuit, by Gauss' rule along the mean stoichiometry, less the delivered energy.
The reversible heat needs the entropy coefficient of every electrode, with U the open circuit of the whole cell,

    q_rev = -I T dU/dT(mean x)                                                                         (34a)

Potentials and coefficients are those against lithium at the same temperature: lithium metal has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase

from .half_cell import HalfCell
from .materials import Curve

FloatArray = npt.NDArray[np.float64]

GAUSS_POINTS = 4


@dataclass(frozen=True)
class Heat:
    """Heat per electrode area at one instant and since the run began."""

    irreversible_W_m2: float  # noqa: N815 - unit
    irreversible_J_m2: float = 0.0  # noqa: N815 - unit
    reversible_W_m2: float | None = None  # noqa: N815 - unit; None: an entropy coefficient is not known
    reversible_J_m2: float | None = None  # noqa: N815 - unit


def equilibrium_energy(cell: HalfCell, state: FloatArray, passed: float) -> float:
    """Return integral(U dQ) over the charge that passed before a state [J], positive on discharge.

    Args:
        cell: the discrete cell.
        state: at the end.
        passed: charge through the cell [C], positive on discharge; it fills AM and empties a second electrode.
    """
    metal = cell.model.counter
    rest = -passed * metal.equilibrium_potential if metal is not None else 0.0
    curves = [reaction.open_circuit_potential for reaction in cell.reactions]
    return rest + _along_charge(cell, state, passed, curves)


def reversible_heat(cell: HalfCell, state: FloatArray, passed: float) -> float | None:
    """Return -integral(T dU/dT dQ) over the charge that passed before a state [J], None where dU/dT is not known."""
    curves = _entropies(cell)
    if curves is None:
        return None
    change = _along_charge(cell, state, passed, curves) - passed * _counter_entropy(cell)
    return -cell.model.temperature * change


def reversible_rate(cell: HalfCell, state: FloatArray, current: float) -> float | None:
    """Return -I T dU/dT(mean x) of a state at a cell current [A] in W, None where dU/dT is not known."""
    curves = _entropies(cell)
    if curves is None:
        return None
    means = cell.mean_stoichiometry(state)
    slopes = [_sign(cell, k) * float(curve.value(means[k])) for k, curve in enumerate(curves)]
    return -current * cell.model.temperature * (sum(slopes) - _counter_entropy(cell))


def _entropies(cell: HalfCell) -> list[Curve] | None:
    """Return dU/dT [V/K] of the active material at each surface; None where that of an electrode is not known."""
    if cell.model.counter is not None and cell.model.counter_entropy_coefficient is None:
        return None
    known = [cell.model.entropy_coefficient.get(surface.material) for surface in cell.network.surfaces]
    found = [curve for curve in known if curve is not None]
    return found if len(found) == len(known) else None


def _counter_entropy(cell: HalfCell) -> float:
    """Return dU/dT of a metal counter electrode against lithium [V/K], 0 without one."""
    return cell.model.counter_entropy_coefficient or 0.0


def _sign(cell: HalfCell, surface: int) -> float:
    """Return 1 for the working electrode, -1 for the second one."""
    return 1.0 if cell.network.surfaces[surface].material == Phase.AM else -1.0


def _along_charge(cell: HalfCell, state: FloatArray, passed: float, curves: Sequence[Curve]) -> float:
    """Return the integral of the signed sum of curves of the mean stoichiometries over the passed charge."""
    means = cell.mean_stoichiometry(state)
    capacities = cell.inventory(state) / means
    nodes, weights = np.polynomial.legendre.leggauss(GAUSS_POINTS)
    back = 0.5 * passed * (1.0 - nodes)  # charge from each node to the end
    total = np.zeros(GAUSS_POINTS)
    for k, curve in enumerate(curves):
        sign = _sign(cell, k)
        total += sign * curve.value(means[k] - sign * back / capacities[k])
    return float(0.5 * passed * weights @ total)
