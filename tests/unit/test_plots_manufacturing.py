"""Pictures of the manufacturing chain from the files of a run directory.

Seen to fail with: each row of packings at a scale of its own, pictures wider than their column, the calendered
film shown again among the degrees, rows after the release taken as rows under load, pascal under the label MPa,
steady and unsteady points swapped, error bars of the stress on the viscosity, fitted stress drawn as viscosity,
heights left in metres, carbon-binder and electrolyte swapped in the profiles, printed values on another recipe,
a logarithmic axis for negative stresses, no converged density.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from cases.plots import FIGURES
from cases.plots_calendering import plot_calendering
from cases.plots_curves import plot_manufacturing
from cases.plots_degrees import kept_degrees, spread
from cases.plots_files import RunFiles
from cases.plots_flow_curve import NMC811_RANGE, plot_flow_curve
from cases.plots_profiles import plot_profiles
from cases.plots_stages import plot_stages
from cases.plots_style import PHASE_LINES, RESOLUTION, with_error
from manufacturing.flow_curve import COLUMNS
from manufacturing.packing import Packing, load_packing
from manufacturing.phases import Phase
from manufacturing.porosity import CBD_NANOPOROSITY

WIDTH = 20e-6
HEIGHTS = {"slurry": 50e-6, "dried": 40e-6, "calendered": 20e-6}
DEGREES = (0, 10, 20, 30, 40, 50)
NUMBERS = {
    "slurry": {"density_g_cm3": 1.9, "packing_fraction": 0.97},
    "dried": {"density_g_cm3": 1.5, "porosity": 0.47, "porosity_without_nanopores": 0.41},
    "calendered": {"degree": 0.5, "density_g_cm3": 3.0, "porosity": 0.12, "porosity_without_nanopores": 0.05},
}
RELEASED = {"degree": 0.2, "under_load": {"degree": 0.5}}
CONVERGED = {"density_converged_g_cm3": 1.95, "density_converged_uncertainty_g_cm3": 0.01}


def layers(height: float) -> Packing:
    """One bead of each phase on the axis of the box: SE in the lower quarter, CBD in the middle, AM on top."""
    centres = np.array([[0.5, 0.5, 0.15], [0.5, 0.5, 0.5], [0.5, 0.5, 0.85]]) * (WIDTH, WIDTH, height)
    phases = np.array([int(p) for p in (Phase.SE, Phase.CBD, Phase.AM)])
    upper = np.array([WIDTH, WIDTH, height])
    return Packing(centres, np.full(3, 0.1 * height), phases, np.arange(3), np.zeros(3), upper, (True, True, False))


def write_csv(path: Path, columns: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def write_summary(out: Path, **changes: dict[str, Any]) -> None:
    numbers = {name: {**values, **changes.get(name, {})} for name, values in NUMBERS.items()}
    (out / "summary.json").write_text(json.dumps({"manufacturing": numbers}))


def write_calendering(out: Path, released: bool = False, lowest_pressure: float = 1e4) -> None:
    degree = np.array([0.01 * d for d in DEGREES] + [0.5] + [0.2] * released)
    columns = {
        "degree": degree,
        "plate_pressure_Pa": lowest_pressure + 1e6 * degree**2,
        "pressure_z_Pa": 2e4 + 1e6 * degree**2,
        "density_g_cm3": 1.5 / (1.0 - degree),
        "porosity": 0.47 - 0.7 * degree,
        "porosity_without_nanopores": 0.41 - 0.7 * degree,
        "nominal_porosity": 0.4 - 1.1 * degree,
        "nanoporosity": np.full(len(degree), CBD_NANOPOROSITY),
    }
    write_csv(out / "curves" / "calendering.csv", columns)


def write_recipe(out: Path, recipe: str, powders: list[Any] | None = None) -> None:
    case = {"geometry": {"recipe": recipe, "powders": powders or []}}
    (out / "manifest.json").write_text(json.dumps({"case": case}))


def write_flow_curve(out: Path, rates: list[float], attraction: float = 0.25) -> None:
    """A Herschel-Bulkley curve, tau = 3 + 0.5 rate^0.8; the two highest rates are not steady."""
    rows = []
    for k, rate in enumerate(rates):
        row = {column: 1.0 for column, _, _ in COLUMNS}
        stress = 3.0 + 0.5 * rate**0.8
        row |= {"shear_rate_1_s": rate, "shear_stress_Pa": stress, "shear_stress_error_Pa": 0.1 * stress}
        row |= {"contact_stress_Pa": (1.0 - attraction) * stress, "attraction_stress_Pa": attraction * stress}
        row |= {"converged": float(k < len(rates) - 2), "steps": 1000.0}
        rows.append(row)
    write_csv(
        out / "curves" / "flow_curve.csv", {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A run with slurry, dried film and a film at each degree of calendering, not released."""
    (tmp_path / "stages").mkdir()
    for name, height in HEIGHTS.items():
        layers(height).save(tmp_path / "stages" / f"packing_{name}.h5")
    for degree in DEGREES:
        height = (1.0 - 0.01 * degree) * HEIGHTS["dried"]
        layers(height).save(tmp_path / "stages" / f"packing_calendered_{degree:02}.h5")
    write_summary(tmp_path)
    write_calendering(tmp_path)
    write_recipe(tmp_path, "nmc622_argyrodite")
    return tmp_path


