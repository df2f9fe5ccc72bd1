"""Tables with a row per time step of a discharge: the curve, and what its voltage is made of."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.discharge_records import DischargeRecord
from solver.overpotential_shares import SMALLEST_CURRENT
from solver.protocol import CellScales

Columns = dict[str, Any]


@dataclass(frozen=True)
class CurveTable:
    """A CSV file that grows with the curve; its header comes with the first row."""

    path: Path
    columns: Callable[[DischargeRecord], Columns]

    def write(self, records: Sequence[DischargeRecord], anew: bool) -> None:
        """Add rows, or begin the file with them.

        Raises:
            OSError: the file cannot be written.
        """
        with self.path.open("w" if anew else "a", newline="") as file:
            rows = [self.columns(record) for record in records]
            writer = csv.writer(file)
            if rows and file.tell() == 0:
                writer.writerow(rows[0])
            writer.writerows(row.values() for row in rows)


def curve_tables(folder: Path, scales: CellScales) -> tuple[CurveTable, ...]:
    """Return the tables of a discharge.

    Args:
        folder: where they are.
        scales: capacity and area of the cell.
    """
    return (
        CurveTable(folder / "discharge.csv", curve_columns),
        CurveTable(folder / "overpotentials.csv", lambda record: overpotential_columns(record, scales)),
    )


def curve_columns(record: DischargeRecord) -> Columns:
    """Return the curve's own columns."""
    return {name: value for name, value in record.values().items() if name not in ("shares", "heat")}


def overpotential_columns(record: DischargeRecord, scales: CellScales) -> Columns:
    """Return the overpotentials [V], empty at rest, the powers [W/m2] and the heat of a row.

    With signs as in Eq. 31: voltage_V = equilibrium_V - sum of the overpotentials + residual_V.
    """
    shares = record.shares
    position = {name: getattr(record, name) for name in ("step", "time_s", "capacity_Ah_m2", "protocol_step", "cycle")}
    return (
        position
        | {"current_density_A_m2": shares.current_A / scales.area, "voltage_V": record.voltage_V}
        | {"equilibrium_V": shares.equilibrium_V}
        | {f"{name}_V": value for name, value in shares.voltages(SMALLEST_CURRENT * scales.one_c).items()}
        | {"residual_V": shares.residual_V}
        | {f"{name}_W_m2": value / scales.area for name, value in shares.power_W.items()}
        | {f"heat_{name}": value for name, value in vars(record.heat).items()}
    )
