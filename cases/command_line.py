"""``granode``: demo, run, test, exec, doctor, validate, bench, recipe, packing."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from manufacturing.errors import GranodeError, InputError

from .case_file import read_case
from .inspect_commands import add_packing_commands
from .mpi_launch import mpi_environment, mpirun_command, usable_cores
from .run_directory import locked
from .schema import UNTIL, Case, ManufacturedGeometry

PROJECT = Path(__file__).resolve().parent.parent
DEMO = PROJECT / "cases" / "demo.toml"
CHECKS = ("manufacturing", "meshing", "conduction", "discharge")
WRONG_INPUT, FAILED = 2, 1
DEFAULT_RANKS = 4  # at most; beyond, small cases gain nothing


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
        dest="command", required=True, metavar="{demo,run,test,exec,doctor,validate,bench,recipe,packing}"
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
        if name == "validate":
            command.add_argument("--out", type=Path, help="keeps finished groups (default: results/validate_NAME)")
    add_packing_commands(commands)
    stages = commands.add_parser("_stages")
    stages.add_argument("out", type=Path)
    stages.add_argument("names", nargs="+")
    stages.set_defaults(run=lambda o: _run_stages(o.out, o.names))
    return parser


def run_case(path: Path, options: argparse.Namespace) -> int:
    """Validate a case, then run its stages as processes, the solver under MPI."""
    until = (f'output.until="{options.until}"',) if options.until else ()
    case = read_case(path, (*options.set, *until))
    ranks = min(usable_cores(), DEFAULT_RANKS) if options.ranks is None else options.ranks
    if ranks < 1:
        raise InputError("--ranks", ranks, "at least 1")
    out = (options.out or Path("results") / path.stem).resolve()
    folder = path.resolve().parent
    _check(case, folder)
    with locked(out):
        return _run_locked(case, folder, out, ranks)


def _run_locked(case: Case, folder: Path, out: Path, ranks: int) -> int:
    """Run the stages of a checked case in a directory that no other run uses."""
    _prepare(case, folder, out)
    manufacturing_ranks = case.geometry.ranks if isinstance(case.geometry, ManufacturedGeometry) else 1
    start = time.monotonic()
    groups = [
        (manufacturing_ranks, ("packing", "rheology")),
        (1, ("mesh",)),
        (ranks, ("conduction", "discharge")),
    ]
    last = {"manufacturing": 1, "meshing": 2}.get(case.output.until, len(groups))
    groups = [*groups[:last], (1, ("report",))]
    for count, names in groups:
        code = _launch(out, count, names)
        if code != 0:
            _record_failure(case, out, names)
            return code
    print(f"finished in {time.monotonic() - start:.1f} s; results in {out}")
    return 0


def _check(case: Case, folder: Path) -> None:
    """Refuse what can be known to fail now, before the directory of the run is touched."""
    from .case_checks import check_case
    from .physics import CaseMaterials
    from .stage_keys import stage_keys

    check_case(case, CaseMaterials(case), folder)
    stage_keys(case, folder)


def _prepare(case: Case, folder: Path, out: Path) -> None:
    """Leave the resolved case for the stages."""
    from .run_directory import write_json

    write_json(out / "case.json", {"folder": str(folder), "case": case.model_dump(mode="json", exclude_unset=True)})


def _record_failure(case: Case, out: Path, names: tuple[str, ...]) -> None:
    """Leave a manifest that says which stages did not end well."""
    from .physics import CaseMaterials
    from .run_directory import RunDirectory

    data, materials = case.model_dump(mode="json"), CaseMaterials(case).describe()
    RunDirectory(out).write_manifest(data, materials, failed=names)


def _launch(out: Path, ranks: int, names: tuple[str, ...]) -> int:
    """Run some stages in a process (group) of their own; errors come back through a file."""
    failure = out / "error.json"
    failure.unlink(missing_ok=True)
    command = [sys.executable, "-m", "cases", "_stages", str(out), *names]
    if ranks > 1:
        command = mpirun_command(ranks) + command
    environment = mpi_environment()
    environment["GRANODE_TERMINAL"] = "1" if sys.stdout.isatty() else "0"
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), environment.get("PYTHONPATH", "")]))
    code = subprocess.call(command, env=environment)
    if failure.exists():
        error = json.loads(failure.read_text())
        failure.unlink()
        print(f"granode: {error['kind']}: {error['message']}", file=sys.stderr)
        return int(error["code"])
    if code != 0:
        print(
            f"granode: failed: {', '.join(names)} ended with exit code {code}; finished stages are kept, "
            f"the log is {out / 'log.txt'}",
            file=sys.stderr,
        )
        return FAILED
    return 0


def _run_stages(out: Path, names: list[str]) -> int:
    """Run stages of a prepared directory inside this process (under mpirun: on all ranks)."""
    from mpi4py import MPI

    from .log import RunLog
    from .run_directory import write_json

    comm = MPI.COMM_WORLD
    log = RunLog(comm.rank, out / "log.txt")
    try:
        _stages(out, names, comm, log)
    except GranodeError as error:
        wrong = isinstance(error, InputError)
        kind, code = ("error", WRONG_INPUT) if wrong else ("failed", FAILED)
        if comm.rank == 0:
            log.line(f"{kind}: {error}")
            write_json(out / "error.json", {"kind": kind, "message": str(error), "code": code})
    except Exception:
        if comm.size > 1:
            import traceback

            traceback.print_exc()
            comm.Abort(1)
        raise
    return 0


def _stages(out: Path, names: list[str], comm: object, log: object) -> None:
    from .case_file import validate_case
    from .pipeline import Pipeline
    from .report import write_report

    stored = json.loads((out / "case.json").read_text())
    case = validate_case(stored["case"])
    pipeline = Pipeline(case, Path(stored["folder"]), out, comm, log)  # type: ignore[arg-type]
    actions = {
        "packing": pipeline.make_packing,
        "rheology": pipeline.run_rheology,
        "mesh": pipeline.make_mesh,
        "conduction": pipeline.run_conduction,
        "discharge": pipeline.run_discharge,
        "report": lambda: write_report(case, out, pipeline.materials.describe(), pipeline.log),
    }
    for name in names:
        actions[name]()


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

    return bench(options.name)