def drawn(figure: Figure | None) -> Figure:
    assert figure is not None
    assert figure.get_size_inches()[0] * RESOLUTION == pytest.approx(1600.0)
    return figure


def legend_of(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def line_named(axes: Axes, start: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    (line,) = (line for line in axes.get_lines() if str(line.get_label()).startswith(start))
    return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)


@pytest.mark.parametrize("draw", [plot_stages, plot_calendering, plot_profiles, plot_flow_curve])
def test_nothing_is_drawn_without_files(draw: Callable[[RunFiles], Figure | None], tmp_path: Path) -> None:
    assert draw(RunFiles(tmp_path)) is None
    assert draw in FIGURES.values()


def test_nothing_is_drawn_from_files_without_rows(tmp_path: Path) -> None:
    write_csv(tmp_path / "curves" / "calendering.csv", {"degree": []})
    write_csv(tmp_path / "curves" / "flow_curve.csv", {name: [] for name, _, _ in COLUMNS})
    assert plot_calendering(RunFiles(tmp_path)) is None
    assert plot_flow_curve(RunFiles(tmp_path)) is None


# --- packings by stage ------------------------------------------------------------------------


def images(figure: Figure) -> list[tuple[float, float]]:
    """Return width and height of every picture in the unit of the axes."""
    extents = [image.get_extent() for image in figure.axes[0].get_images()]
    return [(right - left, top - bottom) for left, right, bottom, top in extents]


def test_packings_stand_side_by_side_at_the_same_scale(out: Path) -> None:
    """Boxes of equal cross-section: widths agree, and heights differ by the difference of the edges along z."""
    figure = drawn(plot_stages(RunFiles(out)))
    assert len(figure.axes) == 1
    assert figure.axes[0].get_aspect() == 1.0
    sizes = images(figure)
    assert len(sizes) == 3 + 4
    edges = [*HEIGHTS.values(), *((1.0 - 0.01 * d) * HEIGHTS["dried"] for d in (10, 20, 30, 40))]
    assert [w for w, _ in sizes] == pytest.approx([sizes[0][0]] * 7, rel=0.01)  # columns are whole pixels
    slopes = np.diff([h for _, h in sizes]) / np.diff(edges)
    assert slopes == pytest.approx([slopes[0]] * 6, rel=1e-6)


@pytest.mark.parametrize("flatter", [1.0, 0.1])
def test_pictures_stay_in_their_columns(out: Path, flatter: float) -> None:
    """Tall boxes are limited by the height of the row, flat ones by the width of the column."""
    for path in (out / "stages").glob("packing_*.h5"):
        layers(flatter * float(load_packing(path).size[2])).save(path)
    figure = drawn(plot_stages(RunFiles(out)))
    for row in (figure.axes[0].get_images()[:3], figure.axes[0].get_images()[3:]):
        ends = [image.get_extent()[:2] for image in row]
        assert all(left[1] < right[0] for left, right in zip(ends, ends[1:], strict=False))
        assert ends[0][0] > 0.0
        assert ends[-1][1] < figure.axes[0].get_xlim()[1]


def test_lengths_density_and_porosity_are_written_under_each_packing(out: Path) -> None:
    figure = drawn(plot_stages(RunFiles(out)))
    texts = [text.get_text() for text in figure.axes[0].texts]
    for expected in ("slurry", "dried", "calendered to 50 %", "under load at 10 %", "under load at 40 %"):
        assert texts.count(expected) == 1
    assert texts.count("x: 20 µm") == 7
    assert [t for t in texts if t.startswith("z:")][:3] == ["z: 50 µm", "z: 40 µm", "z: 20 µm"]
    assert "density 1.90 g/cm³\nvoid between wet beads 0.030" in texts
    assert "density 1.50 g/cm³\nporosity 0.470\nwithout nanopores 0.410" in texts
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["active material (AM)", "solid electrolyte (SE)", "carbon-binder (CBD)"]


def test_porosity_of_a_degree_is_that_of_the_box_in_the_picture(out: Path) -> None:
    """Three spheres that do not overlap; the nanopores of the one of CBD count."""
    texts = [text.get_text() for text in drawn(plot_stages(RunFiles(out))).axes[0].texts]
    height = 0.8 * HEIGHTS["dried"]
    bead = 4.0 / 3.0 * np.pi * (0.1 * height) ** 3 / (WIDTH**2 * height)
    written = texts[texts.index("under load at 20 %") + 1].split("\n")
    assert written[0] == f"density {1.5 / 0.8:.2f} g/cm³"
    assert float(written[1].split()[-1]) == pytest.approx(1.0 - (3.0 - CBD_NANOPOROSITY) * bead, abs=1e-3)
    assert float(written[2].split()[-1]) == pytest.approx(1.0 - 3.0 * bead, abs=1e-3)


def test_a_slurry_alone_is_drawn_without_figures(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    layers(50e-6).save(tmp_path / "stages" / "packing_slurry.h5")
    figure = drawn(plot_stages(RunFiles(tmp_path)))
    assert len(images(figure)) == 1
    assert not [t for t in figure.axes[0].texts if "g/cm³" in t.get_text()]


def test_released_film_is_shown_beside_that_under_load(out: Path) -> None:
    write_summary(out, calendered=RELEASED)
    run = RunFiles(out)
    assert kept_degrees(run, 4) == [20.0, 30.0, 40.0, 50.0]
    texts = [text.get_text() for text in drawn(plot_stages(run)).axes[0].texts]
    assert "calendered to 50 %, released to 20 %" in texts
    assert "under load at 50 %" in texts


def test_film_of_the_last_degree_is_shown_once(out: Path) -> None:
    assert kept_degrees(RunFiles(out), 4) == [10.0, 20.0, 30.0, 40.0]


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(0, 4, []), (3, 4, [1, 2, 3]), (4, 4, [1, 2, 3, 4]), (8, 4, [2, 4, 6, 8]), (10, 4, [3, 5, 8, 10]), (5, 1, [5])],
)
def test_shown_degrees_are_spread_up_to_the_last(count: int, most: int, expected: list[int]) -> None:
    assert spread(range(1, count + 1), most) == expected


