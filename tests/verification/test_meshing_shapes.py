"""Shapes with exact volumes, areas and conductivities, through their shipped case files.

Seen to fail with: cones enlarged along z only, areas of lenses taken once, courses of bricks without their shift,
a checkerboard that begins at an edge of its squares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.case_checks import check_case
from cases.case_file import validate_case
from cases.physics import CaseMaterials
from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.phases import Phase
from manufacturing.sphere_lattice import LATTICES, sphere_lattice
from meshing.labelled_mesh import load_mesh
from meshing.voxel_mesh import label_voxels

from .shipped_cases import content, run

DISCS = {0.3: 0.53758, 0.5: 0.32466}
WITHOUT = "conduction={}"


def meshed(name: str, out: Path, *overrides: str) -> dict[str, Any]:
    report: dict[str, Any] = run(name, out, MPI.COMM_SELF, WITHOUT, *overrides)["meshing"]
    return report


def orders(name: str, out: Path, sizes: tuple[float, ...], *overrides: str) -> dict[str, float]:
    """Observed order of volume and area of inscribed polyhedra."""
    found = [
        meshed(name, out / str(k), f"mesh.cell_size={h!r}", "mesh.volume_correction=0.0", *overrides)
        for k, h in enumerate(sizes)
    ]
    errors = {
        "volume": [abs(r["volume_fraction_error"]["AM"]) for r in found],
        "area": [abs(r["interface_area_error"]["AM|SE"]) for r in found],
    }
    print(name, errors)
    return {key: float(np.polyfit(np.log(sizes), np.log(values), 1)[0]) for key, values in errors.items()}


@pytest.mark.parametrize("fraction", [0.3, 0.5])
def test_disc_arrays(fraction: float, tmp_path: Path) -> None:
    found = run("disc_array", tmp_path, MPI.COMM_SELF, f"geometry.fraction={fraction}")
    report, solve = found["meshing"], found["conduction"]["insulating"]
    print(solve["effective_conductivity_S_m"] / DISCS[fraction] - 1.0, report["interface_area_error"])
    assert solve["effective_conductivity_S_m"] == pytest.approx(DISCS[fraction], rel=1e-3)
    assert report["exact_volume_fraction"]["AM"] == pytest.approx(fraction, rel=1e-12)
    assert abs(report["volume_fraction_error"]["AM"]) < 5e-4
    assert abs(report["interface_area_error"]["AM|SE"]) < 3e-3


def test_several_discs_are_one(tmp_path: Path) -> None:
    """Two by two discs hold the same fraction and four particles."""
    report = meshed("disc_array", tmp_path, "geometry.counts=[2, 2]", "geometry.fraction=0.7", "mesh.cell_size=1e-6")
    assert abs(report["volume_fraction_error"]["AM"]) < 5e-3
    ids = load_mesh(tmp_path / "mesh.h5").particle_ids
    assert set(np.unique(ids)) == {-1, 1, 2, 3, 4}


def test_hemisphere_and_cones_converge_at_second_order(tmp_path: Path) -> None:
    """Inscribed polyhedra; the tips of cones, which no mesh has, cost their area 0.1 of the order."""
    sizes = (1e-6, 0.5e-6, 1e-6 / 3.0)
    for name, least in (("hemisphere", (1.8, 1.8)), ("cone_electrode", (1.8, 1.65))):
        found = orders(name, tmp_path / name, sizes)
        print(name, found)
        assert (found["volume"], found["area"]) >= least, (name, found)
        assert found["area"] >= least[1], (name, found)


def test_corrected_cones_stand_on_the_collector(tmp_path: Path) -> None:
    report = meshed("cone_electrode", tmp_path, "geometry.counts=[2, 1]")
    base = 2.0 * np.pi * 3e-6**2
    assert report["collector_area_m2"]["AM"] == pytest.approx(base, rel=0.02)
    assert report["exact_interface_area_m2"]["AM|SE"] == pytest.approx(base / 3e-6 * np.hypot(3e-6, 8e-6), rel=1e-12)
    assert report["exact_volume_fraction"]["AM"] == pytest.approx(base * 8e-6 / 3.0 / (128e-12 * 10e-6), rel=1e-12)
    assert abs(report["volume_fraction_error"]["AM"]) < 3e-4
    assert abs(report["interface_area_error"]["AM|SE"]) < 0.01


@pytest.mark.parametrize("name", ["hemisphere", "cone_electrode", "disc_array"])
def test_voxels_see_the_same_shapes(name: str, tmp_path: Path) -> None:
    report = meshed(name, tmp_path, 'mesh.method="voxel"', "mesh.cell_size=0.5e-6")
    assert abs(report["volume_fraction_error"]["AM"]) < 0.01
    assert report["interface_area_error"]["AM|SE"] == pytest.approx(0.33, abs=0.25)


def exact(packing: Packing) -> tuple[float, float]:
    """Exact share and area of a lattice from its provenance."""
    areas = packing.provenance["exact_interface_area_m2"]
    return packing.provenance["exact_volume_fraction"]["AM"], next(iter(areas.values()))


@pytest.mark.parametrize("kind", ["SC", "BCC", "FCC"])
@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.1])
def test_sphere_lattices_against_painted_voxels(kind: str, ratio: float) -> None:
    """The share by counting voxels, the area as its derivative by the radius."""
    step = 1e-4
    packings = [sphere_lattice(kind, 1e-5, (1, 1, 1), ratio + k * step, Phase.AM, Phase.SE) for k in (-1, 0, 1)]
    share, area = exact(packings[1])
    phases, _ = label_voxels(packings[1], np.array([160, 160, 160]), Phase.SE)
    assert float((phases == Phase.AM).mean()) == pytest.approx(share, abs=1e-3)
    growth = (exact(packings[2])[0] - exact(packings[0])[0]) * 1e-15 / (2.0 * step * LATTICES[kind].touching * 1e-5)
    assert area == pytest.approx(growth, rel=1e-5)


def test_lattice_of_overlapping_spheres(tmp_path: Path) -> None:
    summary = run("sphere_lattice", tmp_path, MPI.COMM_SELF, WITHOUT)
    report = summary["meshing"]
    share, area = (
        summary["manufacturing"]["provenance"][k] for k in ("exact_volume_fraction", "exact_interface_area_m2")
    )
    assert report["periodic"] == [True, True, True]
    assert report["volume_fraction"]["AM"] == pytest.approx(share["AM"], abs=3e-3)
    assert report["interface_area_m2"]["AM|SE"] == pytest.approx(area["AM|SE"], rel=0.01)
    assert report["exact_volume_fraction"]["AM"] == pytest.approx(share["AM"], abs=1e-3)  # quadrature of the mesher
    assert report["exact_interface_area_m2"]["AM|SE"] == pytest.approx(area["AM|SE"], rel=0.01)


def test_brick_wall(tmp_path: Path) -> None:
    found = run("brick_wall", tmp_path, MPI.COMM_SELF)
    report = found["meshing"]
    # Three bed joints of 8 x 8, two head joints of 8 x 8 in each of the directions x and y.
    assert report["exact_interface_area_m2"]["SE|SE"] == pytest.approx((3 * 64 + 4 * 64) * 1e-12, rel=1e-12)
    assert report["interface_area_error"]["SE|SE"] == pytest.approx(0.0, abs=1e-12)
    assert report["interface_area_m2"]["SE|SE"] == pytest.approx(448e-12, rel=1e-12)
    mesh = load_mesh(tmp_path / "mesh.h5")
    assert len(np.unique(mesh.particle_ids)) == 16
    volumes = np.bincount(mesh.particle_ids, mesh.volumes())[1:]
    assert volumes == pytest.approx(np.full(16, 32e-18), rel=1e-9)
    joints = mesh.vertices[mesh.facets[mesh.named("SE|SE")]]
    heads = joints[np.ptp(joints[:, :, 0], axis=1) < 1e-12]
    for course, positions in ((0, [4e-6]), (1, [2e-6, 6e-6])):
        inside = (heads[:, :, 2].mean(axis=1) // 2e-6).astype(int) == course
        assert np.unique(np.round(heads[inside][:, 0, 0], 9)).tolist() == pytest.approx(positions)
    assert found["conduction"]["solid"]["effective_conductivity_S_m"] == pytest.approx(1.0, rel=1e-9)


def test_checkerboard_tends_to_the_geometric_mean(tmp_path: Path) -> None:
    """Singular corners: the error falls with h^(4/pi atan(sqrt(1/4))) = h^0.59 or its square, not with h^2."""
    cells = (8, 16, 32)
    values = []
    for n in cells:
        found = run("checkerboard", tmp_path / str(n), MPI.COMM_SELF, f"geometry.cells={n}")
        values.append(found["conduction"]["mean"]["effective_conductivity_S_m"])
        assert found["meshing"]["interface_area_error"]["AM|SE"] == pytest.approx(0.0, abs=1e-9)
        assert found["meshing"]["volume_fraction"]["AM"] == pytest.approx(0.5, rel=1e-9)
    errors = np.array(values) / 2.0 - 1.0
    order = -np.polyfit(np.log(cells), np.log(np.abs(errors)), 1)[0]
    print(errors, order)
    assert np.all(errors > 0.0), "potentials of finite elements conduct too well"
    assert errors[-1] < 0.01
    assert order == pytest.approx(1.18, abs=0.15)


@pytest.mark.parametrize(
    ("name", "override", "key"),
    [
        ("disc_array", "geometry.fraction=0.8", "geometry.fraction"),
        ("cone_electrode", "geometry.base_radius=4e-6", "geometry.base_radius"),
        ("cone_electrode", "geometry.height=10e-6", "geometry.height"),
        ("cone_electrode", 'geometry.matrix="AM"', "geometry.matrix"),
        ("hemisphere", "geometry.radius=5e-6", "geometry.radius"),
        ("sphere_lattice", "geometry.radius_ratio=1.2", "geometry.radius_ratio"),
        ("brick_wall", "geometry.counts=[1, 2, 2]", "geometry.counts"),
        ("checkerboard", "geometry.counts=[3, 2]", "geometry.counts"),
        ("checkerboard", "geometry.cells=3", "geometry.cells"),
        ("checkerboard", 'geometry.phases=["AM", "AM"]', "geometry.phases"),
        ("hemisphere", "mesh.grading.growth=0.2", "mesh.grading"),
        ("hemisphere", "cell.crop_top=1e-6", "cell.crop_top"),
        ("hemisphere", "mesh.cell_size=1e-9", "mesh.cell_size"),
    ],
)
def test_shapes_that_cannot_be_are_refused(name: str, override: str, key: str) -> None:
    case = validate_case(content(name, override))
    with pytest.raises(InputError, match=f"^{key}: "):
        check_case(case, CaseMaterials(case))
