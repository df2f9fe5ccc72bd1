"""``granode study``: run the points of a study, list them, or build its tables."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from manufacturing.errors import InputError

from .log import RunLog
from .mpi_launch import solver_ranks
from .stage_processes import PROJECT

if TYPE_CHECKING:  # loads scipy and numba, which other commands do not need
    from .study_plan import PlannedPoint, StudyPlan

FAILED = 1


def add_study_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of ``granode``."""
    study = commands.add_parser("study", help="sweep keys and seeds of a case with a [study] block")
    study.add_argument("case", type=Path, help="case file (TOML)")
    study.add_argument("--out", type=Path, help="directory of the study (default: results/<case>_study)")
    study.add_argument("--ranks", type=int, help="MPI ranks of the solver")
    study.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the case")
    study.add_argument("--jobs", type=int, default=1, metavar="N", help="points at work at once, one rank each above 1")
    what = study.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="print the points and how they stand")
    what.add_argument("--point", type=int, metavar="K", help="run this point only (1, 2, ...), as a job array does")
    what.add_argument("--collect", action="store_true", help="only build the tables and plots")
    study.set_defaults(run=study_command)


def study_command(options: argparse.Namespace) -> int:
    """Do what the options ask for; return 1 when a point failed."""
    from .study_plan import plan_study

    overrides = tuple(options.set)
    plan = plan_study(options.case, overrides)
    out = (options.out or Path("results") / f"{options.case.stem}_study").resolve()
    if options.list:
        return _list(plan, out)
    if options.jobs < 1:
        raise InputError("--jobs", options.jobs, "1 or more")
    ranks = solver_ranks(options.ranks if options.jobs == 1 else options.ranks or 1)
    if options.point is not None:
        return _run_one(plan, plan.point(options.point), out, ranks)
    return _collect(plan, out, overrides) if options.collect else _run_all(plan, out, ranks, options)


def _run_all(plan: StudyPlan, out: Path, ranks: int, options: argparse.Namespace) -> int:
    from .study_run import StudyRunner

    log = _log(out)
    log.line(f"study: {len(plan.points)} points of {plan.title}")
    helpers = [_helper(options, out, ranks, number) for number in range(2, options.jobs + 1)]
    try:
        StudyRunner(plan, out, ranks, log).run()
    except BaseException:
        for helper in helpers:
            helper.terminate()
        raise
    for helper in helpers:
        helper.wait()
    return _collect(plan, out, tuple(options.set), log)


def _helper(options: argparse.Namespace, out: Path, ranks: int, number: int) -> subprocess.Popen[bytes]:
    """Start the same study once more; points at work in one process are passed over by the others."""
    command = [sys.executable, "-m", "cases", "study", str(options.case), "--out", str(out), "--ranks", str(ranks)]
    sets = [word for override in options.set for word in ("--set", override)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])}
    with (out / f"output_{number}.txt").open("w") as output:
        return subprocess.Popen([*command, *sets], env=environment, stdout=output, stderr=subprocess.STDOUT)


def _run_one(plan: StudyPlan, planned: PlannedPoint, out: Path, ranks: int) -> int:
    from .study_run import StudyRunner, describe

    log = RunLog()
    log.line(f"study: point {planned.point.index} of {len(plan.points)}, {planned.name}")
    record = StudyRunner(plan, out, ranks, log, quiet=False).run_point(planned)
    log.line(f"study: {planned.name}: {describe(record)}")
    return FAILED if record.status == "failed" else 0


def _collect(plan: StudyPlan, out: Path, overrides: tuple[str, ...], log: RunLog | None = None) -> int:
    """Build the tables and print how many points ended how."""
    from .study_files import collect

    rows = collect(plan, out, overrides, log or _log(out))
    failed = [row for row in rows if row.record.status == "failed"]
    for row in failed:
        print(f"point {row.point.index}, {row.point.name}: {row.record.error}")
    counts = Counter(row.record.status for row in rows)
    print(f"{', '.join(f'{count} {status}' for status, count in counts.items())}; results in {out}")
    return FAILED if failed else 0


def _list(plan: StudyPlan, out: Path) -> int:
    from .study_run import read_record

    for planned in plan.points:
        print(f"{planned.point.index:>4}  {read_record(out, planned).status:<11}  {planned.name}")
    return 0


def _log(out: Path) -> RunLog:
    out.mkdir(parents=True, exist_ok=True)
    return RunLog(path=out / "log.txt")