def test_degrees_come_from_the_names_of_the_files(out: Path) -> None:
    layers(30e-6).save(out / "stages" / "packing_calendered_12.5.h5")
    layers(30e-6).save(out / "stages" / "packing_calendering_unfinished.h5")
    found = RunFiles(out).calendered_degrees
    assert list(found) == [0.0, 10.0, 12.5, 20.0, 30.0, 40.0, 50.0]
    assert found[12.5] == "calendered_12.5"


# --- calendering ------------------------------------------------------------------------------


def test_calendering_is_drawn_as_in_the_file(out: Path) -> None:
    figure = drawn(plot_calendering(RunFiles(out)))
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
    names = ["porosity between the plates", "pressure [MPa]", "density between the plates [g/cm³]"]
    assert labels == [("degree of calendering [%]", name) for name in names]
    porosity, pressure, density = figure.axes
    degree, values = line_named(porosity, "with nanopores")
    assert degree == pytest.approx([*DEGREES, 50])
    assert values == pytest.approx(0.47 - 0.007 * degree)
    assert line_named(porosity, "without")[1] == pytest.approx(0.41 - 0.007 * degree)
    assert line_named(porosity, "nominal")[1] == pytest.approx(0.4 - 0.011 * degree)
    (nominal,) = (line for line in porosity.get_lines() if str(line.get_label()).startswith("nominal"))
    assert nominal.get_linestyle() == ":"
    assert line_named(pressure, "load")[1] == pytest.approx(0.01 + 1e-4 * degree**2)
    assert line_named(density, "under load")[1] == pytest.approx(1.5 / (1.0 - 0.01 * degree))


