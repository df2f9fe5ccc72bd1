"""Conduction around spheres: cubic lattices, periodic and insulated walls, the voxel mesh as a cross-check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.runner import run_in_process

from .shipped_cases import FloatArray, run, simple_cubic_radius

LATTICE = {  # sigma_eff/sigma_host of simple cubic lattices by volume fraction: insulating, ten times as conducting
    0.3: {"insulating": 0.60566, "ten": 1.88774},
    0.4: {"insulating": 0.49011, "ten": 2.36443},
}
CELLS = (8, 12, 20)  # lattice cubes across the box


def cubic(fraction: float, cells: int, *more: str) -> tuple[str, ...]:
    """Overrides of the shipped lattice."""
    radius = simple_cubic_radius(fraction)
    return (f"geometry.spheres.0.radius={radius!r}", f"mesh.cell_size={10e-6 / cells!r}", *more)


def fitted_order(errors: FloatArray, sizes: FloatArray) -> float:
    """Slope of log(error) over log(size)."""
    return float(np.polyfit(np.log(sizes), np.log(np.abs(errors)), 1)[0])


@pytest.mark.parametrize("fraction", [0.3, 0.4])
def test_lattices_converge_at_second_order(fraction: float, tmp_path: Path) -> None:
    """Inscribed polyhedra (no volume correction): the error falls with h^2, the two finest extrapolate to 0.1 %."""
    found = [
        run("simple_cubic", tmp_path / str(n), MPI.COMM_SELF, *cubic(fraction, n, "mesh.volume_correction=0.0"))
        for n in CELLS
    ]
    for name, exact in LATTICE[fraction].items():
        values = np.array([f["conduction"][name]["effective_conductivity_S_m"] for f in found])
        errors = values / exact - 1.0
        extrapolated = np.polyfit(1.0 / np.square(CELLS[1:]), values[1:], 1)[1]
        print(f"{name}: errors {errors}, extrapolated {extrapolated / exact - 1.0:.2e}")
        lost = errors if name == "insulating" else -errors
        assert np.all(lost > 0.0), "inscribed spheres are too small"
        assert fitted_order(errors, 1.0 / np.array(CELLS)) >= 1.7, (name, errors)
        assert extrapolated == pytest.approx(exact, rel=1e-3), (name, errors)


@pytest.mark.mpi
@pytest.mark.parametrize("fraction", [0.3, 0.4])
def test_lattices_on_a_corrected_mesh(fraction: float, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """With the volume correction 16 cubes across the box are enough for 0.2 %; energy and flux are the same."""
    found = run("simple_cubic", shared_tmp_path, comm, *cubic(fraction, 16))
    assert found["meshing"]["volume_fraction"]["AM"] == pytest.approx(fraction, rel=3e-3)
    for name, exact in LATTICE[fraction].items():
        solve = found["conduction"][name]
        assert solve["effective_conductivity_S_m"] == pytest.approx(exact, rel=2e-3)
        energy, flux = (solve[f"effective_conductivity{by}_S_m"] for by in ("", "_by_flux"))
        assert flux == pytest.approx(energy, rel=1e-9)
        assert solve["iterations"] <= 60
    factor = found["conduction"]["insulating"]["tortuosity_factor"]
    assert factor == pytest.approx((1.0 - fraction) / LATTICE[fraction]["insulating"], rel=3e-3)


@pytest.mark.mpi
def test_voxels_see_the_same_lattice_coarsely(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """An independent mesh: the volume to 1 %, the conductivity within the error of a staircase."""
    found = run("simple_cubic", shared_tmp_path, comm, *cubic(0.4, 20, 'mesh.method="voxel"'))
    assert found["meshing"]["volume_fraction"]["AM"] == pytest.approx(0.4, rel=1e-2)
    for name, exact in LATTICE[0.4].items():
        assert found["conduction"][name]["effective_conductivity_S_m"] == pytest.approx(exact, rel=0.05)


def voxels(spheres: list[tuple[float, float, float, float]], phase: str, matrix: str, lateral: str) -> dict[str, Any]:
    """A case of spheres (x, y, z, r in um) in a box of 8 um on voxels of 1 um, SE conducting."""
    entries = [{"phase": phase, "centre": (x * 1e-6, y * 1e-6, z * 1e-6), "radius": r * 1e-6} for x, y, z, r in spheres]
    return {
        "geometry": {"source": "spheres", "box": (8e-6,) * 3, "matrix": matrix, "spheres": entries},
        "mesh": {"method": "voxel", "cell_size": 1e-6},
        "conduction": {"ionic": {"conductivity": {"SE": 1.0}, "lateral": lateral}},
        "output": {"fields": False},
    }


def ionic(out: Path, comm: MPI.Intracomm, case: dict[str, Any]) -> dict[str, Any]:
    """The conduction result of a voxel case."""
    result: dict[str, Any] = run_in_process(case, out, comm)["conduction"]["ionic"]
    return result


OBSTACLES = [(1.0, 2.0, 2.5, 2.2), (6.0, 4.0, 5.0, 2.4)]


@pytest.mark.mpi
def test_periodic_walls_do_not_see_where_the_box_is_cut(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """The same packing moved by (3, 5) voxels through the walls: same periodic answer, other insulated answer."""
    moved = [((x + 3.0) % 8.0, (y + 5.0) % 8.0, z, r) for x, y, z, r in OBSTACLES]
    found = {
        (lateral, k): ionic(shared_tmp_path / f"{lateral}{k}", comm, voxels(spheres, "AM", "SE", lateral))
        for lateral in ("periodic", "insulated")
        for k, spheres in enumerate((OBSTACLES, moved))
    }
    sigma = {key: value["effective_conductivity_S_m"] for key, value in found.items()}
    assert sigma["periodic", 1] == pytest.approx(sigma["periodic", 0], rel=1e-9)
    assert abs(sigma["insulated", 1] / sigma["insulated", 0] - 1.0) > 1e-3
    assert sigma["insulated", 0] < sigma["periodic", 0] * (1.0 - 1e-4), "less freedom for the potential, more energy"


@pytest.mark.mpi
def test_a_path_through_the_wall_percolates_only_when_periodic(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Two spheres of SE, one on either plane, that meet only across x = 0."""
    found = {}
    for lateral in ("periodic", "insulated"):
        case = voxels([(2.4, 4.0, 2.0, 2.6), (13.5, 4.0, 5.0, 3.0)], "SE", "void", lateral)
        case["geometry"]["box"] = (16e-6, 8e-6, 8e-6)
        found[lateral] = ionic(shared_tmp_path / lateral, comm, case)
    assert found["periodic"]["percolates"] is True
    assert found["periodic"]["effective_conductivity_S_m"] > 1e-3
    assert found["insulated"]["percolates"] is False
