"""Run a case inside this process, on the ranks of a communicator: the way of tests, studies and notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mpi4py import MPI

from .case_file import read_case, validate_case
from .log import RunLog
from .pipeline import Pipeline
from .schema import Case


def run_in_process(
    case: Case | Path | dict[str, Any],
    out: Path,
    comm: MPI.Intracomm = MPI.COMM_WORLD,
    overrides: tuple[str, ...] = (),
    quiet: bool = True,
) -> dict[str, Any]:
    """Run every stage of a case and return its summary by stage, on every rank.

    Args:
        case: a case, the path of a case file, or its content as a dictionary.
        out: directory of the run, the same on every rank.
        comm: all ranks that call.
        overrides: ``KEY=VALUE`` strings, for a path only.
        quiet: write the log to its file only.

    Raises:
        InputError: the case cannot be computed.
        StageError: a stage failed; finished stages are kept in ``out``.
    """
    folder = Path.cwd()
    if isinstance(case, Path):
        folder = case.resolve().parent
        case = read_case(case, overrides)
    elif isinstance(case, dict):
        case = validate_case(case)
    log = RunLog(comm.rank, out / "log.txt", quiet)
    return Pipeline(case, folder, out, comm, log).run()
