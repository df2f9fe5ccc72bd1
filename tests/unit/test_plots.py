"""Pictures of a run: exact sections, the projection of clipped spheres, and what is drawn from the files.

Seen to fail with: the corners of a quadrangle in crossing order, cells below a facet in the plane counted
with those above it, weights taken from the other end of an edge, no periodic images, the overlap priority
reversed, capacity left in Ah/m2 under the label mAh/g, pictures of an earlier run kept.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from cases.case_file import validate_case
from cases.plots import FIGURES, plot_run
from cases.plots_currents import current_section
from cases.plots_curves import plot_voltage
from cases.plots_files import RunFiles
from cases.plots_packing import plot_packing
from cases.plots_plane_cut import cut_tetrahedra, cut_triangles, polygon_areas
from cases.plots_sections import plot_ionic_potential, plot_lithium
from cases.plots_spheres import Camera, SphereRenderer, Spheres, spheres_in_box
from cases.plots_style import LARGEST_FILE, PHASE_COLOURS
from cases.runner import run_in_process
from manufacturing.packing import Packing
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from meshing.layers_mesh import Layer, LayersSettings, mesh_layers

WIDTH = 2e-6
LAYERS = (Layer(Phase.separator, 3e-6, 3), Layer(Phase.SE, 1e-6, 2), Layer(Phase.AM, 2e-6, 3))


def stack(axis: int) -> LabelledMesh:
    return mesh_layers(LayersSettings(LAYERS, axis=axis, width=WIDTH, cells_across=4))


def areas_by_phase(mesh: LabelledMesh, axis: int, position: float) -> dict[int, float]:
    cut = cut_tetrahedra(mesh.vertices, mesh.cells, axis, position)
    flat = np.delete(mesh.vertices, axis, axis=1)
    areas, phases = polygon_areas(cut.at_corners(flat)), mesh.phases[cut.owners]
    return {int(p): float(areas[phases == p].sum()) for p in np.unique(phases)}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("share", [0.5, 0.25, 0.37, 0.001, 1.0])
def test_section_of_layers_has_the_exact_area_of_each_phase(axis: int, share: float) -> None:
    """Positions on and off the planes of the grid; 1.0 is the wall itself."""
    areas = areas_by_phase(stack(2), axis, share * WIDTH)
    for layer in LAYERS:
        assert areas[int(layer.phase)] == pytest.approx(layer.thickness * WIDTH, rel=1e-12)


def test_section_along_the_layers_meets_one_phase() -> None:
    assert areas_by_phase(stack(0), 0, 3.4e-6) == {int(Phase.SE): pytest.approx(WIDTH**2, rel=1e-12)}


@pytest.mark.parametrize("position", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_section_of_the_unit_tetrahedron(axis: int, position: float) -> None:
    vertices = np.vstack([np.zeros(3), np.eye(3)])
    cut = cut_tetrahedra(vertices, np.array([[0, 1, 2, 3]]), axis, position)
    area = polygon_areas(cut.at_corners(np.delete(vertices, axis, axis=1)))
    assert area == pytest.approx([0.5 * (1.0 - position) ** 2], rel=1e-12)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 0, 3, 1], [3, 2, 0, 1]])
def test_middle_section_of_the_regular_tetrahedron_is_a_square(order: list[int]) -> None:
    """Between two opposite edges of length sqrt(8): a square of side sqrt(2) at 45 degrees to the axes."""
    vertices = np.array([[1.0, 1.0, 1.0], [-1.0, -1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]])
    cut = cut_tetrahedra(vertices, np.array([order]), 2, 0.0)
    corners = cut.at_corners(vertices[:, :2])
    assert polygon_areas(corners) == pytest.approx([2.0], rel=1e-12)
    assert {(round(x), round(y)) for x, y in corners[0]} == {(1, 0), (-1, 0), (0, 1), (0, -1)}


def test_values_on_the_section_are_those_of_a_linear_field() -> None:
    mesh = stack(2)
    cut = cut_tetrahedra(mesh.vertices, mesh.cells, 1, 0.37 * WIDTH)
    points = cut.at_corners(mesh.vertices)
    slope = np.array([2e5, -3e5, 7e5])
    assert points[..., 1] == pytest.approx(0.37 * WIDTH, rel=1e-12)
    assert cut.at_corners(1.0 + mesh.vertices @ slope) == pytest.approx(1.0 + points @ slope, rel=1e-12)


@pytest.mark.parametrize("share", [0.37, 0.5])
def test_interfaces_on_the_section_have_their_length(share: float) -> None:
    mesh = stack(2)
    for name in ("SE|separator", "AM|SE"):
        cut = cut_triangles(mesh.vertices, mesh.facets[mesh.named(name)], 1, share * WIDTH)
        ends = cut.at_corners(mesh.vertices)
        assert np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum() == pytest.approx(WIDTH, rel=1e-12)


def spheres(*rows: tuple[float, float, float, float, Phase]) -> Spheres:
    table = np.array([row[:4] for row in rows])
    return Spheres(table[:, :3], table[:, 3], np.array([int(row[4]) for row in rows]))


def test_projection_of_a_sphere_is_a_disc() -> None:
    renderer = SphereRenderer(np.zeros(3), np.full(3, 10.0), Camera.looking_from((0.55, -0.85, 0.5)), 300)
    picture = renderer.draw(spheres((5.0, 5.0, 5.0, 2.0, Phase.SE)), PHASE_COLOURS)
    left, right, bottom, top = picture.extent
    pixel = (top - bottom) / picture.pixels.shape[0]
    assert picture.pixels[..., 3].sum() * pixel**2 == pytest.approx(4.0 * np.pi, rel=5e-3)
    centre = picture.pixels[picture.pixels.shape[0] // 2, picture.pixels.shape[1] // 2, :3]
    red, green, blue = centre / np.array(to_rgb(PHASE_COLOURS[Phase.SE])).clip(1e-9)
    assert red == pytest.approx(green, rel=1e-6)


def front(picture_of: Spheres) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return what is seen at the middle of the front face y = 0 of a box of edge 10."""
    renderer = SphereRenderer(np.zeros(3), np.full(3, 10.0), Camera.looking_from((0.0, -1.0, 0.0)), 100)
    return renderer.draw(picture_of, PHASE_COLOURS).pixels[50, 50]


