"""Stages of a run as processes of their own: LAMMPS, gmsh and DOLFINx do not share an address space."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from manufacturing.errors import GranodeError, InputError

from .case_file import STORED
from .mpi_launch import mpi_environment, mpirun_command
from .run_directory import RunDirectory, write_json
from .schema import Case, ManufacturedGeometry

PROJECT = Path(__file__).resolve().parent.parent
WRONG_INPUT, FAILED = 2, 1
OUTPUT = "output.txt"  # what quiet processes print, kept when they fail


@dataclass(frozen=True)
class Outcome:
    """How a process ended: exit code, and the message for the user where it is not 0."""

    code: int = 0
    message: str = ""


def check_inputs(case: Case, folder: Path) -> None:
    """Refuse what can be known to fail now, before the directory of the run is touched."""
    from .case_checks import check_case
    from .physics import CaseMaterials
    from .stage_keys import stage_keys

    check_case(case, CaseMaterials(case), folder)
    stage_keys(case, folder)


def leave_case(case: Case, folder: Path, out: Path) -> None:
    """Leave the resolved case for the stages; its file tells when the run began."""
    write_json(out / STORED, {"folder": str(folder), "case": case.model_dump(mode="json", exclude_unset=True)})


def record_failure(case: Case, out: Path, names: tuple[str, ...]) -> None:
    """Leave a manifest that says which stages did not end well."""
    from .physics import CaseMaterials

    data, materials = case.model_dump(mode="json"), CaseMaterials(case).describe()
    RunDirectory(out).write_manifest(data, materials, failed=names)


def manufacturing_ranks(case: Case) -> int:
    """Return the MPI ranks of the first stages."""
    return case.geometry.ranks if isinstance(case.geometry, ManufacturedGeometry) else 1


def launch(out: Path, ranks: int, names: tuple[str, ...], quiet: bool = False) -> Outcome:
    """Run some stages of a prepared directory in a process (group) of their own; errors come back through a file.

    Args:
        out: directory of the run.
        ranks: MPI ranks.
        names: stages, as the hidden command ``_stages`` knows them.
        quiet: print into a file of the directory, which stays where the stages fail.
    """
    failure = out / "error.json"
    failure.unlink(missing_ok=True)
    command = [sys.executable, "-m", "cases", "_stages", str(out), *names]
    if ranks > 1:
        command = mpirun_command(ranks) + command
    environment = mpi_environment()
    environment["GRANODE_TERMINAL"] = "1" if sys.stdout.isatty() and not quiet else "0"
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), environment.get("PYTHONPATH", "")]))
    if quiet:
        with (out / OUTPUT).open("w") as output:
            code = subprocess.call(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    else:
        code = subprocess.call(command, env=environment)
    if failure.exists():
        error = json.loads(failure.read_text())
        failure.unlink()
        return Outcome(int(error["code"]), f"{error['kind']}: {error['message']}")
    if code != 0:
        text = f"failed: {', '.join(names)} ended with exit code {code}; finished stages are kept, the log is "
        return Outcome(FAILED, text + str(out / (OUTPUT if quiet else "log.txt")))
    (out / OUTPUT).unlink(missing_ok=True)
    return Outcome()


def run_stages(out: Path, names: list[str]) -> int:
    """Run stages of a prepared directory inside this process (under mpirun: on all ranks)."""
    from mpi4py import MPI

    from .log import RunLog

    comm = MPI.COMM_WORLD
    log = RunLog(comm.rank, out / "log.txt", begun=(out / STORED).stat().st_mtime)
    try:
        _stages(out, names, comm, log)
    except GranodeError as error:
        wrong = isinstance(error, InputError)
        kind, code = ("error", WRONG_INPUT) if wrong else ("failed", FAILED)
        if comm.rank == 0:
            log.line(f"{kind}: {error}")
            try:
                write_json(out / "error.json", {"kind": kind, "message": str(error), "code": code})
            except OSError:  # a full disk; the line above says what happened
                return code
    except Exception:
        if comm.size > 1:
            import traceback

            traceback.print_exc()
            comm.Abort(1)
        raise
    return 0


def _stages(out: Path, names: list[str], comm: object, log: object) -> None:
    from .case_file import stored_case
    from .pipeline import Pipeline
    from .report import write_report

    case, folder = stored_case(out)
    pipeline = Pipeline(case, folder, out, comm, log)  # type: ignore[arg-type]
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
