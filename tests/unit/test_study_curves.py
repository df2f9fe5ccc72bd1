"""Curves of a study from points on disk, written as a run leaves them: lines, means over seeds, sentences, files.

Seen to fail with: a line per seed, a mean that goes on to the longest seed, charges interpolated like discharges, a
mean of curves that turn, mAh/g without the mass, heights from the counter electrode, fifths spoilt by an empty layer,
rises and shades in the order of the points instead of the key, a sandwich told by one end, files of an earlier study
left, keys of `study.list` that split the line of a trend.
"""

from __future__ import annotations

import csv
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cases.curve_conclusions import curve_sentences, distribution
from cases.log import RunLog
from cases.plots_study_curves import line_colours, line_dashes
from cases.run_directory import RunDirectory, write_json
from cases.study_curves import CurveLine, curve_lines, legend_title
from cases.study_files import collect
from cases.study_plan import PlannedPoint, StudyPlan, plan_study
from cases.study_results import read_rows
from cases.study_run import RECORD, PointRecord, points_folder
from cases.trends import trend_lines
from manufacturing.errors import InputError
from manufacturing.phases import Phase
from tests.unit.box_mesh import boxes

CASE = """
title = "rates"
[geometry]
source = "random"
particles = 20
phases = [{ phase = "AM", volume_fraction = 0.3, diameters = [4e-6] }]
[materials]
AM = "NMC622"
SE = "Li6PS5Cl"
counter = "lithium metal"
[cell]
separator_thickness = 1e-6
[conduction]
[discharge]
c_rate = 1.0
cutoff_voltage = 2.8
[study]
"""
RATES = """
seeds = 2
[study.grid]
discharge.c_rate = [2.0, 1.0]
[study.curves]
key = "discharge.c_rate"
layers = 5
"""
THEORETICAL = {"theoretical_capacity_Ah_m2": 10.0, "theoretical_capacity_mAh_g": 170.0}
X_OF_LAYER = np.array([0.9, 0.7, 0.5, 0.6, 0.8])


def finish(planned: PlannedPoint, out: Path, capacity: np.ndarray, voltage: np.ndarray, offset: float) -> None:
    """Leave what a finished discharge leaves; one box of 1 um in six is separator, the lithium is that of its layer."""
    directory = RunDirectory(points_folder(out) / planned.name)
    directory.prepare()
    for stage, key in planned.keys.items():
        directory.finish(stage, key, THEORETICAL if stage == "discharge" else {"cells": 1}, 1.0, 1, ())
    write_json(directory.path / RECORD, asdict(PointRecord("finished", planned.input_hash, seconds=2.0)))
    for folder in ("curves", "fields"):
        (directory.path / folder).mkdir(exist_ok=True)
    with (directory.path / "curves" / "discharge.csv").open("w", newline="") as file:
        rows = zip(capacity, voltage, strict=True)
        csv.writer(file).writerows([["capacity_Ah_m2", "voltage_V", "name"], *([q, v, ""] for q, v in rows)])
    phases = np.full((1, 1, 6), Phase.AM)
    phases[..., 0] = Phase.separator
    mesh = boxes(phases, bottom=1e-6)
    mesh.save(directory.path / "mesh.h5")
    height = mesh.vertices[:, 2] * 1e6 - 1.0  # the lithium is linear inside a layer, its mean is that of the middle
    x = np.interp(height, np.arange(6.0), np.append(X_OF_LAYER, X_OF_LAYER[-1])) + offset
    x[height < -0.5] = np.nan
    nothing = np.zeros((1, len(x)))
    fields = {
        "ionic_potential": nothing,
        "electronic_potential": nothing,
        "stoichiometry": np.array([x - 0.3, x - 0.1, x]),
    }
    instants = {"times": [1.0, 2.0, 3.0], "utilisations": [0.1, 0.31, 0.5]}
    np.savez(directory.path / "fields" / "discharge_snapshots.npz", **instants, **fields)


def study(folder: Path, text: str = RATES) -> tuple[StudyPlan, list[CurveLine]]:
    """A finished study: capacity 8/rate Ah/m2 and 10 % more with the second seed, straight curves from 4 V to 3 V."""
    (folder / "case.toml").write_text(CASE + text)
    plan = plan_study(folder / "case.toml")
    for planned in plan.points:
        rate, seed = planned.values.get("discharge.c_rate", 1.0), planned.values.get("geometry.seed", 1)
        end = 8.0 / rate * (1.0 + 0.1 * (seed - 1))
        finish(planned, folder, np.linspace(0.0, end, 9), np.linspace(4.0, 3.0, 9), 0.02 * (seed - 1))
    return plan, curve_lines(plan, read_rows(plan, folder), folder)


