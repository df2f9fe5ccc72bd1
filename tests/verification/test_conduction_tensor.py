"""Conduction along x, y and z where the answer is exact: tensors, layers, and what does not wrap around the box.

Seen to fail with: lateral loads without the part of the gradient inside the cells, clusters between two walls counted
as percolating (singular).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.runner import run_in_process

EXACT = 1e-9
TENSOR = [[3.0, 0.7, -0.4], [0.7, 2.0, 0.5], [-0.4, 0.5, 1.5]]


def conduction(case: dict[str, Any], out: Path, comm: MPI.Intracomm) -> dict[str, Any]:
    """The conduction results of a case without fields."""
    result: dict[str, Any] = run_in_process(case | {"output": {"fields": False}}, out, comm)["conduction"]
    return result


def lattice(solve: dict[str, Any]) -> dict[str, Any]:
    """A cubic lattice of AM in SE, periodic in x, y and z, on coarse cells; the same conductivity everywhere."""
    return {
        "geometry": {"source": "lattice", "kind": "SC", "edge": 8e-6, "counts": (1, 1, 1), "radius_ratio": 0.8},
        "mesh": {"cell_size": 1.6e-6},
        "conduction": {"s": solve},
    }


def layers(axis: str, solve: dict[str, Any]) -> dict[str, Any]:
    """Slabs of SE and AM, 2 and 3 um, stacked along an axis."""
    slabs = [{"phase": "SE", "thickness": 2e-6, "cells": 2}, {"phase": "AM", "thickness": 3e-6, "cells": 3}]
    geometry = {"source": "layers", "axis": axis, "layers": slabs, "width": 4e-6, "cells_across": 2}
    return {"geometry": geometry, "conduction": {"s": solve}}


@pytest.mark.mpi
@pytest.mark.parametrize("order", [1, 2, 3])
def test_an_anisotropic_homogeneous_body_is_exact(order: int, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """All six entries of a rotated tensor, by energy and by flux, on an unstructured periodic mesh."""
    solve = {"conductivity": {"SE": TENSOR, "AM": TENSOR}, "order": order}
    solve |= {"directions": ["x", "y", "z"], "z_walls": "periodic"}
    found = conduction(lattice(solve), shared_tmp_path, comm)["s"]
    for key in ("tensor_S_m", "tensor_by_flux_S_m"):
        assert np.array(found[key]) == pytest.approx(np.array(TENSOR), rel=EXACT)


@pytest.mark.mpi
def test_planes_and_insulated_planes_have_closed_forms(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Along z between planes K_zz; along x and y nothing leaves through z: K_ij - K_iz K_jz/K_zz."""
    K = np.array(TENSOR)
    solve = {"conductivity": {"SE": TENSOR, "AM": TENSOR}, "directions": ["x", "y", "z"], "order": 1}
    found = conduction(layers("x", solve), shared_tmp_path, comm)["s"]
    assert found["effective_conductivity_S_m"] == pytest.approx(K[2, 2], rel=EXACT)
    lateral = K[:2, :2] - np.outer(K[:2, 2], K[:2, 2]) / K[2, 2]
    table = found["tensor_S_m"]
    assert np.array([row[:2] for row in table[:2]]) == pytest.approx(lateral, rel=EXACT)
    assert table[0][2] is None, "no solve gives sigma_xz between planes"


