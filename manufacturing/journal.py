"""The journal of a stage: what LAMMPS was asked and answered, and restart files from which the stage goes on."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from mpi4py import MPI

from .collective import run_on
from .errors import StageError

FORMAT_VERSION = 1
CHECKPOINT = "checkpoint"


class JournalMismatchError(StageError):
    """A recorded stage that was asked something else than what it recorded; it must start afresh."""


class Journal:
    """Record of one stage: requests with their answers, one JSON line each, and the last restart file.

    A journal found on disk with the same key answers requests in the recorded order up to its last restart
    file; what was recorded after it is dropped, for LAMMPS computes it again. Any other journal is replaced.

    Args:
        comm: ranks that run together; rank 0 reads and writes.
        path: the file; restart files lie beside it. None: nothing is recorded.
        key: of everything that decides about the trajectory.

    Raises:
        StageError: the file cannot be written.
    """

    def __init__(self, comm: MPI.Intracomm, path: Path | None, key: str) -> None:
        self._comm = comm
        self._path = path
        self._records: list[list[Any]] = []
        self._position = 0
        self._file: BinaryIO | None = None
        self._restart = ""
        self._setup = ""
        self._serial = 0
        if path is not None:
            self._open(path, key)

    @property
    def recording(self) -> bool:
        """Whether requests are recorded at all."""
        return self._path is not None

    @property
    def replaying(self) -> bool:
        """Whether the next request is answered from the record."""
        return self._position < len(self._records)

    @property
    def restart_file(self) -> Path | None:
        """The last complete restart file."""
        return None if self._path is None or not self._restart else self._path.with_name(self._restart)

    @property
    def setup(self) -> str:
        """Stands for the commands between the last run and the last restart file."""
        return self._setup

    def recall(self, request: str) -> Any:
        """Return the recorded answer to the next request.

        Raises:
            JournalMismatchError: something else was recorded here.
        """
        recorded, answer = self._records[self._position]
        if recorded != request:
            raise JournalMismatchError(f"the record has `{recorded}` where the stage asks for `{request}`")
        self._position += 1
        return _decoded(answer)

    def keep(self, request: str, answer: Any) -> None:
        """Append a request with its answer."""
        if self.recording:
            self._append([request, _encoded(answer)])

    def checkpoint(self, setup: str, write: Callable[[Path], None]) -> None:
        """Keep a restart file that ``write`` (collective) makes; the one before it is deleted afterwards.

        Args:
            setup: stands for the commands since the last run.
            write: writes the state to a file.

        Raises:
            StageError: the restart file could not be written; the one before it is intact.
        """
        if self._path is None:
            return
        partial = self._path.with_suffix(".restart.partial")
        name = self._path.with_suffix(f".restart.{self._serial + 1}").name
        write(partial)
        self._on_first(lambda: _seal(partial, partial.with_name(name)))
        self._append([CHECKPOINT, [name, setup]])
        before, self._restart, self._serial = self.restart_file, name, self._serial + 1
        if self._comm.rank == 0 and before is not None:
            before.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, path: Path, key: str) -> None:
        found = _Replayable()

        def prepare() -> None:
            """Read what can be replayed and drop the rest."""
            nonlocal found
            path.parent.mkdir(parents=True, exist_ok=True)
            found = _replayable(path, key)
            self._file = path.open("r+b" if found.length else "wb", buffering=0)
            self._file.truncate(found.length)
            self._file.seek(found.length)

        self._on_first(prepare)
        found = self._comm.bcast(found, root=0)
        self._records, self._restart, self._setup = found.records, found.restart, found.setup
        self._serial = int(self._restart.rpartition(".")[2] or 0)
        if not found.length:
            self._append({"journal": FORMAT_VERSION, "key": key})

    def _append(self, entry: Any) -> None:
        def write() -> None:
            """Hand one line to the system."""
            if self._file is not None:
                self._file.write(json.dumps(entry).encode() + b"\n")

        self._on_first(write)

    def _on_first(self, work: Callable[[], None]) -> None:
        """Do file work on rank 0; a failure is raised on all ranks."""

        def guarded() -> None:
            """Name the file in errors."""
            try:
                work()
            except OSError as error:
                raise StageError(f"{self._path} cannot be written: {error}") from error

        run_on(self._comm, 1, guarded)


def forget(folder: Path, stage: str) -> None:
    """Delete the journals and restart files of a stage."""
    for ending in ("journal", "restart.*"):
        for file in folder.glob(f"{stage}*.{ending}"):
            file.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Replayable:
    """What a journal on disk can answer."""

    records: list[list[Any]] = field(default_factory=list)  # up to the last restart file
    restart: str = ""  # its name
    setup: str = ""
    length: int = 0  # of the file up to there


def _replayable(path: Path, key: str) -> _Replayable:
    """Return what a file holds up to its last restart file; nothing when it has another key."""
    records: list[list[Any]] = []
    count, last = 0, _Replayable()
    try:
        with path.open("rb") as file:
            if json.loads(file.readline()) != {"journal": FORMAT_VERSION, "key": key}:
                return last
            while line := file.readline():
                request, answer = json.loads(line)
                if request != CHECKPOINT:
                    records.append([request, answer])
                elif path.with_name(answer[0]).exists():
                    count, last = len(records), _Replayable([], answer[0], answer[1], file.tell())
    except (OSError, ValueError):
        # No journal, or its last line was torn when the process died: what was complete before counts.
        pass
    return replace(last, records=records[:count])


def _seal(partial: Path, final: Path) -> None:
    """Make a complete file durable under its final name."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, final)


def _encoded(answer: Any) -> Any:
    """Return plain JSON data; arrays keep every bit."""
    if isinstance(answer, np.ndarray):
        values = np.ascontiguousarray(answer, dtype=np.float64)
        return {"array": base64.b64encode(values.tobytes()).decode(), "shape": list(values.shape)}
    return [_encoded(item) for item in answer] if isinstance(answer, (list, tuple)) else answer


def _decoded(answer: Any) -> Any:
    if isinstance(answer, dict):
        values = np.frombuffer(base64.b64decode(answer["array"]), dtype=np.float64)
        return values.reshape(answer["shape"]).copy()
    return [_decoded(item) for item in answer] if isinstance(answer, list) else answer