def test_cut_faces_show_the_phase_that_owns_an_overlap() -> None:
    rows = [(5.0, 0.0, 5.0, 3.0, Phase.AM), (5.5, 0.0, 5.0, 3.0, Phase.CBD), (4.5, 0.0, 5.0, 3.0, Phase.SE)]
    for owner, present in ((Phase.AM, rows), (Phase.CBD, rows[1:]), (Phase.SE, rows[2:])):
        colour = front(spheres(*present))
        expected = np.array(to_rgb(PHASE_COLOURS[owner]))
        cosine = colour[:3] @ expected / np.linalg.norm(colour[:3]) / np.linalg.norm(expected)
        assert cosine > 0.995  # clipping to full brightness bends the direction a little


def test_nearer_spheres_hide_farther_ones_and_outside_is_clipped() -> None:
    near, far = (5.0, 3.0, 5.0, 1.0, Phase.SE), (5.0, 7.0, 5.0, 2.0, Phase.AM)
    red, _, blue, opacity = front(spheres(near, far))
    assert opacity == 1.0
    assert red > blue
    assert front(spheres((5.0, -3.0, 5.0, 1.0, Phase.SE)))[3] == 0.0


def packing(centre: tuple[float, float, float], periodic: tuple[bool, bool, bool]) -> Packing:
    return Packing(
        np.array([centre]) * 1e-6, np.array([1e-6]), np.array([int(Phase.AM)]), np.array([0]),
        np.zeros(3), np.full(3, 10e-6), periodic,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("centre", "periodic", "count"),
    [
        ((5.0, 5.0, 5.0), (True, True, False), 1),
        ((0.5, 5.0, 5.0), (True, True, False), 2),
        ((0.5, 9.5, 5.0), (True, True, False), 4),
        ((0.5, 9.5, 0.5), (True, True, True), 8),
        ((0.5, 9.5, 0.5), (False, False, False), 1),
        ((0.9, 9.1, 5.0), (True, True, False), 3),  # the edge of the box is 1.27 radii away
    ],
)
def test_periodic_images_that_reach_into_the_box(
    centre: tuple[float, float, float], periodic: tuple[bool, bool, bool], count: int
) -> None:
    assert len(spheres_in_box(packing(centre, periodic)).radii) == count


CASE: dict[str, Any] = {
    "title": "planar cell",
    "geometry": {
        "source": "layers",
        "layers": [
            {"phase": "separator", "thickness": 5e-6, "cells": 2},
            {"phase": "AM", "thickness": 5e-6, "cells": 6},
        ],
    },
    "materials": {"AM": "NMC622", "separator": "Li6PS5Cl", "counter": "lithium metal"},
    "discharge": {"c_rate": 1.0, "cutoff_voltage": 2.8, "tolerance": 1e-2},
    "output": {"plots": False, "snapshots": [0.1, 0.5]},
}
WIDE_PICTURES = ("currents.png", "overpotentials.png", "lithiation.png", "interface_current.png")
LAYERS_PICTURES = [
    *("mesh_section.png", "mesh_quality.png", "percolation.png", "conduction.png", "currents.png"),
    *("ionic_potential.png", "lithium.png", "voltage.png"),
    *("overpotentials.png", "heat.png", "lithiation.png", "interface_current.png"),
]


@pytest.fixture(scope="module")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    run_in_process(CASE, out)
    return out


