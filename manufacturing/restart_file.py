"""Restart files of LAMMPS: writing them without a trace, reading them with the contact history."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from mpi4py import MPI

from .collective import run_on
from .errors import StageError

HISTORY = "NEIGH_HISTORY_HH"
PLACEHOLDER = f"{HISTORY}_DUMMY"
ATTEMPTS = 5
_NAME = re.compile(rf"{HISTORY}(\d+)\0".encode())


def write_restart(lammps: Any, path: Path) -> None:
    """Write the state after a run.

    ``noinit`` is essential: without it LAMMPS exchanges ghost beads before it collects the contact history
    by their old numbers, which spoils the history in the file and in the run that goes on.
    """
    lammps.command(f'write_restart "{path}" noinit')


def read_restart(lammps: Any, comm: MPI.Intracomm, path: Path, commands: Iterable[str]) -> None:
    """Fill an empty LAMMPS with a state, contact history included.

    The pair style is among the commands that are given again although the file has it: LAMMPS leaves the
    switch of its damping limit unset when it takes the style from the file.

    LAMMPS keeps the history in a fix whose name counts all pair styles of the process, so another process,
    or the same one later, looks for another name than the file has. The name in a copy is changed until
    both agree; the file itself is left alone.

    Args:
        lammps: instance without a box.
        comm: its ranks.
        path: the restart file.
        commands: that are in force besides the state.

    Raises:
        StageError: the file cannot be read or the history does not fit.
    """
    source, copy = path, path.with_name(path.name + ".reading")
    stored = run_on(comm, 1, lambda: _stored_history(path))
    seen: list[int] = []
    try:
        for _ in range(ATTEMPTS):
            lammps.command("clear")
            lammps.command(f'read_restart "{source}"')
            for command in commands:
                lammps.command(command)
            seen.append(_expected_history(lammps))
            if stored in (None, seen[-1]):
                return
            # Every reading moves LAMMPS's counter on by the same amount.
            stored = 2 * seen[-1] - seen[-2] if len(seen) > 1 else seen[-1]
            run_on(comm, 1, partial(_copy_renamed, path, copy, stored))
            source = copy
    finally:
        comm.Barrier()
        if comm.rank == 0:
            copy.unlink(missing_ok=True)
    raise StageError(f"{path}: the contact history does not fit to this LAMMPS")


def _expected_history(lammps: Any) -> int:
    """Return the number of the history fix that the pair style will look for; -1: none."""
    names = [name for name in lammps.available_ids("fix") if name.startswith(PLACEHOLDER)]
    return int(names[-1].removeprefix(PLACEHOLDER)) if names else -1


def _stored_history(path: Path) -> int | None:
    """Return the number in the name of the history fix in a file; None when there is none."""
    found = _NAME.search(_content(path))
    return None if found is None else int(found[1])


def _copy_renamed(path: Path, copy: Path, number: int) -> None:
    """Copy a restart file with another number in the name of its history fix."""
    content = _content(path)
    found = _NAME.search(content)
    assert found is not None
    try:
        copy.write_bytes(content.replace(_text(found[0][:-1]), _text(f"{HISTORY}{number}".encode())))
    except OSError as error:
        raise StageError(f"{copy} cannot be written: {error}") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StageError(f"{path} cannot be read: {error}") from error


def _text(name: bytes) -> bytes:
    """Return a string as restart files have it: its length with the closing zero, then the string."""
    return struct.pack("i", len(name) + 1) + name + b"\0"
