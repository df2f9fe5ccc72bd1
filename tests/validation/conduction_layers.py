"""Layers, whose conduction every element order solves exactly."""

from __future__ import annotations

from mpi4py import MPI

from cases.check_store import CheckStore
from cases.check_table import Check, timed
from tests.verification.shipped_cases import run

KEY = "effective_conductivity_S_m"


def layers(store: CheckStore) -> list[Check]:
    """Series and parallel at orders 1 to 3, and a straight slab."""
    folder, checks = store.workplace("layers"), []
    for name, exact in (("layers_in_series", 1.25), ("layers_in_parallel", 1.4)):
        found, seconds = timed(lambda name=name: run(name, folder / name, MPI.COMM_SELF)["conduction"])
        for order in (1, 2, 3):
            value = found[f"order_{order}"][KEY]
            checks.append(Check(f"{name}, order {order}", exact, value, 1e-9, unit="S/m", seconds=seconds))
    return [*checks, Check("slab: tortuosity factor", 1.0, found["slab"]["tortuosity_factor"], 1e-9)]
