"""Lines, tests, sentences and files of trends from points on disk, written as a run leaves them.

Seen to fail with: seeds of all positions in one point, positions of numeric values without their factor, a figure that
both routes share drawn twice, each line normalised by its largest single value, a derived figure without its offset,
Holm's correction over one line instead of the diagram, series compared across routes, a significant fall called as
printed where a rise is printed, a value beside the position where it is printed.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cases.log import RunLog
from cases.study_files import collect
from cases.study_plan import StudyPlan, plan_study
from cases.study_results import read_rows
from cases.trend_conclusions import conclusions, trend_tests
from cases.trends import TrendLine, trend_lines
from manufacturing.errors import InputError
from tests.unit.test_study_results import finish_solves

CASE = """
title = "a study"
[geometry]
source = "random"
particles = 20
phases = [{ phase = "SE", volume_fraction = 0.3, diameters = [4e-6] }]
[conduction.ionic_z]
conductivity = { SE = 1.0 }
[study]
seeds = 3
"""
NUMBERS = """
[study.grid]
geometry.particles = [10, 20, 40]
mesh.method = ["lattice_cut", "voxel"]
[study.derived.lost]
product = ["conduction.ionic_z.effective_conductivity_S_m"]
over = ["meshing.cells"]
factor = -1000.0
offset = 1.0
[study.trend]
key = "geometry.particles"
label = "particles [tens]"
factor = 0.1
labels = { lattice_cut = "tetrahedra", voxel = "voxels" }
[[study.trend.panels]]
figure = "conduction.ionic_z.effective_conductivity_S_m"
label = "sigma [mS/cm]"
factor = 10.0
printed = [{ direction = "rising", low = 10.0, high = 21.0, points = { 2 = 20.5, 3 = 7.0 }, note = "Fig. 1" }]
[[study.trend.panels]]
figure = "meshing.cells"
label = "cells"
[[study.trend.panels]]
figure = "derived.lost"
name = "lost"
beside = { "found" = "conduction.ionic_z.effective_conductivity_S_m" }
label = "share"
normalise = true
"""
NAMES = """
[study.grid]
mesh.fill = ["lattice", "gmsh"]
mesh.method = ["lattice_cut", "voxel"]
[study.trend]
key = "mesh.fill"
label = "x"
series = [{ name = "A", positions = { lattice = 1 } }, { name = "B", positions = { gmsh = 1 } }]
[[study.trend.panels]]
figure = "conduction.ionic_z.effective_conductivity_S_m"
label = "sigma"
printed = [{ series = "B", peak = 1.0, low = 0.0, high = 9.0 }]
"""
NOISE = {1: -0.01, 2: 0.0, 3: 0.01}


def sigma(values: dict[str, Any]) -> float:
    """A conductivity that grows with the particles, more so on voxels, plus the same noise everywhere."""
    growth = 0.2 if values["mesh.method"] == "voxel" else 0.1
    base = {"lattice": 1.0, "gmsh": 1.5}.get(values.get("mesh.fill", ""), 1.0)
    return base + growth * values.get("geometry.particles", 10) / 10 + NOISE[values["geometry.seed"]]


def study(folder: Path, text: str) -> tuple[StudyPlan, list[TrendLine]]:
    """A finished study and its lines."""
    (folder / "case.toml").write_text(CASE + text)
    plan = plan_study(folder / "case.toml")
    for planned in plan.points:
        finish_solves(planned, folder, {"ionic_z": {"effective_conductivity_S_m": sigma(planned.values)}})
    return plan, trend_lines(plan, read_rows(plan, folder))


def test_lines_have_a_point_per_position_with_all_seeds(tmp_path: Path) -> None:
    _, lines = study(tmp_path, NUMBERS)
    tetrahedra, voxels, cells, *_ = lines
    assert (tetrahedra.name, voxels.name, cells.route) == ("tetrahedra", "voxels", "tetrahedra")
    assert [point.x for point in tetrahedra.points] == [1.0, 2.0, 4.0]
    assert [point.statistics.mean for point in voxels.points] == pytest.approx([12.0, 14.0, 18.0])
    assert tetrahedra.points[0].values == pytest.approx((10.9, 11.0, 11.1))
    assert [line.panel.label for line in lines].count("cells") == 1, "the same cells on both routes"


def test_derived_figures_and_figures_over_their_largest_mean(tmp_path: Path) -> None:
    plan, lines = study(tmp_path, NUMBERS)
    rows = read_rows(plan, tmp_path)
    assert rows[0].figures["derived.lost"] == pytest.approx(1.0 - 1000.0 * 1.09 / 1000.0)
    found = next(line for line in lines if line.route == "found, voxels")
    assert [point.statistics.mean for point in found.points] == pytest.approx([12 / 18, 14 / 18, 1.0])


def test_trends_are_tested_with_all_tests_of_their_diagram(tmp_path: Path) -> None:
    plan, lines = study(tmp_path, NUMBERS)
    assert plan.study.trend is not None
    tests = trend_tests(plan.study.trend, lines, 0.95)
    first, second = [test for test in tests if test.label == "sigma [mS/cm]"]
    assert (first.estimate.value, second.estimate.value) == (pytest.approx(1.0), pytest.approx(2.0))
    smaller, larger = sorted([first, second], key=lambda test: test.estimate.p_value)
    assert smaller.corrected == pytest.approx(2.0 * smaller.estimate.p_value)
    assert larger.corrected == pytest.approx(max(larger.estimate.p_value, smaller.corrected))
    assert (first.verdict, first.direction) == ("as printed", "rising")
    text = conclusions(plan.study.trend, lines, tests)
    assert "sigma [mS/cm] (tetrahedra): means 11 to 14, 3 of 3 inside the printed 10 to 21 (Fig. 1)" in text
    assert any(line.startswith("sigma [mS/cm] (voxels): 14.00 ± 0.25 at 2, printed 20.5") for line in text)
    assert not any("printed 7" in line for line in text), "nothing of ours stands at position 3"


@pytest.mark.parametrize(
    ("printed", "verdict"), [("falling", "against the print (falling)"), ("none", "no trend is printed")]
)
def test_a_significant_trend_that_is_not_printed(tmp_path: Path, printed: str, verdict: str) -> None:
    plan, lines = study(tmp_path, NUMBERS.replace("rising", printed))
    assert plan.study.trend is not None
    assert trend_tests(plan.study.trend, lines, 0.95)[0].verdict == verdict


def test_no_trend_where_none_is_printed(tmp_path: Path) -> None:
    plan, lines = study(tmp_path, NUMBERS.replace("rising", "none"))
    assert plan.study.trend is not None
    section = plan.study.trend.model_copy(update={"significance": 0.0})
    assert {test.verdict for test in trend_tests(section, lines[:2], 0.95)} == {"no trend is printed either"}


def test_series_are_compared_within_a_route(tmp_path: Path) -> None:
    plan, lines = study(tmp_path, NAMES)
    assert plan.study.trend is not None
    assert [(line.series, len(line.points)) for line in lines] == [("A", 1), ("B", 1), ("A", 1), ("B", 1)]
    tests = [test for test in trend_tests(plan.study.trend, lines, 0.95) if test.kind == "series"]
    assert [(test.what, test.estimate.value) for test in tests] == [("A less B at 1", pytest.approx(-0.5))] * 2
    assert all(test.significant for test in tests)


def test_files_of_a_trend(tmp_path: Path) -> None:
    plan, lines = study(tmp_path, NUMBERS)
    collect(plan, tmp_path, (), RunLog(quiet=True))
    with (tmp_path / "trend.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(line.points) for line in lines)
    assert float(rows[0]["mean"]) == pytest.approx(11.0)
    with (tmp_path / "trend_tests.csv").open() as file:
        assert next(csv.DictReader(file))["verdict"] == "as printed"
    assert "inside the printed" in (tmp_path / "trend.txt").read_text()
    with Image.open(tmp_path / "plots" / "trend.png") as image:
        assert image.size[0] > 1000
    (tmp_path / "case.toml").write_text(CASE + NUMBERS.split("[study.trend]")[0])
    collect(plan_study(tmp_path / "case.toml"), tmp_path, (), RunLog(quiet=True))
    assert not (tmp_path / "trend.csv").exists(), "tables of an earlier study are removed"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (('key = "mesh.fill"', 'key = "mesh.cell_size"'), "study.trend.key"),
        (("{ gmsh = 1 }", "{ other = 1 }"), "study.trend.series"),
        (('series = "B"', 'series = "C"'), "study.trend.panels[0].printed.series"),
        (("peak = 1.0", "points = { high = 1.0 }"), "study.trend.panels[0].printed.points"),
        (("conduction.ionic_z.effective", "conduction.other.effective"), "study.trend.panels"),
        (("low = 0.0, ", ""), "study.trend.panels[0].printed[0]"),
    ],
)
def test_wrong_trends_are_refused(tmp_path: Path, change: tuple[str, str], field: str) -> None:
    (tmp_path / "case.toml").write_text(CASE + NAMES.replace(*change))
    with pytest.raises(InputError, match="^" + re.escape(field)):
        plan_study(tmp_path / "case.toml")
