"""Conduction through a voxel image by TauFactor or PoreSpy; runs in their interpreter, without Granode.

Usage: python -I peer_solvers.py TOOL IMAGE.npy RESULT.json, TOOL one of TOOLS. The image is 1 where it
conducts, with the axis of the current first.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

THREADS = 2


def taufactor_periodic(image: Any) -> float:
    """Return the effective conductivity by TauFactor with periodic sides."""
    import taufactor

    return _taufactor(taufactor.PeriodicSolver, image)


def taufactor_insulated(image: Any) -> float:
    """Return the effective conductivity by TauFactor with insulated sides."""
    import taufactor

    return _taufactor(taufactor.Solver, image)


def _taufactor(solver_class: Any, image: Any) -> float:
    """Solve with the tool's own stopping rule."""
    import torch

    torch.set_num_threads(THREADS)
    solver = solver_class(image, device="cpu")
    solver.solve(verbose=False, iter_limit=100000)
    return float(np.ravel(solver.D_eff)[0])


def porespy_insulated(image: Any) -> float:
    """Return the effective conductivity by PoreSpy's finite differences; their sides are always insulated."""
    import porespy

    found = porespy.simulations.tortuosity_fd(image.astype(bool), axis=0)
    return float(found.effective_porosity / found.tortuosity)


TOOLS = {
    "taufactor_periodic": taufactor_periodic,
    "taufactor_insulated": taufactor_insulated,
    "porespy_insulated": porespy_insulated,
}


def main(tool: str, image: Path, result: Path) -> None:
    """Solve a small image, so that everything is loaded, and then the given one; write the measured figures."""
    solve = TOOLS[tool]
    solve(np.ones((8, 8, 8), dtype=np.uint8))
    given = np.load(image)
    start, processor = time.perf_counter(), time.process_time()
    conductivity = solve(given)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    status = Path("/proc/self/status").read_text()
    peak = float(status.split("VmHWM:")[1].split()[0]) / 1024.0**2
    figures = {"conductivity": conductivity, "seconds": seconds, "processor_seconds": processor}
    result.write_text(json.dumps(figures | {"peak_gigabytes": peak}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