@pytest.mark.mpi
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_layers_are_an_anisotropic_body(axis: str, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Arithmetic mean in the plane, harmonic mean across, whatever the stacking direction."""
    solve = {"conductivity": {"SE": 1.0, "AM": 4.0}, "directions": ["x", "y", "z"], "order": 1}
    found = conduction(layers(axis, solve), shared_tmp_path, comm)["s"]["by_direction"]
    for direction in "xyz":
        expected = 5.0 / (2.0 / 1.0 + 3.0 / 4.0) if direction == axis else (2.0 * 1.0 + 3.0 * 4.0) / 5.0
        assert found[direction]["effective_conductivity_S_m"] == pytest.approx(expected, rel=EXACT)
        assert found[direction]["effective_conductivity_by_flux_S_m"] == pytest.approx(expected, rel=EXACT)
        assert found[direction]["tortuosity_factor"] is None


@pytest.mark.mpi
def test_each_particle_may_have_its_own_conductivity(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """A checkerboard has a particle per square; all given 2 S/m by the table it is homogeneous."""
    board = {"source": "checkerboard", "edge": 1e-6, "counts": (2, 2), "cells": 2}
    table, array = shared_tmp_path / "k.csv", shared_tmp_path / "k.npy"
    if comm.rank == 0:
        rows = [f"{k},{2.0}" for k in range(1, 7)]
        table.write_text("\n".join(["particle_id,conductivity", *rows]))
        np.save(array, np.full(6 * 4 * 4, 3.0))
    comm.barrier()
    solves = {"table": {"conductivity_file": str(table)}, "cells": {"conductivity_file": str(array), "order": 1}}
    found = conduction({"geometry": board, "conduction": solves}, shared_tmp_path, comm)
    assert found["table"]["effective_conductivity_S_m"] == pytest.approx(2.0, rel=EXACT)
    assert found["cells"]["effective_conductivity_S_m"] == pytest.approx(3.0, rel=EXACT)


@pytest.mark.mpi
def test_heat_has_its_own_unit(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    solve = {"carrier": "thermal", "conductivity": {"SE": 0.5, "AM": 0.5}, "directions": ["y"]}
    found = conduction(layers("z", solve), shared_tmp_path, comm)["s"]
    assert found["effective_conductivity_W_m_K"] == pytest.approx(0.5, rel=EXACT)
    assert (found["direction"], found["quantity"], found["unit"]) == ("y", "thermal", "W/(m K)")
    assert found["tensor_W_m_K"][2][2] is None


def bars(comm: MPI.Intracomm, out: Path, cut: bool) -> dict[str, Any]:
    """A bar of SE along x in void; cut in the middle it is a piece that reaches through the wall and wraps nowhere."""
    labels = np.zeros((6, 3, 3), dtype=np.uint8)
    labels[:, 1, 1] = 1
    if cut:
        labels[3, 1, 1] = 0
    path = out / f"bar_{cut}.npy"
    if comm.rank == 0:
        np.save(path, labels)
    comm.barrier()
    geometry = {"source": "image", "file": str(path), "voxel": 1e-6, "periodic": (True, True, True)}
    geometry |= {"labels": {"0": "void", "1": "SE"}, "axes": "xyz"}
    solves = {
        "planes": {"conductivity": {"SE": 2.0}, "directions": ["x", "y", "z"]},
        "cell": {"conductivity": {"SE": 2.0}, "directions": ["x", "y", "z"], "z_walls": "periodic"},
    }
    case = {"geometry": geometry, "mesh": {"method": "voxel", "cell_size": 1e-6}, "conduction": solves}
    return conduction(case, out / f"run_{cut}", comm)


@pytest.mark.mpi
def test_only_what_wraps_around_the_box_carries_current(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    whole, cut = (bars(comm, shared_tmp_path, cut) for cut in (False, True))
    for solve in ("planes", "cell"):
        found = whole[solve]["by_direction"]
        assert found["x"]["effective_conductivity_S_m"] == pytest.approx(2.0 / 9.0, rel=EXACT)
        assert found["x"]["tortuosity_factor"] == pytest.approx(1.0, rel=EXACT)
        assert found["x"]["formation_factor"] == pytest.approx(9.0, rel=EXACT)
        for direction in "yz":
            assert found[direction]["percolates"] is False
            assert found[direction]["effective_conductivity_S_m"] == 0.0
        for direction in "xyz":
            assert cut[solve]["by_direction"][direction]["percolates"] is False
            assert cut[solve]["by_direction"][direction]["effective_conductivity_S_m"] == 0.0
