"""Guaranteed bounds of the meshes of a simple cubic lattice, their widths, and the error bar that they are part of."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.check_store import CheckStore
from cases.check_table import Check, at_least, at_most
from cases.convergence_fit import fit_convergence
from cases.error_bars import error_bars
from tests.verification.shipped_cases import run

KEY = "effective_conductivity_S_m"
EXACT = {0.0: 0.49011, 10.0: 2.36443}  # volume fraction 0.4: conductivity of the spheres -> sigma_eff, host 1 S/m
CELLS = (8, 12, 18)  # lattice cubes across the cell
WIDEST = {1: 0.05, 2: 5e-3}  # by element order
ORDERS = {1: 1.6, 2: 2.4}  # in h; edges of the polyhedra keep them below 2 and 4


def solved(folder: Path, ratio: float, cells: int) -> dict[str, Any]:
    """Solves of first and second order with bounds, and of third order, on one mesh."""
    start = time.perf_counter()
    given = f"conductivity={{SE=1.0{f', AM={ratio}' if ratio else ''}}}"
    mesh = (f"mesh.cell_size={10e-6 / cells!r}", "mesh.volume_correction=0.0")
    solves = [f"conduction.p{k}={{{given}, order={k}, bounds=true}}" for k in (1, 2)]
    solves += ["conduction.insulating=", "conduction.ten=", f"conduction.p3={{{given}, order=3}}"]
    found = run("simple_cubic", folder, MPI.COMM_SELF, *mesh, *solves)["conduction"]
    return {**found, "seconds": time.perf_counter() - start}


def lattice_bounds(store: CheckStore) -> list[Check]:
    """Third order lies inside the bounds, the bounds close, the error bar holds the exact answer."""
    folder = store.workplace("lattice_bounds")
    works = {
        f"alpha = {ratio:g}, {cells} cells": partial(solved, folder / f"{ratio:g}_{cells}", ratio, cells)
        for ratio in EXACT
        for cells in CELLS
    }
    found = store.results(works)
    checks = [row for title, solves in found.items() for row in _inside(title, solves)]
    for ratio, exact in EXACT.items():
        series = [found[f"alpha = {ratio:g}, {cells} cells"] for cells in CELLS]
        checks += [_closing(f"alpha = {ratio:g}, p = {k}", series, k) for k in ORDERS]
        checks.append(_holding(f"alpha = {ratio:g}", exact, [solves["p2"] for solves in series]))
    return checks


def _ends(solve: dict[str, Any]) -> tuple[float, float]:
    return float(solve["bounds"][KEY]["lower"]), float(solve["bounds"][KEY]["upper"])


def _inside(title: str, solves: dict[str, Any]) -> list[Check]:
    """Rows of one mesh: where third order lies, 0 at the lower and 1 at the upper bound, and the width."""
    rows = []
    for order, widest in WIDEST.items():
        (lower, upper), value = _ends(solves[f"p{order}"]), solves["p3"][KEY]
        place = (value - lower) / (upper - lower)
        where = f"{title}, p = {order}"
        rows.append(at_most(f"{where}: third order above the lower bound", -place, 0.0, "", solves["seconds"]))
        rows.append(at_most(f"{where}: third order below the upper bound", place, 1.0))
        rows.append(at_most(f"{where}: relative width", upper / lower - 1.0, widest))
    return rows


def _closing(title: str, series: list[dict[str, Any]], order: int) -> Check:
    widths = [solves[f"p{order}"]["bounds"]["relative_width"] for solves in series]
    slope = -float(np.polyfit(np.log(CELLS), np.log(widths), 1)[0])
    return at_least(f"{title}: order in h of the width", slope, ORDERS[order])


def _holding(title: str, exact: float, solves: list[dict[str, Any]]) -> Check:
    """Distance of the extrapolated value from the exact one over the error bar on that side."""
    fit = fit_convergence([1.0 / cells for cells in CELLS], [solve[KEY] for solve in solves])
    bars = error_bars(fit.value, _ends(solves[-1]), fit.error, 0.0, computed=solves[-1][KEY])
    half = fit.value - bars.interval[0] if exact < fit.value else bars.interval[1] - fit.value
    return at_most(f"{title}: |extrapolated - exact|/error bar", abs(exact - fit.value) / half, 1.0)
