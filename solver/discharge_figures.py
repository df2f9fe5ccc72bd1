"""Figures of the cell during a run: readings for the ends, rows of the curve, balances, the summary."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from manufacturing.errors import StageError
from manufacturing.phases import Phase

from .discharge_records import DischargeRecord, StepOutcome, cycle_figures
from .half_cell import HalfCell
from .heat import Heat, equilibrium_energy, reversible_heat, reversible_rate
from .integrator import CellPoint, StepResult
from .ledger import Ledger
from .overpotential_shares import SHARES_LIMIT, SMALLEST_CURRENT, OverpotentialShares, PowerBalance
from .progress import Progress, StepStart
from .protocol import SECONDS_PER_HOUR, CellScales, End, ProtocolStep, Reading

BALANCE_LIMIT = 1e-8


class CellFigures:
    """Reads off the cell; the balances refer to the cell at rest before the first step.

    Args:
        cell: the discrete cell.
        scales: its theoretical capacity and area.
    """

    def __init__(self, cell: HalfCell, scales: CellScales) -> None:
        self.cell, self.scales = cell, scales
        self.working = [s.material for s in cell.network.surfaces].index(Phase.AM)  # surface of the electrode
        self.power = PowerBalance(cell, SMALLEST_CURRENT * scales.one_c)
        self._initial_inventory = cell.inventory(cell.initial_state())

    def reading(self, point: CellPoint, start: StepStart | None = None, ledger: Ledger | None = None) -> Reading:
        """Return what the ends of a protocol step look at; time and charge count from its start."""
        return Reading(
            point.time - start.time if start else 0.0,
            ledger.passed - start.passed if start and ledger else 0.0,
            self.cell.voltage(point.state),
            -float(self.cell.interface_flows(point.currents)[self.working]),
            float(self.cell.mean_stoichiometry(point.state)[self.working]),
        )

    def record(self, progress: Progress, step: ProtocolStep, result: StepResult | None) -> DischargeRecord:
        """Return a row of the curve; ``result`` is the time step that led there, None where a step begins."""
        point, ledger, start = progress.point, progress.ledger, progress.start
        assert start is not None
        current, charge, lithium = self._balances(point, ledger)
        extremes = self.cell.surface_ranges(point.state)[self.working]
        per_area = 1.0 / (SECONDS_PER_HOUR * self.scales.area)
        shares = self.power.shares(point.state, point.currents)
        return DischargeRecord(
            len(progress.records),
            point.time,
            ledger.passed * per_area,
            self.cell.voltage(point.state),
            current,
            float(self.cell.mean_stoichiometry(point.state)[self.working]),
            *extremes,
            charge,
            lithium,
            result.newton_iterations if result else 0,
            result.linear_iterations if result else 0,
            result.step if result else 0.0,
            result.error if result else 0.0,
            ledger.energy * per_area,
            progress.number + 1,
            step.cycle,
            point.time - start.time,
            (ledger.passed - start.passed) * per_area,
            step.name,
            shares,
            self._heat(shares, progress),
        )

    def _heat(self, shares: OverpotentialShares, progress: Progress) -> Heat:
        """Return the heat of a row of the curve, integrated on from the row before."""
        area, state = self.scales.area, progress.point.state
        rate = shares.loss / area
        exchanged = reversible_rate(self.cell, state, shares.current_A)
        if not progress.records:
            return Heat(rate) if exchanged is None else Heat(rate, 0.0, exchanged / area, 0.0)
        earlier, ledger = progress.records[-1], progress.ledger
        to_joule = SECONDS_PER_HOUR * area  # of the curve's capacity and energy per area
        passed = ledger.passed - earlier.capacity_Ah_m2 * to_joule
        delivered = ledger.energy - earlier.energy_Wh_m2 * to_joule
        gained = equilibrium_energy(self.cell, state, passed) - delivered
        irreversible = earlier.heat.irreversible_J_m2 + gained / area
        taken = reversible_heat(self.cell, state, passed)
        if exchanged is None or taken is None or earlier.heat.reversible_J_m2 is None:
            return Heat(rate, irreversible)
        return Heat(rate, irreversible, exchanged / area, earlier.heat.reversible_J_m2 + taken / area)

    def _balances(self, point: CellPoint, ledger: Ledger) -> tuple[float, float, float]:
        """Return the cell current [A] and the relative errors of charge and lithium."""
        collector, counter = self.cell.terminal_currents(point.state, point.currents)
        interface = -float(self.cell.interface_flows(point.currents)[self.working])
        currents = np.array([collector, counter, interface])
        charge = float(np.ptp(currents) / max(np.abs(currents).max(), self.scales.one_c / 100.0))
        change = self.cell.inventory(point.state) - self._initial_inventory
        missing = float(np.abs(change + ledger.exchanged).max())
        return collector, charge, missing / max(ledger.throughput, 1e-3 * self.scales.capacity)

    def check(self, point: CellPoint, record: DischargeRecord) -> None:
        """Raise StageError when a balance is violated or a surface left the range for which its curves are known."""
        ranges = self.cell.surface_ranges(point.state)
        for surface, found in zip(self.cell.network.surfaces, ranges, strict=True):
            known = self.cell.model.known_range(surface.material)
            if found[0] < known[0] or found[1] > known[1]:
                raise StageError(
                    f"discharge: step {record.step} at {record.time_s:.6g} s: surface stoichiometry of "
                    f"{surface.material.name} {found[0]:.6g} to {found[1]:.6g} leaves the range {known[0]:g} to "
                    f"{known[1]:g} of its curves; the discharge so far is kept"
                )
        if max(record.charge_balance_error, record.lithium_balance_error) > BALANCE_LIMIT:
            raise StageError(
                f"discharge: step {record.step} at {record.time_s:.6g} s violates a balance: "
                f"charge {record.charge_balance_error:.2e}, lithium {record.lithium_balance_error:.2e}, "
                f"limit {BALANCE_LIMIT:g}"
            )
        if not abs(record.shares.residual_V) <= SHARES_LIMIT:
            raise StageError(
                f"discharge: step {record.step} at {record.time_s:.6g} s: the overpotentials miss the voltage by "
                f"{record.shares.residual_V:.2e} V, limit {SHARES_LIMIT:g} V"
            )

    def outcome(self, progress: Progress, step: ProtocolStep, end: End) -> StepOutcome:
        """Return the figures of a protocol step that is over."""
        start, last = progress.start, progress.records[-1]
        assert start is not None
        return StepOutcome(
            progress.number + 1,
            step.name,
            step.cycle,
            step.drive,
            step.value,
            end.reason,
            len(progress.records) - start.records - 1,
            progress.point.time - start.time,
            last.protocol_capacity_Ah_m2,
            (progress.ledger.energy - start.energy) / (SECONDS_PER_HOUR * self.scales.area),
            start.reading.voltage,
            last.voltage_V,
            last.mean_stoichiometry,
        )


def discharge_summary(figures: CellFigures, progress: Progress) -> dict[str, Any]:
    """Return the figures of a whole run."""
    cell, ledger, records = figures.cell, progress.ledger, progress.records
    run = [outcome for outcome in progress.outcomes if not outcome.skipped]
    area, first, last = figures.scales.area, records[0], records[-1]
    return {
        "unknowns": cell.unknowns,
        "steps": sum(outcome.time_steps for outcome in run),
        "rejected_steps": ledger.rejected_steps,
        "newton_iterations": ledger.newton_iterations,
        "linear_iterations": ledger.linear_iterations,
        "active_fraction": cell.network.active_fraction,
        "active_area_m2": {s.material.name: s.area for s in cell.network.surfaces},
        "current_density_A_m2": last.current_A / area,
        "theoretical_capacity_Ah_m2": figures.scales.capacity / SECONDS_PER_HOUR / area,
        "capacity_Ah_m2": last.capacity_Ah_m2,
        "energy_Wh_m2": last.energy_Wh_m2,
        "utilisation": ledger.passed / figures.scales.capacity,
        "initial_voltage_V": first.voltage_V,
        "final_voltage_V": last.voltage_V,
        "final_time_s": last.time_s,
        "end_reason": run[-1].end_reason,
        "charge_balance_error": max(r.charge_balance_error for r in records),
        "lithium_balance_error": max(r.lithium_balance_error for r in records),
        "overpotential_residual_V": max(abs(r.shares.residual_V) for r in records),
        "overpotentials_mean_V": mean_overpotentials(records, figures.scales),
        "irreversible_heat_J_m2": last.heat.irreversible_J_m2,
        "reversible_heat_J_m2": last.heat.reversible_J_m2,
        "protocol": [outcome.figures() for outcome in progress.outcomes],
        "cycles": cycle_figures(progress.outcomes),
    }


def mean_overpotentials(records: Sequence[DischargeRecord], scales: CellScales) -> dict[str, float]:
    """Return the mean over the charge of each overpotential, of rows with a current [V].

    By the trapezoidal rule over the charge in either direction; signs as in Eq. 31 on discharge.
    """
    smallest, moved, sums = SMALLEST_CURRENT * scales.one_c, 0.0, np.zeros(len(records[0].shares.power_W))
    for before, after in pairwise(records):
        ends = [r.shares for r in (before, after) if abs(r.shares.current_A) >= smallest]
        charge = abs(after.capacity_Ah_m2 - before.capacity_Ah_m2)
        if ends and charge > 0.0:
            voltages = [np.array(list(s.power_W.values())) / abs(s.current_A) for s in ends]
            sums += charge * np.mean(voltages, axis=0)
            moved += charge
    means = sums / (moved or 1.0)
    return dict(zip(records[0].shares.power_W, map(float, means), strict=True))
