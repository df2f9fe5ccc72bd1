"""``granode``: demo, run, test, exec, doctor, validate, bench, recipe, packing, mesh, study, homogenise, report."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from manufacturing.errors import GranodeError, InputError

from .case_file import read_case
from .homogenised_command import add_homogenise_command
from .inspect_commands import add_packing_commands
from .mesh_command import add_mesh_command
from .mpi_launch import solver_ranks
from .report_command import add_report_command
from .run_directory import locked
from .schema import UNTIL, Case
from .stage_processes import (
    FAILED,
    PROJECT,
    WRONG_INPUT,
    check_inputs,
    launch,
    leave_case,
    manufacturing_ranks,
    record_failure,
    run_stages,
)
from .study_command import add_study_command

DEMO = PROJECT / "cases" / "demo.toml"
CHECKS = ("manufacturing", "meshing", "conduction", "discharge")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, 1 (failed) or 2 (wrong input)."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except InputError as error:
        print(f"granode: error: {error}", file=sys.stderr)
        return WRONG_INPUT
    except GranodeError as error:
        print(f"granode: failed: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("granode: interrupted; finished stages are kept, the same command goes on", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="granode", description=__doc__)
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        metavar="{demo,run,test,exec,doctor,validate,bench,recipe,packing,mesh,study,homogenise,report}",
    )
    demo = commands.add_parser("demo", help="run cases/demo.toml")
    run = commands.add_parser("run", help="run a case file")
    run.add_argument("case", type=Path, help="case file (TOML)")
    for command in (demo, run):
        command.add_argument("--out", type=Path, help="directory of the run (default: results/<case>)")
        command.add_argument("--ranks", type=int, help="MPI ranks of the solver")
        command.add_argument("--resume", action="store_true", help="go on with an earlier run (always so)")
        command.add_argument("--until", choices=UNTIL, help="last stage to run; sets output.until")
        command.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="override a key; KEY= removes it"
        )
    demo.set_defaults(run=lambda o: run_case(DEMO, o))
    run.set_defaults(run=lambda o: run_case(o.case, o))
    test = commands.add_parser("test", help="lint, types and all tests")
    test.add_argument("rest", nargs=argparse.REMAINDER, help="passed to pytest")
    test.set_defaults(run=_test)
    commands.add_parser("doctor", help="versions and what is missing").set_defaults(run=_doctor)
    execute = commands.add_parser("exec", help="run a command in this environment")
    execute.add_argument("rest", nargs=argparse.REMAINDER)
    execute.set_defaults(run=_execute)
    for name, help_text in (("validate", "check against exact answers"), ("bench", "measure figures against goals")):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("name", choices=CHECKS)
        command.set_defaults(run=_validate if name == "validate" else _bench)
        command.add_argument("--out", type=Path, help=f"keeps finished pieces (default: results/{name}_NAME)")
    add_packing_commands(commands)
    add_mesh_command(commands)
    add_report_command(commands)
    add_study_command(commands)
    add_homogenise_command(commands)
    stages = commands.add_parser("_stages")
    stages.add_argument("out", type=Path)
    stages.add_argument("names", nargs="+")
    stages.set_defaults(run=lambda o: run_stages(o.out, o.names))
    return parser


def run_case(path: Path, options: argparse.Namespace) -> int:
    """Validate a case, then run its stages as processes, the solver under MPI."""
    until = (f'output.until="{options.until}"',) if options.until else ()
    case = read_case(path, (*options.set, *until))
    ranks = solver_ranks(options.ranks)
    out = (options.out or Path("results") / path.stem).resolve()
    folder = path.resolve().parent
    check_inputs(case, folder)
    with locked(out):
        return _run_locked(case, folder, out, ranks)


def _run_locked(case: Case, folder: Path, out: Path, ranks: int) -> int:
    """Run the stages of a checked case in a directory that no other run uses."""
    leave_case(case, folder, out)
    start = time.monotonic()
    groups = [
        (manufacturing_ranks(case), ("packing", "rheology")),
        (1, ("mesh",)),
        (ranks, ("conduction", "discharge")),
    ]
    last = {"manufacturing": 1, "meshing": 2}.get(case.output.until, len(groups))
    groups = [*groups[:last], (1, ("report",))]
    for count, names in groups:
        outcome = launch(out, count, names)
        if outcome.code != 0:
            print(f"granode: {outcome.message}", file=sys.stderr)
            record_failure(case, out, names)
            return outcome.code
    print(f"finished in {time.monotonic() - start:.1f} s; results in {out}")
    return 0


def _execute(options: argparse.Namespace) -> int:
    if not options.rest:
        raise InputError("exec", "nothing", "a command")
    try:
        return subprocess.call(options.rest)
    except OSError as error:
        raise InputError("exec", options.rest[0], f"a command that can be run ({error.strerror})") from error


def _test(options: argparse.Namespace) -> int:
    from .testing import run_tests

    return run_tests(options.rest)


def _doctor(_: argparse.Namespace) -> int:
    from .doctor import report

    return report()


def _validate(options: argparse.Namespace) -> int:
    from .validation import validate

    return validate(options.name, options.out)


def _bench(options: argparse.Namespace) -> int:
    from .benchmarks import bench

    return bench(options.name, options.out)
