"""One discharge of a mesh file, measured: ``python -m cases.measured_discharge SPECIFICATION.json`` on any ranks."""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
import time
from pathlib import Path
from typing import Any

from mpi4py import MPI

from manufacturing.collective import run_on
from meshing.labelled_mesh import load_mesh
from solver.connectivity import CellGraph

from .case_file import validate_case
from .discharge_stage import DischargeStage
from .log import RunLog
from .physics import CaseMaterials
from .process_memory import peak_memory
from .run_directory import RunDirectory

WRITERS = (("recorder", "__call__"), ("recorder", "close"), ("checkpoint", "__call__"))
# Parts of a run: functions whose time counts, functions inside them whose time does not.
PARTS = {
    "building the cell": ((("discharge.py", "__init__"),), ()),
    "assembly": ((("newton.py", "_evaluate"), ("jacobian.py", "update")), ()),
    "set-up": ((("block_solver.py", "_prepare"),), ()),
    "solve": ((("block_solver.py", "solve"),), (("block_solver.py", "_prepare"),)),
    "curve and balances": ((("discharge.py", "_recorded"),), (("discharge_recorder.py", "__call__"),)),
    "output": (tuple((f"discharge_{file}.py", name) for file, name in WRITERS), ()),
}

COUNTS = ("unknowns", "steps", "rejected_steps", "newton_iterations", "linear_iterations")
KEPT = (*COUNTS, "end_reason", "utilisation", "charge_balance_error", "lithium_balance_error")  # of the summary


def main(path: Path) -> None:
    """Discharge as the file says and write the figures.

    The file holds ``case`` (content of a case file), ``mesh`` (path), ``out`` (folder) and ``result`` (path).
    """
    wanted, comm = json.loads(path.read_text()), MPI.COMM_WORLD
    figures = measure(wanted, comm)
    figures["peak_gigabytes"] = comm.allreduce(peak_memory())
    if comm.rank == 0:
        Path(wanted["result"]).write_text(json.dumps(figures))


def measure(wanted: dict[str, Any], comm: MPI.Intracomm) -> dict[str, Any]:
    """Return the figures of a discharge with all its output, its wall time and that of its parts on this rank [s]."""
    case, out = validate_case(wanted["case"]), Path(wanted["out"])
    run_on(comm, 1, RunDirectory(out).prepare)
    stage = DischargeStage(case, CaseMaterials(case), out, "bench", comm, RunLog(comm.rank, out / "log.txt", True))
    mesh = load_mesh(Path(wanted["mesh"]))
    graph = CellGraph(mesh)
    profile = cProfile.Profile()
    comm.barrier()
    start, processor = time.perf_counter(), time.process_time()
    summary = profile.runcall(stage.run, mesh, graph)
    seconds = time.perf_counter() - start
    stats = pstats.Stats(profile)
    parts = {name: seconds_in(stats, *functions) for name, functions in PARTS.items()}
    return {
        **{key: summary[key] for key in KEPT},
        "seconds": seconds,
        "march_seconds": seconds_in(stats, (("discharge.py", "run"),), ()),
        "processor_seconds": comm.allreduce(time.process_time() - processor),
        "parts": {**parts, "the rest": seconds - sum(parts.values())},
    }


def seconds_in(stats: pstats.Stats, counted: tuple[tuple[str, str], ...], inside: tuple[tuple[str, str], ...]) -> float:
    """Return the time in some functions without that in functions that they call [s].

    Raises:
        KeyError: a function did not run.
    """
    found: dict[tuple[str, str], float] = {}
    for (file, _, function), (_, _, _, cumulative, _) in stats.stats.items():  # type: ignore[attr-defined]
        key = (Path(file).name, function)
        if Path(file).parent.name in ("solver", "cases"):
            found[key] = found.get(key, 0.0) + cumulative
    return sum(found[key] for key in counted) - sum(found[key] for key in inside)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
