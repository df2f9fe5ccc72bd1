"""The measuring of the benchmark: memory of a process of its own, the peer's mesh, the packing of few spheres.

Seen to fail with: memory by getrusage (the parent's), kilobytes taken for bytes, a box around the centres only.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from cases.bench_gmsh import mesh_spheres_by_gmsh
from cases.bench_meshing import few_spheres, in_own_process, packing_case
from cases.case_file import validate_case
from cases.process_memory import peak_memory
from manufacturing.packing import Packing

UM = 1e-6


def peak_with(megabytes: int) -> float:
    """Peak memory after filling an array [GB]."""
    block = np.ones(megabytes * 131072)
    return peak_memory() + 0.0 * float(block[-1])


def test_peak_memory_is_that_of_the_new_process() -> None:
    block = np.ones(600 * 131072)  # the caller holds more than the child
    small, large = (in_own_process(partial(peak_with, size)) for size in (1, 400))
    assert block[-1] == 1.0
    assert large - small == pytest.approx(0.39, abs=0.08)
    assert 0.02 < small < 0.55


def test_few_spheres_lie_inside_their_box() -> None:
    random = np.random.default_rng(1)
    count = 40
    packing = Packing(
        random.uniform(0.0, 20.0, (count, 3)) * UM,
        random.uniform(1.0, 3.0, count) * UM,
        np.full(count, 1),
        np.arange(count),
        np.zeros(3),
        np.full(3, 20.0 * UM),
    )
    few = few_spheres(packing, 10)
    assert len(few.radii) == 10
    assert not any(few.periodic)
    for sign in (-1.0, 1.0):
        ends = few.centres + sign * few.radii[:, None]
        assert (ends > few.lower + 0.99 * UM).all()
        assert (ends < few.upper - 0.99 * UM).all()


def test_peer_meshes_one_sphere() -> None:
    packing = Packing(
        np.full((1, 3), 3.0 * UM), np.array([2.0 * UM]), np.array([1]), np.array([1]), np.zeros(3), np.full(3, 6.0 * UM)
    )
    found = mesh_spheres_by_gmsh(packing, 1.0 * UM)
    assert found["pieces"] == 2  # the sphere and the space around it, none of it outside the box
    assert 800 < found["cells"] < 20000
    assert found["min_dihedral_deg"] > 5.0


def test_benchmark_packing_is_a_valid_case() -> None:
    case = validate_case(packing_case(1000, None))
    assert case.mesh.cell_size == validate_case({"geometry": packing_case(10, 1e-6)["geometry"]}).mesh.cell_size
