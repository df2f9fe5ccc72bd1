"""Packings from and to files of every kind, told apart by the ending of the name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import InputError
from .packing import Packing, load_packing
from .packing_csv import CSV_COLUMNS, read_csv, write_csv
from .packing_data import read_lammps_data, write_lammps_data
from .packing_dump import MICROMETRE, read_lammps_dump, write_lammps_dump
from .packing_vtk import read_vtk, read_vtp, write_vtk, write_vtp
from .text_file import GZIP

__all__ = [
    "CSV_COLUMNS",
    "MICROMETRE",
    "read_csv",
    "read_lammps_data",
    "read_lammps_dump",
    "read_packing",
    "read_vtk",
    "read_vtp",
    "write_csv",
    "write_lammps_data",
    "write_lammps_dump",
    "write_packing",
    "write_vtk",
    "write_vtp",
]

READERS: dict[str, Callable[..., Packing]] = {
    ".h5": load_packing,
    ".csv": read_csv,
    ".data": read_lammps_data,
    ".dump": read_lammps_dump,
    ".lammpstrj": read_lammps_dump,
    ".vtp": read_vtp,
    ".vtk": read_vtk,
}
WRITERS: dict[str, Callable[[Packing, Path], None]] = {
    ".h5": lambda packing, path: packing.save(path),
    ".csv": write_csv,
    ".data": write_lammps_data,
    ".dump": write_lammps_dump,
    ".lammpstrj": write_lammps_dump,
    ".vtp": write_vtp,
    ".vtk": write_vtk,
}
BINARY = (".h5", ".vtp", ".vtk")  # these are not read or written as .gz


def read_packing(path: Path, **options: Any) -> Packing:
    """Read a packing from a file of any known kind.

    Args:
        path: ends in .h5, .csv, .data, .dump, .lammpstrj, .vtp or .vtk; text files of spheres also with .gz.
        options: of the reader for this kind: ``lower``, ``upper``, ``periodic``, ``length_unit`` of CSV files,
            ``phase_of_type``, ``length_unit`` of LAMMPS files, ``frame`` of dumps, ``periodic`` of data files.

    Raises:
        InputError: unknown ending, an option that this kind of file does not have, or an unusable file.
    """
    reader = READERS[_ending(path)]
    known = list(inspect.signature(reader).parameters)[1:]
    for name in options:
        if name not in known:
            raise InputError(f"{path} option", name, f"one of {', '.join(known) or 'no options'}")
    return reader(path, **options)


def write_packing(packing: Packing, path: Path) -> None:
    """Write a packing to a file of the kind that the ending names; only .h5 keeps provenance.

    Args:
        packing: spheres in a box.
        path: as in :func:`read_packing`; LAMMPS files are in micrometres, all others in metres.

    Raises:
        InputError: unknown ending, or a file that cannot be written.
    """
    writer = WRITERS[_ending(path)]
    try:
        writer(packing, path)
    except OSError as error:
        raise InputError(str(path), f"a file that cannot be written ({error})", "a writable folder") from error


def _ending(path: Path) -> str:
    """Return the ending that names the kind of file, without ``.gz``."""
    ending = path.with_suffix("").suffix if path.suffix == GZIP else path.suffix
    if ending not in READERS or (path.suffix == GZIP and ending in BINARY):
        raise InputError(str(path), path.suffix or "no ending", f"a file ending in {', '.join(READERS)}")
    return ending