def test_a_line_per_rate_with_all_its_seeds(tmp_path: Path) -> None:
    plan, lines = study(tmp_path)
    assert [(line.name, line.position, len(line.curves)) for line in lines] == [("2", 2.0, 2), ("1", 1.0, 2)]
    assert lines[1].final_capacity.mean == pytest.approx(17.0 * 8.4), "mAh/g"
    assert plan.study.curves is not None
    assert legend_title(plan.study.curves) == "c rate [1/h]"


def test_mean_curve_ends_with_the_first_seed(tmp_path: Path) -> None:
    _, lines = study(tmp_path, RATES.replace("layers", 'capacity = "Ah/m2"\nlayers'))
    mean = lines[1].mean_curve
    assert mean is not None
    assert mean.capacity[-1] == pytest.approx(8.0)
    assert mean.voltage[-1] == pytest.approx(0.5 * (3.0 + 4.0 - 8.0 / 8.8))
    deviation = abs(3.0 - (4.0 - 8.0 / 8.8)) / np.sqrt(2.0)
    assert mean.half_width[-1] == pytest.approx(12.7062 * deviation / np.sqrt(2.0), rel=1e-4)
    assert mean.half_width[0] == pytest.approx(0.0, abs=1e-12)


def test_no_mean_of_curves_that_turn(tmp_path: Path) -> None:
    plan, _ = study(tmp_path)
    finish(plan.points[0], tmp_path, np.array([0.0, 2.0, 1.0]), np.array([4.0, 3.0, 3.5]), 0.0)
    turned, straight = curve_lines(plan, read_rows(plan, tmp_path), tmp_path)
    assert (turned.mean_curve, straight.mean_curve is None) == (None, False)


def test_mean_curve_of_charges(tmp_path: Path) -> None:
    plan, _ = study(tmp_path)
    for planned, end in zip(plan.points[:2], (-4.0, -5.0), strict=True):
        finish(planned, tmp_path, np.linspace(0.0, end, 5), np.linspace(3.0, 4.0, 5), 0.0)
    mean = curve_lines(plan, read_rows(plan, tmp_path), tmp_path)[0].mean_curve
    assert mean is not None
    assert mean.capacity[-1] == pytest.approx(-4.0 * 17.0)
    assert mean.voltage[-1] == pytest.approx(0.5 * (4.0 + 3.8))


def test_lithium_is_counted_above_the_separator(tmp_path: Path) -> None:
    _, lines = study(tmp_path)
    profile = lines[0].mean_profile
    assert profile is not None
    ends = np.append(X_OF_LAYER, X_OF_LAYER[-1])
    assert profile.stoichiometry == pytest.approx(0.5 * (ends[1:] + ends[:-1]) + 0.01)
    assert profile.height == pytest.approx(1e-6 * (np.arange(5) + 0.5))
    assert profile.half_width == pytest.approx(12.7062 * 0.01, rel=1e-4)


@pytest.mark.parametrize(("utilisation", "before"), [(0.05, 0.3), (0.3, 0.1), (0.9, 0.0)])
def test_lithium_at_a_utilisation(tmp_path: Path, utilisation: float, before: float) -> None:
    _, at_the_end = study(tmp_path)
    plan, lines = study(tmp_path, RATES.replace("layers", f"utilisation = {utilisation}\nlayers"))
    assert at_the_end[0].profiles[0].parts - lines[0].profiles[0].parts == pytest.approx(before)
    assert plan.study.curves is not None
    assert f"x at utilisation {utilisation} in fifths" in curve_sentences(plan.study.curves, lines)[1]


def test_layers_without_active_material_are_not_known(tmp_path: Path) -> None:
    _, lines = study(tmp_path, RATES.replace("layers = 5", "layers = 40"))
    profile = lines[0].profiles[0]
    assert np.isnan(profile.stoichiometry).sum() == (profile.volume == 0.0).sum() > 0
    assert np.isfinite(profile.parts).all()


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ([0.5, 0.5, 0.51, 0.5, 0.5], "even"),
        ([0.9, 0.8, 0.7, 0.6, 0.5], "most near the separator"),
        ([0.5, 0.6, 0.7, 0.8, 0.9], "most near the collector"),
        ([0.9, 0.8, 0.7, 0.8, 0.85], "most at both ends, least inside (sandwich-like)"),
        ([0.5, 0.6, 0.7, 0.6, 0.5], "most inside"),
        ([0.6, 0.585, 0.615, 0.6, 0.6], "uneven, without a difference between the ends"),
        ([0.6, np.nan, 0.7, 0.6, 0.6], "a part holds no active material"),
    ],
)
def test_where_the_lithium_is(parts: list[float], where: str) -> None:
    assert distribution(np.array(parts), 0.02) == where


