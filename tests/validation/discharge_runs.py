"""Runs of cases for the checks of charge and discharge, as data that can be stored, and rows that all groups share."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from cases.check_table import Check, at_least, at_most
from cases.runner import run_in_process
from tests.verification.shipped_cases import content, curve

FloatArray = npt.NDArray[np.float64]
Run = dict[str, Any]  # summary of the discharge, columns of its curve, processor time [s]
BALANCE = 1e-8
KEPT = ("time_s", "capacity_Ah_m2", "voltage_V", "mean_stoichiometry", "protocol_step")


def shipped(folder: Path, name: str, *overrides: str) -> Run:
    """Run a shipped case."""
    return run_case(folder, content(name, *overrides))


def run_case(folder: Path, case: dict[str, Any]) -> Run:
    """Run a case in this process."""
    start = time.process_time()
    summary = run_in_process(case, folder, MPI.COMM_SELF)["discharge"]
    rows = curve(folder)
    balances = {name: float(rows[f"{name}_balance_error"].max()) for name in ("charge", "lithium")}
    return {
        "summary": summary,
        "curve": {name: rows[name].tolist() for name in KEPT},
        "balances": balances,
        "steps": len(rows["time_s"]) - len(summary["protocol"]),
        "seconds": time.process_time() - start,
    }


def columns(run: Run) -> dict[str, FloatArray]:
    """The curve of a run as arrays."""
    return {name: np.array(values) for name, values in run["curve"].items()}


def balances(title: str, runs: Iterable[Run]) -> list[Check]:
    """Rows of the largest balance errors over every accepted step of some runs."""
    members = list(runs)
    steps = sum(run["steps"] for run in members)
    seconds = sum(run["seconds"] for run in members)
    return [
        at_most(
            f"{title}: {name} balance over {steps} steps",
            max(run["balances"][name] for run in members),
            BALANCE,
            seconds=seconds,
        )
        for name in ("charge", "lithium")
    ]


def order_row(name: str, sizes: Iterable[float], errors: Iterable[float], least: float = 1.8) -> Check:
    """Row of an observed order: the slope of log error over log size."""
    slope = np.polyfit(np.log(np.array(list(sizes))), np.log(np.abs(np.array(list(errors)))), 1)[0]
    return at_least(name, float(slope), least)
