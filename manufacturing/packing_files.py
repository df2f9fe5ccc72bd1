"""Packings from other people's files: LAMMPS dumps as text and tables of spheres as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .packing import Packing, phase_from_name
from .phases import Phase

FloatArray = npt.NDArray[np.float64]

CSV_COLUMNS = ("x", "y", "z", "r", "phase")
MICROMETRE = 1e-6


def read_csv(
    path: Path,
    lower: Sequence[float],
    upper: Sequence[float],
    periodic: tuple[bool, bool, bool] = (True, True, False),
    length_unit: float = 1.0,
) -> Packing:
    """Read spheres from a CSV file with the header ``x,y,z,r,phase``.

    ``phase`` is a name (AM, SE, CBD) or its integer; an optional column ``id`` gives particle ids,
    else rows are numbered from 1. Columns may be in any order, others are ignored.

    Args:
        path: the file.
        lower: corner of the box, shape (3,) [m].
        upper: opposite corner, shape (3,) [m].
        periodic: axes along which the box is periodic.
        length_unit: of x, y, z and r in the file [m].

    Raises:
        InputError: the file is unreadable, a column or value is missing or wrong, or a sphere lies outside the box.
    """
    rows = _csv_rows(path)
    lengths = [[_number(path, line, row, name) for name in CSV_COLUMNS[:4]] for line, row in rows]
    table = np.array(lengths, dtype=np.float64).reshape(-1, 4) * length_unit
    phases = np.array([_phase(row["phase"], f"{path} line {line}") for line, row in rows], dtype=np.int64)
    numbered = bool(rows) and "id" in rows[0][1]
    ids = [int(_number(path, line, row, "id")) if numbered else i for i, (line, row) in enumerate(rows, start=1)]
    box = (np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64))
    provenance = {"source": "csv", "file": path.name}
    return Packing(table[:, :3], table[:, 3], phases, np.array(ids, dtype=np.int64), *box, periodic, provenance)


def read_lammps_dump(
    path: Path, phase_of_type: Mapping[int, Phase], length_unit: float = MICROMETRE, frame: int = -1
) -> Packing:
    """Read one frame of a LAMMPS text dump of spheres.

    The columns id, type, x y z (or xu, xs, xsu) and radius (or diameter) are needed. The box becomes the
    box of the packing, moved so that it starts at zero; a centre outside it along a periodic axis is
    replaced by its image inside.

    Args:
        path: the file.
        phase_of_type: phase of each LAMMPS atom type.
        length_unit: of the file [m]; `units micro` has micrometres.
        frame: which frame, counted from 0, or from the end when negative.

    Raises:
        InputError: the file is unreadable or truncated, a column or type is unknown, or there is no such frame.
    """
    frames = _dump_frames(path)
    if not -len(frames) <= frame < len(frames):
        raise InputError(f"{path} frame", frame, f"one of the {len(frames)} frames")
    snapshot = frames[frame]
    size = snapshot.upper - snapshot.lower
    relative = snapshot.positions() - snapshot.lower
    wrapped = np.where(snapshot.periodic, relative - np.floor(relative / size) * size, relative)
    types = snapshot.column("type").astype(np.int64)
    unknown = sorted({int(t) for t in types} - set(phase_of_type))
    if unknown:
        raise InputError(f"{path} atom types", unknown, f"types with a phase: {sorted(phase_of_type)}")
    return Packing(
        wrapped * length_unit,
        snapshot.radii() * length_unit,
        np.array([int(phase_of_type[int(t)]) for t in types], dtype=np.int64),
        snapshot.column("id").astype(np.int64),
        np.zeros(3),
        size * length_unit,
        snapshot.periodic,
        {"source": "lammps dump", "file": path.name, "timestep": snapshot.step},
    )


@dataclass(frozen=True)
class _Frame:
    """One snapshot of a dump in the units of the file."""

    path: Path
    step: int
    lower: FloatArray  # (3,)
    upper: FloatArray  # (3,)
    periodic: tuple[bool, bool, bool]
    columns: tuple[str, ...]
    values: FloatArray  # (n, columns)

    def column(self, name: str) -> FloatArray:
        """Return a column, shape (n,); raise InputError when the dump has none of this name."""
        if name not in self.columns:
            raise InputError(f"{self.path} columns", " ".join(self.columns), f"a column {name}")
        return np.asarray(self.values[:, self.columns.index(name)])

    def radii(self) -> FloatArray:
        """Return the radii in the units of the dump, shape (n,)."""
        if "diameter" in self.columns and "radius" not in self.columns:
            return 0.5 * self.column("diameter")
        return self.column("radius")

    def positions(self) -> FloatArray:
        """Return the positions in the units of the dump, shape (n, 3)."""
        for suffix in ("", "u", "s", "su"):
            names = [axis + suffix for axis in "xyz"]
            if names[0] in self.columns:
                found = np.stack([self.column(name) for name in names], axis=1)
                return found * (self.upper - self.lower) + self.lower if "s" in suffix else found
        raise InputError(f"{self.path} columns", " ".join(self.columns), "columns x y z")


def _csv_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return (line number, row) of every data row."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            header = [name.strip() for name in reader.fieldnames or []]
            missing = [name for name in CSV_COLUMNS if name not in header]
            if missing:
                raise InputError(f"{path} header", ",".join(header) or "an empty file", ",".join(CSV_COLUMNS))
            reader.fieldnames = header
            return [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(str(path), f"an unreadable file ({error})", "a CSV file") from error


def _number(path: Path, line: int, row: Mapping[str, str], name: str) -> float:
    try:
        return float(row[name])
    except (TypeError, ValueError):
        raise InputError(f"{path} line {line} column {name}", row[name], "a number") from None


def _phase(text: str | None, where: str) -> Phase:
    name = (text or "").strip()
    if name.isdigit() and int(name) in set(Phase):
        return Phase(int(name))
    return phase_from_name(name, where)


def _dump_frames(path: Path) -> list[_Frame]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"an unreadable file ({error})", "a LAMMPS text dump") from error
    frames: list[_Frame] = []
    position = 0
    while position < len(lines):
        frame, position = _read_frame(path, lines, position)
        frames.append(frame)
    if not frames:
        raise InputError(str(path), "an empty file", "a LAMMPS text dump")
    return frames


def _read_frame(path: Path, lines: list[str], start: int) -> tuple[_Frame, int]:
    """Return the frame that starts at a line, and the line after it."""
    try:
        _expect(path, lines, start, "ITEM: TIMESTEP")
        _expect(path, lines, start + 2, "ITEM: NUMBER OF ATOMS")
        box_header = _expect(path, lines, start + 4, "ITEM: BOX BOUNDS")
        atoms_header = _expect(path, lines, start + 8, "ITEM: ATOMS")
        step, count = int(lines[start + 1]), int(lines[start + 3])
        bounds = np.array([line.split() for line in lines[start + 5 : start + 8]], dtype=np.float64)
        rows = [line.split() for line in lines[start + 9 : start + 9 + count]]
        values = np.array(rows, dtype=np.float64)
    except (IndexError, ValueError) as error:
        raise InputError(
            f"{path} near line {start + 1}", f"a truncated or damaged frame ({error})", "numbers"
        ) from error
    columns = tuple(atoms_header.split())
    if values.shape != (count, len(columns)):
        found = f"{len(rows)} of {count} atoms"
        raise InputError(f"{path} near line {start + 10}", found, f"{count} rows of {len(columns)} columns")
    if bounds.shape != (3, 2):
        raise InputError(f"{path} line {start + 5}", "a triclinic box", "an orthogonal box")
    flags = (box_header.split() + ["pp"] * 3)[:3]
    periodic = (flags[0] == "pp", flags[1] == "pp", flags[2] == "pp")
    return _Frame(path, step, bounds[:, 0], bounds[:, 1], periodic, columns, values), start + 9 + count


def _expect(path: Path, lines: list[str], position: int, item: str) -> str:
    """Return what follows ``item`` in a line that must start with it."""
    found = lines[position] if position < len(lines) else "the end of the file"
    if not found.startswith(item):
        raise InputError(f"{path} line {position + 1}", found[:60], item)
    return found[len(item) :].strip()