def test_sentences(tmp_path: Path) -> None:
    plan, lines = study(tmp_path)
    assert plan.study.curves is not None
    capacity, *lithium = curve_sentences(plan.study.curves, lines)
    assert capacity.startswith("capacity [mAh/g] at the end over c rate [1/h]: 2: 71 ± 43; 1: 143 ± 86; falls through")
    assert capacity.endswith("by a factor of 2")
    assert len(lithium) == 2
    assert "c rate [1/h] 2: 0.810, 0.610" in lithium[0]


def test_no_trend_in_equal_capacities(tmp_path: Path) -> None:
    plan, _ = study(tmp_path)
    for planned in plan.points:
        end = 8.0 if planned.values["discharge.c_rate"] == 1.0 else 8.004
        finish(planned, tmp_path, np.linspace(0.0, end, 9), np.linspace(4.0, 3.0, 9), 0.0)
    assert plan.study.curves is not None
    lines = curve_lines(plan, read_rows(plan, tmp_path), tmp_path)
    assert curve_sentences(plan.study.curves, lines)[0].endswith("; equal within 0.1%")


def test_largest_of_names(tmp_path: Path) -> None:
    text = RATES.replace('key = "discharge.c_rate"', 'names = ["fast", "slow"]\nlabel = "current"')
    plan, lines = study(tmp_path, text)
    assert plan.study.curves is not None
    assert curve_sentences(plan.study.curves, lines)[0].endswith("largest for slow, smallest for fast, a factor of 2")
    assert line_colours(lines)[0] == "#0072B2"


def test_keys_that_vary_together_are_one_line_of_a_trend(tmp_path: Path) -> None:
    together = RATES.replace("[study.grid]", "[study.list]\ngeometry.particles = [30, 20]")
    trend = """[study.trend]
key = "discharge.c_rate"
label = "rate"
panels = [{ figure = "discharge.theoretical_capacity_Ah_m2", label = "capacity" }]
"""
    plan, lines = study(tmp_path, together + trend)
    assert [line.name for line in lines] == ["2", "1"]
    assert [len(line.points) for line in trend_lines(plan, read_rows(plan, tmp_path))] == [2]


def test_shades_follow_the_key_and_not_the_order_of_the_points(tmp_path: Path) -> None:
    _, lines = study(tmp_path)
    slow = line_colours(lines)[1]
    assert isinstance(slow, tuple)
    assert slow[2] > slow[1], "the slower rate is darker: blue, not green"


def test_no_two_of_many_lines_look_alike(tmp_path: Path) -> None:
    _, (line, _) = study(tmp_path, RATES.replace('key = "discharge.c_rate"', 'names = ["fast", "slow"]'))
    lines = [line] * 8
    assert len(set(zip(line_colours(lines), line_dashes(lines), strict=True))) == 8


def test_files_and_their_removal(tmp_path: Path) -> None:
    study(tmp_path)
    plan = plan_study(tmp_path / "case.toml")
    collect(plan, tmp_path, (), RunLog(quiet=True))
    with (tmp_path / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["line"] for row in rows} == {"1", "2"}
    assert rows[0]["seeds"] == "2"
    with (tmp_path / "lithium.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 10
    assert "falls throughout" in (tmp_path / "curves.txt").read_text()
    for name in ("study_voltage.png", "study_lithium.png"):
        with Image.open(tmp_path / "plots" / name) as image:
            assert image.size[0] > 1000
    (tmp_path / "case.toml").write_text(CASE + RATES.split("[study.curves]")[0])
    collect(plan_study(tmp_path / "case.toml"), tmp_path, (), RunLog(quiet=True))
    left = [tmp_path / "curves.csv", tmp_path / "curves.txt", tmp_path / "plots" / "study_voltage.png"]
    assert not any(path.exists() for path in left), "files of an earlier study are removed"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (('key = "discharge.c_rate"', 'key = "mesh.cell_size"'), "study.curves.key"),
        (("layers = 5", 'names = ["one"]'), "study.curves.names"),
        (("layers = 5", "layers = 6"), "study.curves.layers"),
        (("layers = 5", 'layers = 5\n[output]\nuntil = "conduction"'), "study.curves"),
    ],
)
def test_wrong_curves_are_refused(tmp_path: Path, change: tuple[str, str], field: str) -> None:
    (tmp_path / "case.toml").write_text(CASE + RATES.replace(*change))
    with pytest.raises(InputError, match="^" + re.escape(field)):
        plan_study(tmp_path / "case.toml")