@pytest.mark.parametrize(("lowest", "scale"), [(1e5, "linear"), (1e3, "log"), (-1e3, "symlog")])
def test_pressure_that_spans_decades_has_a_logarithmic_axis(out: Path, lowest: float, scale: str) -> None:
    write_calendering(out, lowest_pressure=lowest)
    figure = drawn(plot_calendering(RunFiles(out)))
    assert figure.axes[1].get_yscale() == scale
    assert [figure.axes[k].get_yscale() for k in (0, 2)] == ["linear", "linear"]


def test_released_film_is_a_point_apart(out: Path) -> None:
    write_calendering(out, released=True)
    figure = drawn(plot_calendering(RunFiles(out)))
    porosity = figure.axes[0]
    assert line_named(porosity, "with nanopores")[0][-1] == 50.0
    assert "after release: 20 % is left of 50 %" in legend_of(porosity)
    hollow = [line for line in porosity.get_lines() if line.get_marker() == "D" and len(np.asarray(line.get_xdata()))]
    points = {(float(np.asarray(p.get_xdata())[0]), round(float(np.asarray(p.get_ydata())[0]), 6)) for p in hollow}
    assert points == {(20.0, 0.33), (20.0, 0.27), (20.0, 0.18)}
    assert not any("after release" in text for text in legend_of(drawn_without_release(out).axes[0]))


def drawn_without_release(out: Path) -> Figure:
    write_calendering(out)
    return drawn(plot_calendering(RunFiles(out)))


@pytest.mark.parametrize(
    ("recipe", "powders", "count"),
    [("nmc622_argyrodite", [], 2), ("nmc811_argyrodite", [], 0), ("nmc622_argyrodite", [{"phase": "AM"}], 0)],
)
def test_printed_porosities_are_marked_for_their_recipe_only(
    out: Path, recipe: str, powders: list[Any], count: int
) -> None:
    write_recipe(out, recipe, powders)
    porosity = drawn(plot_calendering(RunFiles(out))).axes[0]
    assert sum(text.startswith("printed (paper 001)") for text in legend_of(porosity)) == count
    if count:
        markers = [line for line in porosity.get_lines() if str(line.get_label()).startswith("printed")]
        assert [tuple(np.ravel(line.get_xydata())) for line in markers] == [(0.0, 0.5), (50.0, 0.0)]