def test_pictures_of_a_layers_run(run_directory: Path) -> None:
    assert plot_run(run_directory, validate_case(CASE)) == LAYERS_PICTURES
    assert sorted(p.name for p in (run_directory / "plots").iterdir()) == sorted(LAYERS_PICTURES)
    for name in LAYERS_PICTURES:
        path = run_directory / "plots" / name
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert image.width == (1600 if name in WIDE_PICTURES else 1200)
        assert path.stat().st_size < LARGEST_FILE


def test_current_density_of_a_slab_is_its_mean(run_directory: Path) -> None:
    """The section shows |j| over the mean of j_z, which is one in a slab."""
    found = RunFiles(run_directory).summary["conduction"]["electronic_z"]["current_density"]
    path = run_directory / "fields" / "conduction_electronic_z.vtu"
    cut = current_section(path, 0.5e-6, found["through"])
    assert polygon_areas(cut.polygons).sum() == pytest.approx(5e-6 * 1e-6, rel=1e-9)
    assert cut.size == pytest.approx(1.0, rel=1e-9)


def test_voltage_is_drawn_as_in_the_file(run_directory: Path) -> None:
    figure = plot_voltage(RunFiles(run_directory))
    assert figure is not None
    line, end = figure.axes[0].get_lines()
    with (run_directory / "curves" / "discharge.csv").open() as file:
        rows = list(csv.DictReader(file))
    numbers = json.loads((run_directory / "summary.json").read_text())["discharge"]
    assert np.array_equal(np.asarray(line.get_ydata()), [float(r["voltage_V"]) for r in rows])
    assert np.asarray(end.get_xdata())[0] == pytest.approx(numbers["capacity_mAh_g"], rel=1e-9)
    assert figure.axes[0].get_xlabel() == "capacity [mAh/g]"


def test_fields_are_drawn_as_in_the_file(run_directory: Path) -> None:
    """The field does not vary across the stack, so that the section shows its whole range."""
    run = RunFiles(run_directory)
    lithium, potential = plot_lithium(run), plot_ionic_potential(run)
    assert lithium is not None
    assert potential is not None
    with np.load(run_directory / "fields" / "discharge_snapshots.npz") as data:
        x, phi = data["stoichiometry"], data["ionic_potential"]
    collections = [axes.collections[-1] for axes in lithium.axes[: len(x)]]
    assert len(x) == 3
    for drawn, values in zip(collections, x, strict=True):
        assert drawn.get_clim() == pytest.approx((np.nanmin(x), np.nanmax(x)), rel=1e-9)
        shown = np.asarray(drawn.get_array())
        assert (shown.min(), shown.max()) == pytest.approx((np.nanmin(values), np.nanmax(values)), rel=1e-9)
    drawn = potential.axes[0].collections[-1]
    assert drawn.get_clim() == pytest.approx((1e3 * np.nanmin(phi[1]), 1e3 * np.nanmax(phi[1])), rel=1e-9)


def test_current_densities_of_the_slab_are_the_cell_current(run_directory: Path) -> None:
    """Ions carry it down the separator; electrons through the material from the reacting face, in every cell."""
    out = run_directory / "fields"
    with (run_directory / "curves" / "discharge.csv").open() as file:
        density = float(list(csv.DictReader(file))[-1]["current_A"]) / 1e-12
    ions = meshio.read(out / "discharge_electrolyte_02.vtu").cell_data["ionic_current_density_A_m2"][0]
    electrons = meshio.read(out / "discharge_conductors_02.vtu").cell_data["electronic_current_density_A_m2"][0]
    facets = meshio.read(out / "interface_02.vtu").cell_data["current_density_A_m2"][0]
    assert len(ions) > 0 < len(electrons)
    assert ions[:, 2] == pytest.approx(density, rel=1e-6)
    assert electrons[:, 2] == pytest.approx(density, rel=1e-6)
    assert np.abs(np.concatenate([ions, electrons])[:, :2]).max() < 1e-6 * density
    assert facets == pytest.approx(-density, rel=1e-6)


def test_pictures_of_an_earlier_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    for name in FIGURES:
        (tmp_path / "plots" / name).write_bytes(b"old")
    assert plot_run(tmp_path, validate_case(CASE)) == []
    assert list((tmp_path / "plots").iterdir()) == []


def test_packing_picture_needs_a_packing_only(tmp_path: Path) -> None:
    packing((0.5, 5.0, 5.0), (True, True, False)).save(tmp_path / "packing.h5")
    assert plot_run(tmp_path, validate_case(CASE)) == ["packing.png"]
    figure = plot_packing(RunFiles(tmp_path))
    assert figure is not None
    assert figure.axes[1].get_xlim() == pytest.approx((0.0, 10.0))
    assert [t.get_text() for t in figure.axes[0].texts] == ["x: 10 µm", "y: 10 µm", "z: 10 µm"]
