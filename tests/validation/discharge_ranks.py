"""The same case on 1 to 4 ranks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from cases.check_store import CheckStore
from cases.check_table import Check, at_most
from cases.mpi_launch import mpi_environment
from cases.testing import PROJECT
from tests.verification.shipped_cases import FOLDER, curve

from .discharge_runs import KEPT, Run, balances, columns

NAME = "small_composite"
OVERRIDES = ("mesh.cell_size=1e-6", "discharge.cutoff_voltage=3.9")
RANKS = (1, 2, 3, 4)
AGREEMENT = 1e-8


def on_ranks(folder: Path, ranks: int) -> Run:
    """Run the case by the command line on some ranks."""
    command = [sys.executable, "-m", "cases", "run", str(FOLDER / f"{NAME}.toml"), "--out", str(folder)]
    command += ["--ranks", str(ranks), *(word for override in OVERRIDES for word in ("--set", override))]
    start = time.perf_counter()
    subprocess.run(command, cwd=PROJECT, env=mpi_environment(), check=True, stdout=subprocess.DEVNULL)
    rows = curve(folder)
    return {
        "summary": json.loads((folder / "summary.json").read_text())["discharge"],
        "curve": {name: rows[name].tolist() for name in KEPT},
        "balances": {name: float(rows[f"{name}_balance_error"].max()) for name in ("charge", "lithium")},
        "steps": len(rows["time_s"]) - 1,
        "seconds": time.perf_counter() - start,
    }


def ranks(store: CheckStore) -> list[Check]:
    """Every voltage, time and stoichiometry of every accepted step."""
    folder = store.workplace("ranks")
    runs = [store.result(f"{n} ranks", partial(on_ranks, folder / str(n), n)) for n in RANKS]
    first = columns(runs[0])
    rows = []
    for count, run in zip(RANKS[1:], runs[1:], strict=True):
        found = columns(run)
        for name in ("time_s", "voltage_V", "mean_stoichiometry"):
            same = found[name].shape == first[name].shape
            worst = np.abs(found[name] - first[name]).max() / np.abs(first[name]).max() if same else np.inf
            rows.append(at_most(f"{count} ranks: {name}, relative", float(worst), AGREEMENT, seconds=run["seconds"]))
    return [*rows, *balances("1 to 4 ranks", runs)]
