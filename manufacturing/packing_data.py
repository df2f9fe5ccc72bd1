"""Packings as LAMMPS data files: `Atoms # sphere`, with or without image flags and velocities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .packing import Packing
from .packing_dump import MICROMETRE, phases_of_types, wrapped
from .phases import PARTICLE_PHASES, Phase
from .text_file import check_positive, exact, number_rows, read_lines, write_lines

FloatArray = npt.NDArray[np.float64]

NOTE = "granode packing"  # starts the first line of our own files
NOTE_PATTERN = re.compile(rf"{NOTE}; types (?P<types>[\w= ]+); boundary (?P<boundary>[pf ]+)")
PLAIN_COLUMNS = 7  # id type diameter density x y z
FLAGGED_COLUMNS = 10  # and three image flags
DENSITY = 1.0  # of all spheres in our files, in the unit of density of the script that reads them


def read_lammps_data(
    path: Path,
    phase_of_type: Mapping[int, Phase] | None = None,
    periodic: tuple[bool, bool, bool] | None = None,
    length_unit: float = MICROMETRE,
) -> Packing:
    """Read spheres from a LAMMPS data file with a section ``Atoms # sphere``.

    Velocities, masses and coefficients are skipped; image flags are not needed, as positions are wrapped.
    The box is moved so that it starts at zero.

    Args:
        path: the file; a name that ends in ``.gz`` is unpacked.
        phase_of_type: phase of each atom type; None: as noted in a file of :func:`write_lammps_data`.
        periodic: axes with images, which a data file does not tell; None: as noted, else x and y.
        length_unit: of the file [m]; `units micro` has micrometres.

    Raises:
        InputError: the file is unreadable or truncated, has no box, is of another atom style, or a type is unknown.
    """
    lines = read_lines(path, "a LAMMPS data file")
    noted_types, noted_axes = _noted(lines[0] if lines else "")
    axes = periodic or noted_axes or (True, True, False)
    types_to_phases = phase_of_type if phase_of_type is not None else noted_types
    if types_to_phases is None:
        raise InputError(f"{path} phase_of_type", "nothing", "the phase of each atom type")
    lower, upper = _box(path, lines)
    first, table = _atoms(path, lines)
    check_positive(path, first, "diameter", table[:, 2])
    positions = wrapped(table[:, 4:7] - lower, upper - lower, axes)
    return Packing(
        positions * length_unit,
        0.5 * table[:, 2] * length_unit,
        phases_of_types(path, table[:, 1].astype(np.int64), types_to_phases),
        table[:, 0].astype(np.int64),
        np.zeros(3),
        (upper - lower) * length_unit,
        axes,
        {"source": "lammps data", "file": path.name},
    )


def write_lammps_data(packing: Packing, path: Path, length_unit: float = MICROMETRE) -> None:
    """Write a data file for `atom_style sphere` that `read_data` takes; types are the integers of the phases.

    The first line notes phases and periodic axes, which the format cannot hold. All densities are 1: give
    masses with `set type ... density`. Provenance is not kept.

    Args:
        packing: spheres in a box.
        path: a name that ends in ``.gz`` is packed.
        length_unit: of the file [m].
    """
    types = " ".join(f"{int(phase)}={phase.name}" for phase in PARTICLE_PHASES)
    boundary = " ".join("p" if axis else "f" for axis in packing.periodic)
    lines = [f"{NOTE}; types {types}; boundary {boundary}", "", f"{len(packing.radii)} atoms"]
    lines += [f"{max(PARTICLE_PHASES)} atom types", ""]
    for axis, low, high in zip("xyz", packing.lower / length_unit, packing.upper / length_unit, strict=True):
        lines.append(f"{exact((low, high))} {axis}lo {axis}hi")
    lines += ["", "Atoms # sphere", ""]
    lengths = np.column_stack([2.0 * packing.radii, packing.centres]) / length_unit
    for number, phase, row in zip(packing.particle_ids, packing.phases, lengths, strict=True):
        diameter, position = np.split(row, [1])
        lines.append(f"{number} {phase} {exact(diameter)} {DENSITY:g} {exact(position)}")
    write_lines(path, lines)


def _noted(title: str) -> tuple[dict[int, Phase] | None, tuple[bool, bool, bool] | None]:
    """Return phases of types and periodic axes from the first line, where it is ours."""
    match = NOTE_PATTERN.search(title)
    if match is None:
        return None, None
    pairs = [word.split("=") for word in match["types"].split()]
    x, y, z = (flag == "p" for flag in match["boundary"].split())
    return {int(number): Phase[name] for number, name in pairs}, (x, y, z)


def _box(path: Path, lines: list[str]) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper corner in the units of the file."""
    corners = np.full((3, 2), np.nan)
    for index, line in enumerate(lines):
        words = line.split("#")[0].split()
        if words[-3:] == ["xy", "xz", "yz"] and _numbers_at(path, index, words[:-3], 3).any():
            raise InputError(f"{path} line {index + 1}", "a triclinic box", "an orthogonal box")
        for axis, name in enumerate("xyz"):
            if words[-2:] == [f"{name}lo", f"{name}hi"]:
                corners[axis] = _numbers_at(path, index, words[:-2], 2)
    missing = [f"{name}lo {name}hi" for name, row in zip("xyz", corners, strict=True) if np.isnan(row).any()]
    if missing:
        raise InputError(f"{path} box", "nothing", f"lines with {', '.join(missing)}")
    return corners[:, 0], corners[:, 1]


def _numbers_at(path: Path, index: int, words: list[str], count: int) -> FloatArray:
    """Return the numbers of one line, shape (count,)."""
    return np.asarray(number_rows(path, [""] * index + [" ".join(words)], index, 1, count)[0])


@dataclass(frozen=True)
class _Section:
    """Where the atoms of a data file are."""

    first: int  # index of the first row
    count: int
    columns: int


def _atoms(path: Path, lines: list[str]) -> tuple[int, FloatArray]:
    """Return the index of the first row and the table of atoms, shape (n, 7 or 10)."""
    section = _atoms_section(path, lines)
    bare = [line.split("#")[0] for line in lines[section.first : section.first + section.count]]
    table = number_rows(path, lines[: section.first] + bare, section.first, section.count, section.columns)
    return section.first, table


def _atoms_section(path: Path, lines: list[str]) -> _Section:
    counts = [line.split() for line in lines if re.fullmatch(r"\s*\d+\s+atoms\s*(#.*)?", line)]
    if not counts:
        raise InputError(f"{path} header", "no number of atoms", "a line `N atoms`")
    titles = [index for index, line in enumerate(lines) if re.match(r"\s*Atoms\b", line)]
    if not titles:
        raise InputError(f"{path}", "no section Atoms", "a section `Atoms # sphere`")
    title = titles[0]
    style = lines[title].partition("#")[2].strip()
    if style not in ("", "sphere"):
        raise InputError(f"{path} line {title + 1}", f"atom style {style}", "`Atoms # sphere`")
    count, first = int(counts[0][0]), title + 2
    words = lines[first].split("#")[0].split() if first < len(lines) and count else ["0"] * PLAIN_COLUMNS
    if len(words) not in (PLAIN_COLUMNS, FLAGGED_COLUMNS):
        expected = "id type diameter density x y z, with or without three image flags"
        raise InputError(f"{path} line {first + 1}", f"{len(words)} columns", expected)
    return _Section(first, count, len(words))
