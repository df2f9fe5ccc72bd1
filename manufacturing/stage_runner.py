"""Runs the stages of a chain in order: finished ones are taken from disk, interrupted ones go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .collective import run_on
from .configuration import Configuration
from .errors import StageError
from .journal import JournalMismatchError, forget
from .lammps_instance import lammps_version
from .settings_key import content_key, settings_lines
from .stage import StageResult, Workplace
from .stage_record import StageRecord
from .stage_store import as_stored, load_stage, save_stage
from .stationarity import StationarityCriterion

CHAIN_FORMAT = 2  # raise when a stage computes something else from the same settings
LAMMPS_FOLDER = "lammps"


@dataclass
class StageRunner:
    """Runs one stage after the other; what decides about a stage includes all stages before it.

    Args:
        workplace: where stages run and report.
        directory: where finished stages and LAMMPS input are kept; None: nowhere.
        inputs: settings that decide about all stages.
        resume: whether finished and interrupted stages in the directory are used.
        keep_unfinished: takes the name of a failed stage and how far its beads came.
    """

    workplace: Workplace
    directory: Path | None
    inputs: dict[str, Any]
    resume: bool
    keep_unfinished: Callable[[str, Configuration], Path | None]
    seconds: dict[str, float] = field(default_factory=dict)  # wall time of the stages that ran
    steps: dict[str, int] = field(default_factory=dict)  # time steps of the stages that ran
    reused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._key = content_key([CHAIN_FORMAT, lammps_version(), self.workplace.comm.size, self.inputs])

    def run(self, name: str, settings: Any, work: Callable[[Workplace], StageResult]) -> StageResult:
        """Return the result of a stage, from disk if it is there.

        Args:
            name: of the stage.
            settings: of the stage, a dataclass.
            work: the stage on a workplace.

        Raises:
            StageError: the stage failed; the message says what was kept where.
        """
        before, self._key = self._key, content_key([self._key, name, settings, self.workplace.voxel])
        result = self._load(name)
        if result is not None:
            self.reused.append(name)
            return result
        # The limits of a criterion decide when a stage ends, not where its beads go.
        record = self._record(name, settings, content_key([before, name, settings], StationarityCriterion))
        start = time.perf_counter()
        try:
            result = as_stored(self._work(name, record, work))
        except StageError as error:
            raise StageError(f"{error}{self._kept(name, record)}") from error
        self.seconds[name] = time.perf_counter() - start
        self.steps[name] = record.steps
        self._finish(name, result)
        return result

    def _load(self, name: str) -> StageResult | None:
        path, key = self._path(name), self._key
        if path is None or not self.resume:
            return None
        return run_on(self.workplace.comm, 1, lambda: load_stage(path, key))

    def _path(self, name: str) -> Path | None:
        return None if self.directory is None else self.directory / f"stage_{name}.h5"

    def _record(self, name: str, settings: Any, key: str) -> StageRecord:
        folder = None if self.directory is None else self.directory / LAMMPS_FOLDER
        inputs = {entry: value for entry, value in self.inputs.items() if entry != "beads"}
        header = ("", *settings_lines("inputs", inputs), *settings_lines(name, settings), f"key {key}", "")
        return StageRecord(folder, key, header, self.workplace.reporter.line)

    def _work(self, name: str, record: StageRecord, work: Callable[[Workplace], StageResult]) -> StageResult:
        """Run the stage; a record that does not fit to it is thrown away."""
        if not self.resume:
            self._forget(name)
        try:
            return work(replace(self.workplace, record=record))
        except JournalMismatchError as error:
            self.workplace.reporter.line(f"{name}: starts again, {error}")
        self._forget(name)
        record.engines.clear()
        record.steps = 0
        return work(replace(self.workplace, record=record))

    def _forget(self, name: str) -> None:
        if self.directory is not None:
            folder = self.directory / LAMMPS_FOLDER
            run_on(self.workplace.comm, 1, lambda: forget(folder, name))

    def _finish(self, name: str, result: StageResult) -> None:
        path, key = self._path(name), self._key
        if path is not None:
            run_on(self.workplace.comm, 1, lambda: save_stage(path, key, result))
            self._forget(name)

    def _kept(self, name: str, record: StageRecord) -> str:
        """Return what to read after a failure, as lines for its message."""
        if self.directory is None or record.folder is None:
            return ""
        lines = [f"\n{name}: LAMMPS input and state are in {record.folder}; the next run goes on from there"]
        if record.reached is not None:
            path = self.keep_unfinished(name, record.reached)
            lines.append(f"\n{name}: the beads as far as they came are in {path}")
        return "".join(lines)
