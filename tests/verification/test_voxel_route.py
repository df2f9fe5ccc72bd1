"""Conduction on voxels beside the mesh, through the case file.

Seen to fail with: voxels of the packing before its crop planes, no phase between the spheres in the labels, the stage
not computed anew for another voxel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

from cases.runner import run_in_process
from manufacturing.errors import InputError

from .shipped_cases import content, simple_cubic_radius


def voxels(folder: Path, count: int, *overrides: str) -> dict[str, Any]:
    """Run a cubic lattice of spheres up to its voxels."""
    radius = simple_cubic_radius(0.4)
    case = content("simple_cubic", f"geometry.spheres.0.radius={radius!r}", *overrides)
    case |= {"voxels": {"size": 10e-6 / count}}
    case["output"]["until"] = "manufacturing"
    found: dict[str, Any] = run_in_process(case, folder, MPI.COMM_SELF)
    return found


def test_cubic_lattice_on_voxels(tmp_path: Path) -> None:
    """Host fraction 0.6, exact 0.49011 and 2.36443 within the staircase's error; another voxel is another answer."""
    found = voxels(tmp_path, 40)
    assert set(found) == {"manufacturing", "voxels"}, "no mesh is made"
    insulating, ten = found["voxels"]["insulating"], found["voxels"]["ten"]
    assert insulating["volume_fraction"]["SE"] == pytest.approx(0.6, rel=5e-3)
    assert insulating["effective_conductivity_S_m"] == pytest.approx(0.49011, rel=0.03)
    assert ten["effective_conductivity_S_m"] == pytest.approx(2.36443, rel=0.03)
    coarse = voxels(tmp_path, 10)["voxels"]["insulating"]
    assert coarse["voxel_um"] == pytest.approx([1.0] * 3)


def test_crop_planes_cut_the_voxels(tmp_path: Path) -> None:
    """The half above the equator alone: sphere and host side by side at the lower plane."""
    half = voxels(tmp_path, 40, "cell.crop_bottom=5e-6")["voxels"]["ten"]
    assert half["effective_conductivity_S_m"] == pytest.approx(2.36443, rel=0.03), "a plane of symmetry"
    assert half["unknowns"] == 40 * 40 * 20


@pytest.mark.parametrize(
    "override",
    [
        'conduction.ten.resistance."AM|SE"=1e-3',
        'conduction.ten.directions=["x"]',
        "conduction.ten.conductivity.SE=[[1, 0, 0], [0, 1, 0], [0, 0, 2]]",
    ],
)
def test_what_finite_volumes_do_not_know_is_refused(tmp_path: Path, override: str) -> None:
    with pytest.raises(InputError, match="voxels"):
        voxels(tmp_path, 10, override)
