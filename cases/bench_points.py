"""One point of an error-against-time curve, each measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing.errors import StageError
from manufacturing.packing import Packing, load_packing
from manufacturing.phases import Phase
from meshing.labelled_mesh import load_mesh
from meshing.voxel_mesh import label_voxels
from solver.conduction import ConductionSettings, solve_conduction

from .bench_meshing import in_own_process
from .bench_structures import Structure, face_centred
from .peer_environment import peer_interpreter, peer_variables
from .process_memory import peak_memory
from .runner import run_in_process
from .testing import PROJECT

FloatArray = npt.NDArray[np.float64]

ORDERS = (1, 2)
COMPILED_SIZE = 2e-6  # [m] of the mesh that compiles everything before the clock starts


@dataclass(frozen=True)
class Point:
    """What one tool found at one size, and its cost."""

    target: str
    method: str
    size: float  # cells or voxels across the cube
    conductivity: float  # over that of the phase
    solve_seconds: float  # mesh or image in memory -> result
    total_seconds: float  # geometry in memory -> result
    solve_processor_seconds: float  # of all threads
    total_processor_seconds: float
    peak_gigabytes: float


def packing_of(structure: Structure, folder: Path) -> Packing:
    """Return the spheres of a structure; made once, not part of any time."""
    case = structure.case | {"output": structure.case["output"] | {"until": "manufacturing"}}
    run_in_process(case, folder, MPI.COMM_SELF)
    return load_packing(folder / "packing.h5")


def our_points(structure: Structure, cell_size: float, folder: Path) -> list[dict[str, Any]]:
    """Mesh a structure and solve every target at every order, in a new process on one core."""
    return list(in_own_process(partial(_our_points, structure, cell_size, folder)))


def _our_points(structure: Structure, cell_size: float, folder: Path) -> list[dict[str, Any]]:
    warm = face_centred()
    run_in_process(warm.meshed(COMPILED_SIZE), folder / "compile", MPI.COMM_SELF)
    for target in warm.targets:
        for order in ORDERS:
            _solve(folder / "compile", target.phase, target.lateral, order)
    box = packing_of(structure, folder)
    start = clocks()
    run_in_process(structure.meshed(cell_size), folder, MPI.COMM_SELF)
    meshing = clocks() - start
    across, points = float(box.size[0] / cell_size), []
    for target in structure.targets:
        for order in ORDERS:
            start = clocks()
            value = _solve(folder, target.phase, target.lateral, order)
            points.append(_point(target.name, f"ours, order {order}", across, value, (meshing, clocks() - start)))
    return points


def clocks() -> FloatArray:
    """Return the wall time and the processor time of this process [s], shape (2,)."""
    return np.array([time.perf_counter(), time.process_time()])


def _point(
    target: str,
    method: str,
    size: float,
    value: float,
    clocked: tuple[FloatArray, FloatArray],
    peak: float | None = None,
) -> dict[str, Any]:
    """Return a point; ``clocked`` are the clocks of making the mesh or the image, and of the solve."""
    made, solved = clocked
    total = made + solved
    memory = peak_memory() if peak is None else peak
    point = Point(target, method, size, value, solved[0], total[0], solved[1], total[1], memory)
    return {name: float(entry) if isinstance(entry, np.floating) else entry for name, entry in vars(point).items()}


def _solve(folder: Path, phase: Phase, lateral: str, order: int) -> float:
    """Return sigma_eff of the mesh in a folder, its reading and the search for connected parts included."""
    settings = ConductionSettings("bench", {phase: 1.0}, order, lateral == "periodic")
    mesh = load_mesh(folder / "mesh.h5")
    return float(solve_conduction(mesh, settings, MPI.COMM_SELF).summary["effective_conductivity_S_m"])


def voxel_image(packing: Packing, count: int, phase: Phase, matrix: Phase) -> tuple[Any, FloatArray]:
    """Return the image of a phase, 1 where it is, z first, and the clocks of voxelising [s]."""
    start = clocks()
    phases, _ = label_voxels(packing, np.full(3, count), matrix)
    image = np.ascontiguousarray(np.moveaxis(phases == phase, 2, 0)).astype(np.uint8)
    return image, clocks() - start


def peer_points(structure: Structure, count: int, tool: str, folder: Path) -> list[dict[str, Any]]:
    """Voxelise a structure and solve the targets that a peer has the boundary condition for, in its own process.

    Raises:
        StageError: the peer is not installed, or it failed.
    """
    interpreter = peer_interpreter()
    packing = packing_of(structure, folder)
    matrix = Phase[structure.case["geometry"].get("matrix", "void")]
    points = []
    for target in (target for target in structure.targets if tool in target.peers):
        image, made = voxel_image(packing, count, target.phase, matrix)
        found = run_peer(interpreter, tool, image, folder)
        solved = np.array([found["seconds"], found["processor_seconds"]])
        value, peak = found["conductivity"], found["peak_gigabytes"]
        points.append(_point(target.name, tool.split("_")[0], float(count), value, (made, solved), peak))
    return points


def run_peer(interpreter: Path, tool: str, image: Any, folder: Path) -> dict[str, float]:
    """Run a peer's script on an image and return what it measured.

    Raises:
        StageError: the script failed; its last line is given.
    """
    np.save(folder / "image.npy", image)
    script = PROJECT / "cases" / "peer_solvers.py"
    command = [str(interpreter), "-I", str(script), tool, str(folder / "image.npy"), str(folder / "peer.json")]
    done = subprocess.run(command, env=peer_variables(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StageError(f"{tool}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    measured: dict[str, float] = json.loads((folder / "peer.json").read_text())
    return measured
