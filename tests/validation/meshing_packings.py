"""Packings that the checks of meshing cut: random ones, and dried and calendered ones from small chains."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.runner import run_in_process
from manufacturing.contacts import find_contacts
from manufacturing.cut_out import cut_out
from manufacturing.overlaps import overlap_statistics
from manufacturing.packing import Packing, load_packing
from manufacturing.phases import Phase
from manufacturing.random_packing import PackedPhase, RandomPackingSettings, random_packing

KINDS = ("random", "dried", "calendered")
SEEDS = {50: 20, 200: 10, 1000: 2}  # by number of particles
CHAIN_OF_CUT_OUTS = 200  # beads; a chain of 50 would be narrower than its largest beads
CELL_SIZE = 0.7e-6  # [m] the smallest beads have a radius of 1.5 um
FRACTIONS = {"AM": 0.34, "SE": 0.2, "CBD": 0.08}


def chain(folder: Path, beads: int, seed: int) -> dict[str, Any]:
    """Manufacture beads up to 50 % of calendering; the packings are in ``folder/stages``."""
    case = {
        "geometry": {
            "source": "manufactured",
            "beads": beads,
            "seed": seed,
            "slurry": {"aspect_ratio": 1.0},
            "calendering": {"degree": 0.5, "increments": 1},
        },
        "output": {"until": "manufacturing", "plots": False, "fields": False},
    }
    run_in_process(case, folder, MPI.COMM_SELF)
    return overlaps(load_packing(folder / "stages" / "packing_calendered.h5"))


def overlaps(packing: Packing) -> dict[str, float]:
    """Mean and largest overlap of a packing over r_i + r_j."""
    found = overlap_statistics(find_contacts(packing))
    return {"mean": found.mean, "max": found.max}


def chains_needed() -> list[tuple[int, int]]:
    """Beads and seed of every chain."""
    large = [(count, seed) for count in SEEDS if count > 50 for seed in range(1, SEEDS[count] + 1)]
    cut = [(CHAIN_OF_CUT_OUTS, seed) for seed in range(1, SEEDS[50] // 2 + 1)]
    return sorted(set(large + cut))


def random_spheres(count: int, seed: int) -> Packing:
    """Random packing of the recipe's sizes, overlaps up to 26 %, between two walls."""
    sizes = {"AM": (7e-6, 10e-6), "SE": (3e-6, 5e-6), "CBD": (3e-6,)}
    phases = tuple(PackedPhase(Phase[n], FRACTIONS[n], sizes[n], (1.0,) * len(sizes[n])) for n in sizes)
    settings = RandomPackingSettings(
        phases, count, max_overlap=0.26, wall_overlap=0.2, periodic=(True, True, False), seed=seed, tolerance=0.02
    )
    return random_packing(settings).packing


def place(folder: Path, count: int, kind: str, seed: int) -> Path:
    """Make or find a packing and return its file; chains must have been made before."""
    path = folder / f"{count}_{kind}_{seed}.h5"
    if kind == "random":
        random_spheres(count, seed).save(path)
    elif count == 50:
        whole = load_packing(chain_folder(folder, CHAIN_OF_CUT_OUTS, (seed + 1) // 2) / "stages" / f"packing_{kind}.h5")
        low, high = whole.lower.copy(), whole.upper.copy()
        middle = 0.5 * (low + high)
        corner = (low, middle) if seed % 2 else (middle, high)
        low[:2], high[:2] = corner[0][:2], corner[1][:2]
        cut_out(whole, low, high).packing.save(path)
    else:
        return chain_folder(folder, count, seed) / "stages" / f"packing_{kind}.h5"
    return path


def chain_folder(folder: Path, beads: int, seed: int) -> Path:
    """Folder of a chain's run."""
    return folder / f"chain_{beads}_{seed}"


def empty_packing(path: Path) -> Path:
    """File of a packing without particles."""
    none = np.empty(0, np.int64)
    Packing(np.empty((0, 3)), np.empty(0), none, none, np.zeros(3), np.full(3, 8e-6), (True, True, False)).save(path)
    return path


def chain_works(folder: Path) -> dict[str, partial[dict[str, Any]]]:
    """Work of every chain by name."""
    return {
        f"chain of {beads} beads, seed {seed}": partial(chain, chain_folder(folder, beads, seed), beads, seed)
        for beads, seed in chains_needed()
    }
