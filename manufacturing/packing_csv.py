"""Packings as tables of spheres: CSV files with the columns x, y, z, r, phase and id."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .packing import Packing, phase_from_name
from .phases import PARTICLE_PHASES, Phase
from .text_file import exact, read_lines, write_lines

FloatArray = npt.NDArray[np.float64]

CSV_COLUMNS = ("x", "y", "z", "r", "phase")
BOX_NOTE = "# box [m]:"

Row = tuple[int, dict[str, str]]  # line number in the file, and the cells by column
Box = tuple[FloatArray, FloatArray, tuple[bool, bool, bool]]


def read_csv(
    path: Path,
    lower: Sequence[float] | None = None,
    upper: Sequence[float] | None = None,
    periodic: tuple[bool, bool, bool] | None = None,
    length_unit: float = 1.0,
) -> Packing:
    """Read spheres from a CSV file with the header ``x,y,z,r,phase``.

    ``phase`` is a name (AM, SE, CBD) or its integer; an optional column ``id`` gives particle ids,
    else rows are numbered from 1. Columns may be in any order, others are ignored, as are lines that start
    with ``#``, but for the box that :func:`write_csv` notes in one.

    Args:
        path: the file; may be gzip'd.
        lower: corner of the box, shape (3,) [m]; None: as noted in the file.
        upper: opposite corner, shape (3,) [m]; None: as noted in the file.
        periodic: axes along which the box is periodic; None: as noted in the file, else x and y.
        length_unit: of x, y, z and r in the file [m].

    Raises:
        InputError: the file is unreadable, a column or value is missing or wrong, or a sphere lies outside the box.
    """
    lines = read_lines(path, "a CSV file")
    rows = _rows(path, lines)
    lengths = [[_number(path, line, row, name) for name in CSV_COLUMNS[:4]] for line, row in rows]
    table = np.array(lengths, dtype=np.float64).reshape(-1, 4) * length_unit
    phases = np.array([_phase(row["phase"], f"{path} line {line}") for line, row in rows], dtype=np.int64)
    numbered = bool(rows) and "id" in rows[0][1]
    ids = [_id(path, line, row) if numbered else i for i, (line, row) in enumerate(rows, start=1)]
    box = _box(path, lines, lower, upper, periodic)
    provenance = {"source": "csv", "file": path.name}
    return Packing(table[:, :3], table[:, 3], phases, np.array(ids, dtype=np.int64), *box, provenance)


def write_csv(packing: Packing, path: Path) -> None:
    """Write spheres in metres, with the box in a first line that starts with ``#``; provenance is not kept."""
    flags = "".join("p" if axis else "f" for axis in packing.periodic)
    lines = [f"{BOX_NOTE} {exact(packing.lower)} {exact(packing.upper)} {flags}", "x,y,z,r,phase,id"]
    table = np.column_stack([packing.centres, packing.radii])
    for lengths, phase, number in zip(table, packing.phases, packing.particle_ids, strict=True):
        lines.append(f"{exact(lengths).replace(' ', ',')},{Phase(int(phase)).name},{number}")
    write_lines(path, lines)


def _rows(path: Path, lines: list[str]) -> list[Row]:
    """Return (line number, row) of every data row."""
    numbers = [i for i, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")]
    try:
        table = list(csv.reader((lines[i - 1] for i in numbers), skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise InputError(str(path), f"an unreadable file ({error})", "a CSV file") from error
    header = [name.strip() for name in table[0]] if table else []
    missing = [name for name in CSV_COLUMNS if name not in header]
    if missing:
        raise InputError(f"{path} header", ",".join(header) or "an empty file", ",".join(CSV_COLUMNS))
    return [
        (line, dict(zip(header, [*row, *[""] * len(header)], strict=False)))
        for line, row in zip(numbers[1:], table[1:], strict=False)
    ]


def _box(
    path: Path,
    lines: list[str],
    lower: Sequence[float] | None,
    upper: Sequence[float] | None,
    periodic: tuple[bool, bool, bool] | None,
) -> Box:
    """Return corners and periodic axes: those given, else those noted in the file."""
    noted = next((i for i, line in enumerate(lines) if line.startswith(BOX_NOTE)), None)
    low, high, axes = (None, None, None) if noted is None else _noted_box(path, noted + 1, lines[noted])
    low = np.asarray(lower, dtype=np.float64) if lower is not None else low
    high = np.asarray(upper, dtype=np.float64) if upper is not None else high
    if low is None or high is None:
        raise InputError(f"{path} box", "nothing", f"lower and upper corner, or a line {BOX_NOTE!r}")
    return low, high, periodic or axes or (True, True, False)


def _noted_box(path: Path, line: int, text: str) -> Box:
    words = text[len(BOX_NOTE) :].split()
    try:
        numbers = np.array(words[:6], dtype=np.float64)
        x, y, z = (flag == "p" for flag in words[6])
    except (ValueError, IndexError):
        raise InputError(f"{path} line {line}", text[:80], "six coordinates and three letters p or f") from None
    return numbers[:3], numbers[3:], (x, y, z)


def _number(path: Path, line: int, row: Mapping[str, str], name: str) -> float:
    where = f"{path} line {line} column {name}"
    try:
        value = float(row[name])
    except (TypeError, ValueError):
        raise InputError(where, row[name] or "nothing", "a number") from None
    if not math.isfinite(value):
        raise InputError(where, row[name], "a finite number")
    if name == "r" and value <= 0.0:
        raise InputError(where, row[name], "a number above 0 (radii > 0)")
    return value


def _id(path: Path, line: int, row: Mapping[str, str]) -> int:
    try:
        return int(row["id"])
    except (TypeError, ValueError):
        raise InputError(f"{path} line {line} column id", row["id"] or "nothing", "an integer") from None


def _phase(text: str, where: str) -> Phase:
    name = text.strip()
    phase = Phase(int(name)) if name.isdigit() and int(name) in set(Phase) else phase_from_name(name, where)
    if phase not in PARTICLE_PHASES:
        raise InputError(where, name, f"one of {', '.join(p.name for p in PARTICLE_PHASES)}")
    return phase
