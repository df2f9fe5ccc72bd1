"""A small stage for the tests of stopping and resuming: beads between a standing and a moving granular plate."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mpi4py import MPI

from manufacturing.configuration import Configuration
from manufacturing.force_field import DRIED_FORCE_FIELD
from manufacturing.insertion import insert_randomly
from manufacturing.lammps_engine import LENGTH, LammpsEngine
from manufacturing.phases import Phase
from manufacturing.stage_record import StageRecord

DIAMETERS = [4e-6, 3e-6]
COUNTS = np.array([40, 60])
CLASS = np.repeat([0, 1], COUNTS)
WALL = "hertz/history 20000 27560 0.1 0.0959 1 1"
RUNS = 12


def start() -> Configuration:
    """Return beads in the middle of a box that is open along z."""
    radii = 0.5 * np.array(DIAMETERS)[CLASS]
    found = insert_randomly(radii, np.array([20e-6, 20e-6, 16e-6]), seed=2)
    low = np.array([0.0, 0.0, -10e-6])
    return Configuration(found.centres + 2e-6, low, np.array([20e-6, 20e-6, 30e-6])).wrapped((True, True, False))


def move_top(engine: LammpsEngine, first: float, last: float, steps: int) -> None:
    """Move the upper plate from one height [um] to another."""
    speed = (last - first) / (steps * engine.time_step / 1e-6)
    engine.command("reset_timestep 0")
    if engine.has_fix("plate_top"):
        engine.command("unfix plate_top", "region top delete")
    engine.command(
        f"variable top equal {speed:.10g}*step*{engine.time_step / 1e-6:.10g}",
        f"region top plane 0 0 {first:.10g} 0 0 -1 side in move NULL NULL v_top",
        f"fix plate_top all wall/gran/region {WALL} region top",
    )
    engine.run(steps)


def undisturbed(number: int) -> None:
    """Do nothing before a run."""


def press(
    comm: MPI.Intracomm, folder: Path | None, before_run: Callable[[int], None] = undisturbed, key: str = "key"
) -> Configuration:
    """Close the plates step by step until the film is 9 um high; the way down depends on what is read.

    Args:
        comm: ranks that run together.
        folder: where the record is kept; None: nowhere.
        before_run: told the number of every run before it starts.
        key: of the record.
    """
    radii, masses = list(DIAMETERS), [40e-15, 25e-15]
    with LammpsEngine(comm, "press", 1e-7, 100.0, StageRecord(folder, key, log=lambda line: None)) as engine:
        engine.create(start(), CLASS, "p p f")
        engine.set_beads(radii, masses, COUNTS)
        engine.set_force_field(DRIED_FORCE_FIELD, [Phase.AM, Phase.CBD], radii)
        engine.command(
            "region bottom plane 0 0 -0.5 0 0 1 side in",
            f"fix plate_bottom all wall/gran/region {WALL} region bottom",
            "fix move all nve/sphere",
            "fix drag all viscous 1",
            "variable pressure equal pzz",
        )
        engine.run(0)
        height = 22.0
        for number in range(1, RUNS + 1):
            before_run(number)
            step = 1.0 if engine.speed() > 0.01 or engine.value("pressure") < 1.0 else 1.2
            move_top(engine, height, height - step, 300)
            height -= step
            if engine.size()[2] != 40e-6 or number == 6:
                engine.command("fix drag all viscous 2")
        return engine.configuration()


def difference(first: Configuration, second: Configuration) -> float:
    """Return the largest distance between two states [um], images along x and y alike."""
    gap = first.centres - second.centres
    gap[:, :2] -= np.round(gap[:, :2] / first.size[:2]) * first.size[:2]
    return float(np.abs(gap).max() / LENGTH)


def kill_at(number: int) -> None:
    """Kill this process before the run that the command line names."""
    if number == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    final = press(MPI.COMM_WORLD, Path(sys.argv[1]), kill_at)
    if MPI.COMM_WORLD.rank == 0:
        np.save(sys.argv[3], final.centres)
