"""Runs the points of a study, each in its own directory; what several points share is computed once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from manufacturing.errors import GranodeError, InputError

from .log import RunLog
from .physics import CaseMaterials
from .report import write_report
from .run_directory import RunDirectory, locked, write_json
from .schema import Case
from .shared_stages import SharedStages, chain_lock
from .stage_processes import FAILED, Outcome, launch, leave_case, manufacturing_ranks, record_failure
from .study_plan import PlannedPoint, StudyPlan

Status = Literal["finished", "failed", "running", "interrupted", "pending"]
Launcher = Callable[[Path, int, tuple[str, ...], bool], Outcome]
# Processes of a point with the stages of each; shared stages have a process of their own, because they are reserved.
PROCESSES = {
    "packing": ("manufacturing", "voxels"),
    "rheology": ("rheology",),
    "mesh": ("meshing", "electrode", "percolation", "morphology"),
    "conduction": ("conduction",),
    "discharge": ("discharge",),
}
SOLVERS = ("conduction", "discharge")
RECORD = "point.json"


@dataclass(frozen=True)
class PointRecord:
    """How a point stands; ``reused`` are the stages taken from other points."""

    status: Status
    input_hash: str = ""
    error: str = ""
    seconds: float = 0.0
    reused: tuple[str, ...] = ()


class StudyRunner:
    """Runs points of a study below one directory.

    Args:
        plan: the study.
        out: directory of the study.
        ranks: MPI ranks of the solvers.
        log: takes lines and progress.
        quiet: stages print into files of their own.
        launcher: runs stages of a prepared directory.
    """

    def __init__(
        self, plan: StudyPlan, out: Path, ranks: int, log: RunLog, quiet: bool = True, launcher: Launcher = launch
    ) -> None:
        self.plan, self.out, self.ranks, self.log = plan, out, ranks, log
        self.quiet, self.launcher = quiet, launcher
        self.shared = SharedStages(out / "shared", points_folder(out))
        self._done = 0

    def run(self) -> list[PointRecord]:
        """Run every point that is not finished; failures are recorded and do not stop the others."""
        records = []
        for done, planned in enumerate(self.plan.points):
            self._done = done
            records.append(record := self.run_point(planned))
            text = f"{planned.point.index}/{len(self.plan.points)} {planned.name}: {describe(record)}"
            self.log.line(text)
        return records

    def run_point(self, planned: PlannedPoint) -> PointRecord:
        """Run one point unless it is finished or at work elsewhere."""
        found = read_record(self.out, planned)
        if found.status == "finished":
            return found
        path = points_folder(self.out) / planned.name
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(locked(path))
            except InputError:
                if not _in_use(path):
                    raise
                return replace(found, status="running")
            return self._run_locked(planned, path)

    def _run_locked(self, planned: PlannedPoint, path: Path) -> PointRecord:
        start = time.monotonic()
        write_json(path / RECORD, asdict(PointRecord("running", planned.input_hash)))
        try:
            error, reused = self._compute(planned, RunDirectory(path))
        except (GranodeError, OSError) as failure:
            error, reused = f"failed: {failure}", ()
        seconds = round(time.monotonic() - start, 3)
        record = PointRecord("failed" if error else "finished", planned.input_hash, error, seconds, reused)
        write_json(path / RECORD, asdict(record))
        return record

    def _compute(self, planned: PlannedPoint, directory: RunDirectory) -> tuple[str, tuple[str, ...]]:
        """Return the error message, empty when all went well, and the stages taken from other points."""
        case, path = planned.case, directory.path
        leave_case(case, self.plan.folder, path)
        directory.keep_only(planned.keys)
        reused: list[str] = []
        for process, stages in PROCESSES.items():
            keys = {stage: planned.keys[stage] for stage in stages if stage in planned.keys}
            if not keys:
                continue
            self._show(planned, process)
            locks = keys | (chain_lock(case) if process == "packing" else {})
            waiting = partial(self._show_waiting, planned)
            with self.shared.reserved(locks, waiting):
                reused += [s for s, key in keys.items() if self._taken(directory, s, key)]
                outcome = self._launch(directory, case, process, keys)
                if outcome.code != 0:
                    record_failure(case, path, (process,))
                    return outcome.message, tuple(reused)
                for stage, key in keys.items():
                    self.shared.publish(directory, stage, key)
                if process == "packing":  # before others may look for it
                    self.shared.publish_chain(directory, case)
        write_report(case, path, CaseMaterials(case).describe(), RunLog(path=path / "log.txt", quiet=self.quiet))
        return "", tuple(reused)

    def _taken(self, directory: RunDirectory, stage: str, key: str) -> bool:
        """Take a stage from another point, unless this one has it."""
        return directory.finished(stage, key) is None and self.shared.fetch(directory, stage, key)

    def _launch(self, directory: RunDirectory, case: Case, process: str, keys: dict[str, str]) -> Outcome:
        """Run a process unless its stages are finished."""
        if all(directory.finished(stage, key) is not None for stage, key in keys.items()):
            return Outcome()
        if process == "packing":
            self.shared.lend_chain(directory, case)
        outcome = self.launcher(directory.path, case_ranks(case, process, self.ranks), (process,), self.quiet)
        lost = [stage for stage, key in keys.items() if directory.finished(stage, key) is None]
        if outcome.code == 0 and lost:
            return Outcome(
                FAILED, f"failed: {', '.join(lost)} ended with other inputs; did the program or a file change?"
            )
        return outcome

    def _show_waiting(self, planned: PlannedPoint, stage: str) -> None:
        self._show(planned, f"waits for {stage} of another process")

    def _show(self, planned: PlannedPoint, text: str) -> None:
        self.log.progress("study", self._done / len(self.plan.points), f"{planned.name}: {text}")


def case_ranks(case: Case, process: str, ranks: int) -> int:
    """Return the MPI ranks of a process of a case; ``ranks`` are those of the solvers."""
    if process in SOLVERS:
        return ranks
    return 1 if process == "mesh" else manufacturing_ranks(case)


def points_folder(out: Path) -> Path:
    """Return the parent of the run directories of a study."""
    return out / "points"


def describe(record: PointRecord) -> str:
    """Return a line about a point that was run."""
    if record.status == "failed":
        return record.error
    if record.status == "running":
        return "at work in another process"
    taken = f", {', '.join(record.reused)} taken from another point" if record.reused else ""
    return f"{record.status}, {record.seconds:.1f} s{taken}"


def read_record(out: Path, planned: PlannedPoint) -> PointRecord:
    """Return how a point stands on disk; one with other inputs, or with lost files, is pending."""
    path = points_folder(out) / planned.name
    try:
        data: dict[str, Any] = json.loads((path / RECORD).read_text())
    except (OSError, json.JSONDecodeError):
        return PointRecord("pending")
    record = PointRecord(**{**data, "reused": tuple(data["reused"])})
    if record.input_hash != planned.input_hash:
        return PointRecord("pending")
    if record.status == "running" and not _in_use(path):
        return replace(record, status="interrupted")
    directory = RunDirectory(path)
    complete = all(directory.finished(stage, key) is not None for stage, key in planned.keys.items())
    return record if record.status != "finished" or complete else PointRecord("pending")


def _in_use(path: Path) -> bool:
    """Return whether a process is at work in a run directory."""
    lock = path / ".lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def summaries(out: Path, plan: StudyPlan) -> Iterator[tuple[PlannedPoint, PointRecord, dict[str, Any]]]:
    """Yield every point with its record and, if it is finished, its summary by stage."""
    for planned in plan.points:
        record = read_record(out, planned)
        path = points_folder(out) / planned.name / "summary.json"
        yield planned, record, json.loads(path.read_text()) if record.status == "finished" else {}
