"""The checks that every mesh passes, on meshes whose figures are known.

Seen to fail with: no check of the volume, unmatched area without the outer facets of one side, angles in metres
(volumes below the threshold of an inverted cell), histograms over 0-90 degrees, no limit for voxel meshes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from cases.case_file import validate_case
from cases.plots_files import RunFiles
from cases.plots_quality import plot_quality
from cases.runner import run_in_process
from manufacturing.errors import StageError
from manufacturing.phases import Phase
from meshing.facets import pair_facets
from meshing.labelled_mesh import build_labelled_mesh, tetrahedron_volumes
from meshing.mesh_quality import measure_quality, require_angles
from meshing.structured_mesh import kuhn_grid

UM = 1e-6
EDGE = 4


def grid(height: float = 4.0):
    """Vertices [m] and cells of a box of 4 x 4 x height um with cubes of 1 um if the height is 4."""
    axis = np.linspace(0.0, 4.0, EDGE + 1) * UM
    return kuhn_grid((axis, axis, axis * height / 4.0))


def built(vertices, cells):
    phases = np.full(len(cells), int(Phase.SE))
    return build_labelled_mesh(
        vertices, cells, phases, phases, np.zeros(3), vertices.max(axis=0), 0.0, (True, True, False), {"method": "grid"}
    )


def inner_vertex(vertices) -> int:
    return int(np.flatnonzero(np.all(np.abs(vertices / UM - 2.0) < 0.1, axis=1))[0])


def test_figures_of_kuhn_cubes():
    """Each cube is cut into six cells with angles of 45, 60 and 90 degrees; walls have 2 x 16 facets."""
    mesh = built(*grid())
    quality = mesh.report["quality"]
    assert mesh.report["method"] == "grid"
    assert quality["min_dihedral_deg"] == pytest.approx(45.0)
    assert quality["max_dihedral_deg"] == pytest.approx(90.0)
    assert quality["smallest_cell_volume_m3"] == pytest.approx(UM**3 / 6.0)
    assert abs(quality["unmatched_area_error"]) < 1e-12
    assert abs(quality["volume_error"]) < 1e-12
    assert quality["matched_wall_facets"] == {"x": 32, "y": 32}


def test_histogram_counts_every_cell_once():
    quality = built(*grid(1.0))  # flat boxes: angles at both ends of the range
    histogram, count = quality.report["quality"]["histogram"], 6 * EDGE**3
    edges = np.array(histogram["edges_deg"])
    for name, percentile in (("min_dihedral_cells", "min"), ("max_dihedral_cells", "max")):
        cells = np.array(histogram[name])
        assert cells.sum() == count
        median = quality.report["quality"][f"{percentile}_dihedral_percentiles_deg"]["50"]
        assert cells[np.searchsorted(edges, median, side="right") - 1] > 0


def test_inverted_cells_are_refused():
    """A vertex pushed through the far side of its cells: conforming, walls match, but cells lie in each other."""
    vertices, cells = grid()
    vertices[inner_vertex(vertices)] += np.array([1.3, 0.2, 0.1]) * UM
    with pytest.raises(StageError, match="inverted or overlapping"):
        built(vertices, cells)


def test_a_hole_is_refused_by_its_surface():
    vertices, cells = grid()
    inside = np.flatnonzero((cells == inner_vertex(vertices)).any(axis=1))[0]
    cells = np.delete(cells, inside, axis=0)
    volumes, pairs = tetrahedron_volumes(vertices, cells), pair_facets(cells)
    quality = measure_quality(vertices, cells, np.abs(volumes), pairs, np.full(3, 4.0 * UM))
    facets = np.sqrt(2.0) / 2.0 * 2.0 + 1.0  # [um2] two right triangles and two across the diagonal of the cube
    assert quality.unmatched_area_error * 96.0 == pytest.approx(facets, rel=1e-6)
    assert quality.volume_error * 64.0 == pytest.approx(-1.0 / 6.0, rel=1e-6)
    with pytest.raises(StageError, match="not conforming"):
        quality.check()
    with pytest.raises(StageError, match="overlapping"):
        replace(quality, unmatched_area_error=0.0).check()


def test_slivers_are_refused():
    quality = built(*grid(0.2)).report["quality"]  # boxes twenty times as wide as high
    assert quality["min_dihedral_deg"] < 3.0
    with pytest.raises(StageError, match=r"dihedral angle of 2\.\d\d deg, at least 10 deg"):
        require_angles(quality, 10.0)
    require_angles(quality, 2.0)


def composite(**mesh) -> dict:
    sphere = {"phase": "AM", "centre": [2e-6, 2e-6, 2e-6], "radius": 1.5e-6}
    return {
        "geometry": {"source": "spheres", "box": [4e-6, 4e-6, 4e-6], "spheres": [sphere]},
        "mesh": {"cell_size": 1e-6} | mesh,
        "cell": {"separator_thickness": 0.05e-6},
        "output": {"plots": False, "fields": False},
    }


def test_default_smallest_angle_is_10_degrees():
    assert validate_case(composite()).mesh.smallest_dihedral_deg == 10.0


def test_voxel_meshes_are_held_to_the_same_angle(tmp_path: Path):
    """A separator much thinner than a voxel makes flat cells."""
    with pytest.raises(StageError, match="dihedral"):
        run_in_process(composite(method="voxel"), tmp_path / "refused", MPI.COMM_SELF)
    allowed = composite(method="voxel", smallest_dihedral_deg=1.0)
    found = run_in_process(allowed, tmp_path / "allowed", MPI.COMM_SELF)["meshing"]
    assert 1.0 < found["quality"]["min_dihedral_deg"] < 10.0


def test_plot_of_the_angles(tmp_path: Path):
    case = composite() | {"cell": {"separator_thickness": 2e-6}, "output": {"plots": False, "fields": False}}
    summary = run_in_process(case, tmp_path, MPI.COMM_SELF)
    run = RunFiles(tmp_path)
    run.__dict__["summary"] = summary
    figure = plot_quality(run)
    assert figure is not None
    shares = [patch.get_data().values for patch in figure.axes[0].patches]
    assert [float(s.sum()) for s in shares] == pytest.approx([100.0, 100.0])
    assert {line.get_xdata()[0] for line in figure.axes[0].lines} == {
        summary["meshing"]["quality"][name] for name in ("min_dihedral_deg", "max_dihedral_deg")
    }
    assert plot_quality(RunFiles(tmp_path / "nothing")) is None
