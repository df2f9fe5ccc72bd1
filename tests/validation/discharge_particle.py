"""Half a sphere on the collector: a particle resolved along its radius, and diffusion under constant flux."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.check_store import CheckStore
from cases.check_table import Check, at_most
from tests.verification.shipped_cases import content, middle
from tests.verification.single_particle import differences, omitted_drops
from tests.verification.test_discharge_sphere import sphere_errors

from .discharge_runs import Run, balances, columns, order_row, shipped

NAME = "single_particle"
RADIUS = 4e-6
GOALS = {4.0: 2.5, 6.0: 1.25, 9.0: 0.5, 17.0: 0.15}  # [mV] from 1 % to 99 % of the charge, by R/h
FIRST_SECONDS = 1.0  # [mV] on the finest mesh while the profile is thinner than a cell
OMITTED = 0.1  # [mV]


def discharged(folder: Path, ratio: float) -> Run:
    """The case on a mesh of R/h."""
    return shipped(folder, NAME, f"mesh.cell_size={RADIUS / ratio}")


def particle(store: CheckStore) -> list[Check]:
    """Voltage of the accepted steps on four meshes."""
    folder, data = store.workplace("particle"), content(NAME)
    works = {f"single particle, R/h = {r:g}": partial(discharged, folder / f"{r:g}", r) for r in GOALS}
    runs = store.results(works)
    whole = [1e3 * np.abs(differences(columns(run), data)) for run in runs.values()]
    largest = [float(d[middle(columns(run))].max()) for d, run in zip(whole, runs.values(), strict=True)]
    return [
        *(
            at_most(f"{name}: largest difference", found, goal, "mV", run["seconds"])
            for (name, run), found, goal in zip(runs.items(), largest, GOALS.values(), strict=True)
        ),
        order_row("single particle: order in h", 1.0 / np.array(list(GOALS)), largest, 1.7),
        at_most("single particle, finest: first seconds too", float(whole[-1].max()), FIRST_SECONDS, "mV"),
        *(at_most(f"omitted: {name}", 1e3 * drop, OMITTED, "mV") for name, drop in omitted_drops(data).items()),
        *balances("single particle", runs.values()),
    ]


def flux_errors(folder: Path, ratio: float) -> dict[str, Any]:
    """Relative errors of the sphere under constant flux on a mesh of R/h."""
    start = time.process_time()
    found = sphere_errors(folder, MPI.COMM_SELF, RADIUS / ratio)
    return {"surface": found.surface, "mean": found.mean, "seconds": time.process_time() - start}


def constant_flux(store: CheckStore) -> list[Check]:
    """Surface excess j R/(5 D) and rise of the mean."""
    folder = store.workplace("sphere")
    ratios = (4.0, 6.0, 8.0)
    works = {f"sphere under constant flux, R/h = {r:g}": partial(flux_errors, folder / f"{r:g}", r) for r in ratios}
    found = list(store.results(works).values())
    finest = found[-1]
    return [
        Check("sphere: (c_surface - c_mean) 5 D/(j R)", 1.0, 1.0 + finest["surface"], 2e-3, seconds=finest["seconds"]),
        Check("sphere: (c_mean - c_0) R/(3 j t)", 1.0, 1.0 + finest["mean"], 2e-3),
        order_row("sphere: order in h", 1.0 / np.array(ratios), [f["surface"] for f in found], 1.7),
    ]
