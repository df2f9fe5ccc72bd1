"""Where the voltage goes: overpotentials by the power balance of the cell (Eqs. 31-33).

The discrete equations (14) and (15), multiplied with their own potentials and added, give without any error of
discretisation

    I V = I U(mean x) - sum of P_k,    hence    V = U(mean x) - sum of P_k/I                            (31)

with the powers P_k [W] that the processes of the cell take: K and S of (14)-(16), sums over the points of a surface,

    ionic             P = phi_i . K_i phi_i            electronic      P = phi_e . K_e phi_e            (32)
    charge transfer   P = sum w i_n eta                film            P = sum w i^2 R
    diffusion         P = sum w i_n [U(x_s) - U(mean x)]
    double layer      P = sum w (i - i_n) [eta + U(x_s) - U(mean x)]

and those of the counter electrode. P_k/I is positive on discharge and negative on charge. At rest lithium still moves
between particles: powers remain, the voltages P_k/I do not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase

from .contact_power import contact_powers
from .domain_mesh import stiffness_matrix
from .half_cell import ELECTRONIC_FIELD, IONIC_FIELD, CellCurrents, HalfCell
from .reduction import global_sums

FloatArray = npt.NDArray[np.float64]

SHARES_LIMIT = 1e-8  # [V]
SMALLEST_CURRENT = 1e-3  # of 1C: below it voltages P/I are left out
PREFIXES = {Phase.AM: "", Phase.anode: "anode_"}


@dataclass(frozen=True)
class OverpotentialShares:
    """Powers of one state of the cell, and what its voltage is made of."""

    equilibrium_V: float  # noqa: N815 - unit; U(mean x), less that of the counter electrode
    power_W: dict[str, float]  # noqa: N815 - unit; taken by each process, positive where it costs energy
    current_A: float  # noqa: N815 - unit; by the quadrature of the interface, positive on discharge
    residual_V: float  # noqa: N815 - unit; voltage less its parts, over the current or C/1000

    @property
    def loss(self) -> float:
        """Power that the processes take together [W]."""
        return sum(self.power_W.values())

    def voltages(self, smallest: float) -> dict[str, float | None]:
        """Return P/I of each process [V], None at currents below the smallest [A]."""
        if abs(self.current_A) < smallest:
            return dict.fromkeys(self.power_W)
        return {name: power / self.current_A for name, power in self.power_W.items()}


class PowerBalance:
    """Evaluates the shares of states of one cell; every method is collective.

    Args:
        cell: the discrete cell.
        smallest_current: to which the residual refers at rest [A].
    """

    def __init__(self, cell: HalfCell, smallest_current: float) -> None:
        self.cell, self.smallest_current = cell, smallest_current
        field = cell.fields[IONIC_FIELD]
        conductivity = cell.mesh.per_cell(cell.model.ionic_conductivity)
        coefficient = np.where(cell.mesh.phases == Phase.separator, conductivity, 0.0)
        self._separator = stiffness_matrix(field.domain, field.space, coefficient).ptap(field.reduction.matrix)

    def shares(self, state: FloatArray, currents: CellCurrents) -> OverpotentialShares:
        """Return the shares of a state with its currents (Eqs. 31-33)."""
        local = self._conduction(state) | self._counter(state, currents)
        means = self._mean_potentials(state)
        for index, mean in enumerate(means):
            local |= self._surface(index, currents, mean)
        totals = global_sums(self.cell.comm, np.array(list(local.values())))
        powers = self._apart(dict(zip(local, map(float, totals), strict=True)), state)
        materials = [surface.material for surface in self.cell.network.surfaces]
        flows = dict(zip(materials, map(float, self.cell.interface_flows(currents)), strict=True))
        potentials = dict(zip(materials, means, strict=True))
        metal = self.cell.model.counter
        against = metal.equilibrium_potential if metal is not None else potentials.get(Phase.anode, 0.0)
        equilibrium, current = potentials[Phase.AM] - against, -flows[Phase.AM]
        missing = (self.cell.voltage(state) - equilibrium) * current + sum(powers.values())
        return OverpotentialShares(equilibrium, powers, current, missing / max(abs(current), self.smallest_current))

    def _conduction(self, state: FloatArray) -> dict[str, float]:
        """Return the power of conduction on this rank [W]; electrons of the two electrodes apart."""
        ionic, electronic = (self._products(k, state) for k in (IONIC_FIELD, ELECTRONIC_FIELD))
        phi = self.cell.relative_values(IONIC_FIELD, state)
        right, left = self._separator.createVecRight(), self._separator.createVecLeft()
        right.array[:] = phi
        self._separator.mult(right, left)
        separator = float(phi @ left.array)
        floating = self.cell.floating
        powers = {
            "ionic_separator": separator,
            "ionic_composite": float(ionic.sum()) - separator,
            "electronic": float(electronic @ floating),
        }
        if any(surface.material == Phase.anode for surface in self.cell.network.surfaces):
            powers["anode_electronic"] = float(electronic @ (1.0 - floating))
        return powers

    def _apart(self, powers: dict[str, float], state: FloatArray) -> dict[str, float]:
        """Return the powers with those of contact resistances apart from the conduction that K adds them to [W]."""
        of_contacts = {name: sum(part.values()) for name, part in contact_powers(self.cell, state).items() if part}
        beside = {"ionic": "ionic_composite", "electronic": "electronic"}
        for name, power in of_contacts.items():
            powers[beside[name]] -= power
        return powers | {f"{name}_contacts": power for name, power in of_contacts.items()}

    def _products(self, field: int, state: FloatArray) -> FloatArray:
        return np.asarray(self.cell.relative_values(field, state) * self.cell.conduction(field, state))

    def _surface(self, index: int, currents: CellCurrents, mean_potential: float) -> dict[str, float]:
        """Return the power of reaction, film, diffusion and double layer of one surface on this rank [W]."""
        surface, weights = currents.surfaces[index], self.cell.points[index].weights
        prefix = PREFIXES[self.cell.network.surfaces[index].material]
        flow, lithium = weights * surface.current, weights * surface.faradaic
        powers = {
            f"{prefix}charge_transfer": float(lithium @ surface.overpotential),
            f"{prefix}film": float(flow @ surface.current) * self.cell.reactions[index].resistance,
            f"{prefix}diffusion": float(lithium @ (surface.open_circuit - mean_potential)),
        }
        if self.cell.reactions[index].capacitance > 0.0:
            powers[f"{prefix}double_layer"] = float((flow - lithium) @ (surface.layer_voltage - mean_potential))
        return powers

    def _counter(self, state: FloatArray, currents: CellCurrents) -> dict[str, float]:
        """Return the power of a metal counter electrode on this rank [W]."""
        metal, points = self.cell.model.counter, self.cell.counter_points
        if metal is None or points is None:
            return {}
        drop = -points.values(0, self.cell.values(IONIC_FIELD, state))
        flow = points.weights * currents.counter
        film = float(flow @ currents.counter) * metal.resistance
        kinetics = float(flow @ (drop - metal.equilibrium_potential)) - film
        return {"counter_kinetics": kinetics, "counter_resistance": film}

    def _mean_potentials(self, state: FloatArray) -> list[float]:
        """Return U(mean x) of each active material [V]."""
        means = self.cell.mean_stoichiometry(state)
        return [
            float(reaction.open_circuit_potential.value(np.array([x]))[0])
            for reaction, x in zip(self.cell.reactions, means, strict=True)
        ]
