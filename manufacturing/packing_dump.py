"""Packings as LAMMPS dumps: text snapshots of spheres, ours and other people's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .packing import Packing
from .phases import PARTICLE_PHASES, Phase
from .text_file import check_positive, exact, number_rows, read_lines, write_lines

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MICROMETRE = 1e-6
OPTIONAL_ITEMS = ("UNITS", "TIME")  # written by LAMMPS on request, with one line of content


def read_lammps_dump(
    path: Path,
    phase_of_type: Mapping[int, Phase] | None = None,
    length_unit: float = MICROMETRE,
    frame: int = -1,
) -> Packing:
    """Read one frame of a LAMMPS text dump of spheres.

    The columns id, type, x y z (or xu, xs, xsu) and radius (or diameter) are needed. The box becomes the
    box of the packing, moved so that it starts at zero; a centre outside it along a periodic axis is
    replaced by its image inside. A name that ends in ``.gz`` is unpacked.

    Args:
        path: the file.
        phase_of_type: phase of each LAMMPS atom type; None: a column ``phase`` holds its integer.
        length_unit: of the file [m]; `units micro` has micrometres.
        frame: which frame, counted from 0, or from the end when negative.

    Raises:
        InputError: the file is unreadable or truncated, a column or type is unknown, or there is no such frame.
    """
    lines = read_lines(path, "a LAMMPS text dump")
    headers = _headers(path, lines)
    if not -len(headers) <= frame < len(headers):
        raise InputError(f"{path} frame", frame, f"one of the {len(headers)} frames")
    snapshot = _read_frame(path, lines, headers[frame])
    size = snapshot.upper - snapshot.lower
    relative = wrapped(snapshot.positions() - snapshot.lower, size, snapshot.periodic)
    return Packing(
        relative * length_unit,
        snapshot.radii() * length_unit,
        snapshot.phases(phase_of_type),
        snapshot.integers("id"),
        np.zeros(3),
        size * length_unit,
        snapshot.periodic,
        {"source": "lammps dump", "file": path.name, "timestep": snapshot.step},
    )


def write_lammps_dump(packing: Packing, path: Path, length_unit: float = MICROMETRE) -> None:
    """Write one frame with the columns id type x y z radius phase; type is the integer of the phase.

    LAMMPS, OVITO and ParaView read it; provenance is not kept.

    Args:
        packing: spheres in a box.
        path: a name that ends in ``.gz`` is packed.
        length_unit: of the file [m].
    """
    bounds = np.stack([packing.lower, packing.upper], axis=1) / length_unit
    flags = " ".join("pp" if axis else "ff" for axis in packing.periodic)
    lines = ["ITEM: TIMESTEP", "0", "ITEM: NUMBER OF ATOMS", str(len(packing.radii)), f"ITEM: BOX BOUNDS {flags}"]
    lines += [exact(row) for row in bounds]
    lines.append("ITEM: ATOMS id type x y z radius phase")
    lengths = np.column_stack([packing.centres, packing.radii]) / length_unit
    for number, phase, row in zip(packing.particle_ids, packing.phases, lengths, strict=True):
        lines.append(f"{number} {phase} {exact(row)} {phase}")
    write_lines(path, lines)


def wrapped(relative: FloatArray, size: FloatArray, periodic: tuple[bool, bool, bool]) -> FloatArray:
    """Return positions relative to the lower corner, on periodic axes as images inside the box, shape (n, 3)."""
    inside = relative - np.floor(relative / size) * size
    outside = (relative < 0.0) | (relative > size)  # points inside keep every digit
    return np.where(np.array(periodic) & outside, inside, relative)


def phases_of_types(path: Path, types: IntArray, phase_of_type: Mapping[int, Phase]) -> IntArray:
    """Return the phase of each atom, shape (n,).

    Raises:
        InputError: a type has no phase.
    """
    unknown = sorted({int(t) for t in types} - set(phase_of_type))
    if unknown:
        raise InputError(f"{path} atom types", unknown, f"types with a phase: {sorted(phase_of_type)}")
    return np.array([int(phase_of_type[int(t)]) for t in types], dtype=np.int64)


@dataclass
class _Header:
    """Where the items of a frame are."""

    items: dict[str, tuple[int, str]] = field(default_factory=dict)  # index of the line after the item, its rest
    count: int = 0


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
    first_line: int  # index of the first row in the file

    def column(self, name: str) -> FloatArray:
        """Return a column, shape (n,); raise InputError when the dump has none of this name."""
        if name not in self.columns:
            raise InputError(f"{self.path} columns", " ".join(self.columns), f"a column {name}")
        return np.asarray(self.values[:, self.columns.index(name)])

    def integers(self, name: str) -> IntArray:
        """Return a column of whole numbers, shape (n,)."""
        return self.column(name).astype(np.int64)

    def radii(self) -> FloatArray:
        """Return the radii in the units of the dump, shape (n,)."""
        name = "diameter" if "diameter" in self.columns and "radius" not in self.columns else "radius"
        found = self.column(name)
        check_positive(self.path, self.first_line, name, found)
        return 0.5 * found if name == "diameter" else found

    def positions(self) -> FloatArray:
        """Return the positions in the units of the dump, shape (n, 3)."""
        for suffix in ("", "u", "s", "su"):
            names = [axis + suffix for axis in "xyz"]
            if names[0] in self.columns:
                found = np.stack([self.column(name) for name in names], axis=1)
                return found * (self.upper - self.lower) + self.lower if "s" in suffix else found
        raise InputError(f"{self.path} columns", " ".join(self.columns), "columns x y z")

    def phases(self, phase_of_type: Mapping[int, Phase] | None) -> IntArray:
        """Return the phases by atom type, or from the column ``phase``, shape (n,)."""
        if phase_of_type is not None:
            return phases_of_types(self.path, self.integers("type"), phase_of_type)
        if "phase" not in self.columns:
            raise InputError(f"{self.path} phase_of_type", "nothing", "the phase of each atom type")
        return phases_of_types(self.path, self.integers("phase"), {int(p): p for p in PARTICLE_PHASES})


def _headers(path: Path, lines: list[str]) -> list[_Header]:
    """Return the headers of all frames; atoms are skipped by their number."""
    headers: list[_Header] = []
    position = 0
    while position < len(lines):
        header, position = _header(path, lines, position)
        headers.append(header)
        while position < len(lines) and not lines[position].strip():
            position += 1
    if not headers:
        raise InputError(str(path), "an empty file", "a LAMMPS text dump")
    return headers


def _header(path: Path, lines: list[str], position: int) -> tuple[_Header, int]:
    """Return the header that starts at a line, and the line after its atoms."""
    header = _Header()
    for name, content in (("TIMESTEP", 1), ("NUMBER OF ATOMS", 1), ("BOX BOUNDS", 3), ("ATOMS", 0)):
        position = _skip_optional(lines, position)
        rest = _expect(path, lines, position, f"ITEM: {name}")
        header.items[name] = (position + 1, rest)
        position += 1 + content
    header.count = _integer(path, lines, header.items["NUMBER OF ATOMS"][0])
    return header, position + header.count


def _skip_optional(lines: list[str], position: int) -> int:
    while position < len(lines) and lines[position].removeprefix("ITEM: ").split(" ")[0] in OPTIONAL_ITEMS:
        position += 2
    return position


def _read_frame(path: Path, lines: list[str], header: _Header) -> _Frame:
    step = _integer(path, lines, header.items["TIMESTEP"][0])
    line, kind = header.items["BOX BOUNDS"]
    if len(lines[line].split()) > 2 or kind.startswith(("xy", "abc")):
        raise InputError(f"{path} line {line}", "a triclinic box", "an orthogonal box")
    bounds = number_rows(path, lines, line, 3, 2)
    flags = (kind.split() + ["pp"] * 3)[:3]
    first, columns = header.items["ATOMS"][0], tuple(header.items["ATOMS"][1].split())
    values = number_rows(path, _plain(lines, first, header.count, columns), first, header.count, len(columns))
    periodic = (flags[0] == "pp", flags[1] == "pp", flags[2] == "pp")
    return _Frame(path, step, bounds[:, 0], bounds[:, 1], periodic, columns, values, first)


def _plain(lines: list[str], first: int, count: int, columns: tuple[str, ...]) -> list[str]:
    """Replace the words of a column ``element`` by zero; every other column must be a number."""
    if "element" not in columns:
        return lines
    place = columns.index("element")
    rows = [line.split() for line in lines[first : first + count]]
    return lines[:first] + [" ".join(row[:place] + ["0"] * (len(row) > place) + row[place + 1 :]) for row in rows]


def _integer(path: Path, lines: list[str], position: int) -> int:
    text = lines[position].strip() if position < len(lines) else "the end of the file"
    if not text.isdigit():
        raise InputError(f"{path} line {position + 1}", text[:60], "a whole number")
    return int(text)


def _expect(path: Path, lines: list[str], position: int, item: str) -> str:
    """Return what follows ``item`` in a line that must start with it."""
    found = lines[position] if position < len(lines) else "the end of the file"
    if not found.startswith(item):
        raise InputError(f"{path} line {position + 1}", found[:60], item)
    return found[len(item) :].strip()