def test_columns_of_older_files_are_enough(out: Path) -> None:
    columns = {"degree": [0.0, 0.3], "pressure_z_Pa": [1e4, 2e4], "porosity": [0.5, 0.3]}
    write_csv(out / "curves" / "calendering.csv", columns | {"density_g_cm3": [1.5, 2.1]})
    figure = drawn(plot_calendering(RunFiles(out)))
    assert legend_of(figure.axes[1]) == ["normal stress in the film"]
    assert "printed (paper 001): pores almost disappear\nat 50 % (no number; drawn at 0)" not in legend_of(
        figure.axes[0]
    )


# --- profiles ---------------------------------------------------------------------------------


def test_profiles_have_a_panel_per_film_in_phase_colours(out: Path) -> None:
    figure = drawn(plot_profiles(RunFiles(out)))
    assert [axes.get_title() for axes in figure.axes] == [
        "dried", "under load at 20 %", "under load at 40 %", "calendered to 50 %",
    ]  # fmt: skip
    assert figure.axes[0].get_ylabel() == "z [µm]"
    for axes in figure.axes:
        assert axes.get_xlabel() == "volume fraction"
        assert [to_hex(line.get_color()).upper() for line in axes.get_lines()] == [
            PHASE_LINES[p].upper() for p in (Phase.AM, Phase.SE, Phase.CBD, Phase.void)
        ]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        "active material (AM)", "solid electrolyte (SE)", "carbon-binder (CBD)", "void between the beads",
    ]  # fmt: skip


def test_profiles_show_each_phase_at_its_height(out: Path) -> None:
    figure = drawn(plot_profiles(RunFiles(out)))
    for axes, height in zip(figure.axes, (40.0, 32.0, 24.0, 20.0), strict=True):
        lines = [np.asarray(line.get_xydata(), dtype=float) for line in axes.get_lines()]
        middles = [float(np.average(line[:, 1], weights=line[:, 0])) / height for line in lines[:3]]
        assert middles == pytest.approx([0.85, 0.15, 0.5], abs=0.01)
        assert sum(line[:, 0] for line in lines) == pytest.approx(np.ones(len(lines[0])))
        assert 0.95 * height < lines[0][:, 1].max() < height


# --- flow curve -------------------------------------------------------------------------------

RATES = [0.1, 1.0, 10.0, 100.0, 1000.0]


def error_bars(axes: Axes, label: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], Any]:
    """Return the points, the ends of the bars and the colour of the markers."""
    (bars,) = (c for c in axes.containers if isinstance(c, ErrorbarContainer) and c.get_label() == label)
    segments = np.array(bars[2][0].get_segments())
    return np.asarray(bars[0].get_xydata()), segments[:, :, 1], bars[0].get_markerfacecolor()


def test_flow_curve_is_drawn_as_in_the_file(tmp_path: Path) -> None:
    write_flow_curve(tmp_path, RATES)
    figure = drawn(plot_flow_curve(RunFiles(tmp_path)))
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
    assert labels == [("shear rate [1/s]", "viscosity [Pa s]"), ("shear rate [1/s]", "shear stress [Pa]")]
    assert {axes.get_xscale() for axes in figure.axes} | {axes.get_yscale() for axes in figure.axes} == {"log"}
    stress = 3.0 + 0.5 * np.array(RATES) ** 0.8
    for axes, label, values in (
        (figure.axes[0], "simulated", stress / RATES),
        (figure.axes[1], "shear stress", stress),
    ):
        for text, part, colour in (
            (label, slice(0, 3), "#0072B2"),
            (f"{label}, not steady at the last strain", slice(3, 5), "white"),
        ):
            points, ends, face = error_bars(axes, text)
            assert points == pytest.approx(np.stack([RATES, values], axis=1)[part])
            assert ends == pytest.approx(np.stack([0.9 * values, 1.1 * values], axis=1)[part])
            assert to_rgba(face) == to_rgba(colour)
    assert line_named(figure.axes[1], "part of the contacts")[1] == pytest.approx(0.75 * stress)
    assert line_named(figure.axes[1], "part of the attraction")[1] == pytest.approx(0.25 * stress)


