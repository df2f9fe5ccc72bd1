"""What LAMMPS reported after each run of a stage: a CSV file, and the last lines for error messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from .line_file import LineFile

THERMO = ("ke", "pe", "press", "pxx", "pyy", "pzz", "vol")  # LAMMPS's names of the columns after the time
COLUMNS = (
    "steps", "time_us", "kinetic_fJ", "potential_fJ", "p_kPa", "pxx_kPa", "pyy_kPa", "pzz_kPa", "volume_um3",
)  # fmt: skip
REMEMBERED_ROWS = 8
WIDTH = 13


class ThermoTable:
    """Rows of :data:`COLUMNS`, one after each run.

    Args:
        file: CSV file that every row is appended to.
    """

    def __init__(self, file: LineFile) -> None:
        self.last: deque[Sequence[float]] = deque(maxlen=REMEMBERED_ROWS)
        self._file = file
        file.write(",".join(COLUMNS))

    def add(self, row: Sequence[float]) -> None:
        """Append a row."""
        self.last.append(row)
        self._file.write(",".join(f"{value:.9g}" for value in row))

    def text(self) -> str:
        """Return the last rows as an aligned table."""
        if not self.last:
            return "  no step finished"
        rows = [COLUMNS, *([f"{value:.5g}" for value in row] for row in self.last)]
        return "\n".join("".join(cell.rjust(WIDTH) for cell in row) for row in rows)