def test_fitted_laws_are_drawn_with_their_parameters(tmp_path: Path) -> None:
    write_flow_curve(tmp_path, RATES)
    run = RunFiles(tmp_path)
    axes = drawn(plot_flow_curve(run)).axes[0]
    rates, viscosity = line_named(axes, "Herschel-Bulkley")
    assert viscosity == pytest.approx((3.0 + 0.5 * rates**0.8) / rates, rel=1e-3)
    assert run.flow_curve is not None
    fit = run.flow_curve.herschel_bulkley
    assert fit is not None
    (label,) = (text for text in legend_of(axes) if text.startswith("Herschel-Bulkley"))
    assert f"{with_error(fit.yield_stress, fit.errors[0])} Pa" in label
    assert f"K = {with_error(fit.consistency, fit.errors[1])}" in label
    assert f"n = {with_error(fit.exponent, fit.errors[2])}" in label
    assert any(text.startswith("power law") for text in legend_of(axes))


def test_printed_ranges_are_named_with_their_source(tmp_path: Path) -> None:
    write_flow_curve(tmp_path, RATES)
    axes = drawn(plot_flow_curve(RunFiles(tmp_path))).axes[0]
    (band,) = (c for c in axes.collections if c.get_label() == NMC811_RANGE.label)
    corners = band.get_paths()[0].get_extents()
    assert (corners.x0, corners.x1, corners.y0, corners.y1) == pytest.approx((10.0, 1000.0, 0.1, 0.6))
    assert line_named(axes, "paper 001")[0] == pytest.approx([0.1, 700.0])
    assert sum(text.startswith(("paper 001", "paper 003")) for text in legend_of(axes)) == 2


def test_two_rates_have_no_fit(tmp_path: Path) -> None:
    write_flow_curve(tmp_path, RATES[:2])
    axes = drawn(plot_flow_curve(RunFiles(tmp_path))).axes[0]
    assert not [text for text in legend_of(axes) if "law" in text or "Herschel" in text]


def test_negative_part_of_the_stress_is_not_lost(tmp_path: Path) -> None:
    write_flow_curve(tmp_path, RATES, attraction=-0.1)
    axes = drawn(plot_flow_curve(RunFiles(tmp_path))).axes[1]
    assert axes.get_yscale() == "symlog"
    lowest = line_named(axes, "part of the attraction")[1].min()
    assert axes.get_ylim()[0] < lowest < 0.0


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (2.0064, 0.19, "2.01 ± 0.19"), (0.7457, 0.0481, "0.746 ± 0.048"), (1.9392, 0.00073, "1.93920 ± 0.00073"),
        (5432.0, 120.0, "5432 ± 120"), (3.75e-4, 1.2e-5, "3.75e-04 ± 1.2e-05"), (0.5, 0.0, "0.5 ± 0"),
    ],
)  # fmt: skip
def test_numbers_have_the_digits_of_their_error(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text


# --- density history --------------------------------------------------------------------------


@pytest.mark.parametrize("converged", [True, False])
def test_converged_density_is_a_dashed_line(out: Path, converged: bool) -> None:
    write_summary(out, slurry=CONVERGED if converged else {})
    columns = {"time_s": [1e-5, 2e-5], "density_g_cm3": [1.5, 1.9], "pressure_Pa": [1e4, 1e5]}
    write_csv(out / "curves" / "slurry.csv", columns)
    (out / "curves" / "calendering.csv").unlink()
    figure = plot_manufacturing(RunFiles(out))
    assert figure is not None
    density, pressure = figure.subfigs[0].axes
    dashed = [line for line in density.get_lines() if line.get_linestyle() == "--"]
    assert [float(np.asarray(line.get_ydata())[0]) for line in dashed] == [1.95] * converged
    assert not [line for line in pressure.get_lines() if line.get_linestyle() == "--"]
    if converged:
        assert legend_of(density) == ["converged: 1.950 ± 0.010"]
        assert "µs" in density.get_xlabel()
