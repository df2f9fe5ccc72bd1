"""The three error bars of an effective property: what is known, what is missing, and how they add up.

Points are written as a run leaves them. Seen to fail with: bounds of the coarse meshes used, the bounds placed around
the extrapolated value's own mesh instead of the computed one, parts added by squares, the width of the bounds taken on
both sides, directions counted as seeds, an order sweep taken for geometry, a missing part counted as 0 in ``missing``.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cases.case_file import validate_case
from cases.error_bars import error_bars, error_bars_of_run, shape_and_sample
from cases.log import RunLog
from cases.study_error_bars import FigureErrorBars, error_bars_of_study
from cases.study_files import collect
from cases.study_results import read_rows
from manufacturing.errors import InputError

from .test_study_results import CASE, CONVERGENCE, FIGURE, SIZES, finish, finish_solves, make_plan

SIGMA = "effective_conductivity_S_m"


def test_parts_are_added_and_bounds_are_one_sided() -> None:
    """An energy is itself the upper bound: nothing is added above for the elements."""
    bars = error_bars(2.0, bounds=(1.9, 2.0), geometry=0.05, statistics=0.2, computed=2.0)
    assert bars.discretisation == pytest.approx((0.1, 0.0))
    assert bars.interval == pytest.approx((1.65, 2.25))
    assert bars.complete
    extrapolated = error_bars(2.3, bounds=(1.9, 2.0), geometry=0.5, statistics=0.2, computed=2.0)
    assert extrapolated.interval == pytest.approx((1.5, 3.0)), "the bounds belong to the mesh, not to the limit"


def test_a_single_run_says_what_is_missing() -> None:
    solve = {"percolates": True, SIGMA: 0.5, "tortuosity_factor": 1.5}
    bounds = {SIGMA: {"lower": 0.4, "upper": 0.5}, "tortuosity_factor": {"lower": 1.5, "upper": 1.8}}
    found = error_bars_of_run(solve, exact_shape=False, random=True)
    assert set(found) == {SIGMA, "tortuosity_factor"}
    assert set(found[SIGMA]["missing"]) == {"discretisation", "geometry", "statistics"}
    assert "bounds = true" in found[SIGMA]["missing"]["discretisation"]
    assert found[SIGMA]["geometry"] is None
    found = error_bars_of_run(solve | {"bounds": bounds}, exact_shape=False, random=True)
    assert set(found[SIGMA]["missing"]) == {"geometry", "statistics"}
    assert (found[SIGMA]["lower"], found[SIGMA]["upper"]) == pytest.approx((0.4, 0.5))
    factor = found["tortuosity_factor"]
    assert (factor["lower"], factor["upper"]) == pytest.approx((1.5, 1.8))
    assert error_bars_of_run(solve | {"bounds": bounds}, exact_shape=True, random=False)[SIGMA]["missing"] == {}
    both = {"x": solve | {SIGMA: 0.7}, "z": solve}
    found = error_bars_of_run(solve | {"by_direction": both}, exact_shape=False, random=True)
    assert found["by_direction"]["x"][SIGMA]["value"] == 0.7
    assert error_bars_of_run({"percolates": False, SIGMA: 0.0}, exact_shape=False, random=True) == {}


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        ({"source": "layers", "layers": [{"phase": "SE", "thickness": 1e-6}]}, (True, False)),
        ({"source": "lattice", "kind": "SC", "edge": 1e-6}, (False, False)),
        ({"source": "packing", "file": "a.csv"}, (False, True)),
    ],
)
def test_kinds_of_geometry(geometry: dict[str, Any], expected: tuple[bool, bool]) -> None:
    case = validate_case({"geometry": geometry, "conduction": {"a": {"conductivity": {"SE": 1.0}}}})
    assert shape_and_sample(case) == expected


def finished(folder: Path, study: str, bounds: bool = True) -> list[FigureErrorBars]:
    """Error bars of a study whose factor is 3 + seed/10 + h^2/50 (h in um), exact within 0.3 h below on its mesh."""
    plan = make_plan(folder, study)
    for planned in plan.points:
        size = planned.values.get("mesh.cell_size", 2e-6) * 1e6
        value = 3.0 + planned.values.get("geometry.seed", 0) / 10 + size**2 / 50
        ends = {"tortuosity_factor": {"lower": value - 0.3 * size, "upper": value}}
        figures = {"tortuosity_factor": value, "percolates": True} | ({"bounds": ends} if bounds else {})
        finish(planned, folder, figures, size)
    return error_bars_of_study(plan, read_rows(plan, folder))


def test_a_study_over_seeds_and_sizes_knows_all_three(tmp_path: Path) -> None:
    """Two seeds: 3.1 and 3.2, t = 12.706, half width 12.706 * 0.0707/sqrt(2); finest h = 1 um."""
    (entry,) = finished(tmp_path, SIZES + CONVERGENCE)
    bars = entry.bars
    assert entry.figure == FIGURE
    assert bars.value == pytest.approx(3.15)
    assert bars.discretisation == pytest.approx((0.3, 0.0))
    assert bars.geometry == pytest.approx(1.25 / 50)
    assert bars.statistics == pytest.approx(12.7062 * 0.05, rel=1e-4)
    assert bars.sample == "2 seeds"
    assert bars.complete
    half = 0.025 + 12.7062 * 0.05
    assert bars.interval == pytest.approx((3.15 - 0.3 - half, 3.15 + half), rel=1e-4)


def test_what_a_study_does_not_vary_is_missing(tmp_path: Path) -> None:
    (seeds,) = finished(tmp_path, f"[study]\nseeds = 3\nfigures = ['{FIGURE}']\n", bounds=False)
    assert set(seeds.bars.missing) == {"discretisation", "geometry"}
    one = f"[study]\nfigures = ['{FIGURE}']\n[study.grid]\nmesh.cell_size = [4e-6, 2e-6, 1e-6]\n"
    (sizes,) = finished(tmp_path, one + CONVERGENCE)
    assert set(sizes.bars.missing) == {"statistics"}
    assert sizes.bars.value == pytest.approx(3.0)


def test_element_orders_say_nothing_about_the_shape(tmp_path: Path) -> None:
    order = "conduction.ionic_z.order"
    study = f"[study]\n[study.grid]\n{order} = [1, 2]\n{CONVERGENCE}key = '{order}'\n"
    (entry,) = finished(tmp_path, study)
    assert entry.bars.geometry is None
    assert "does not change the shape" in entry.bars.missing["geometry"]


THREE = CASE.replace("[conduction.ionic_z]\nconductivity = { SE = 1.0 }\n", "") + "".join(
    f"[conduction.ionic_{axis}]\nconductivity = {{ SE = 1.0 }}\n" for axis in "xyz"
)
POOL = ", ".join(f"'conduction.ionic_{axis}.tortuosity_factor'" for axis in "xyz")


@pytest.mark.parametrize("seeds", [1, 2])
def test_directions_are_averaged_before_seeds_are(seeds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three directions of each packing; with one seed the scatter of the directions is all there is."""
    monkeypatch.setattr("tests.unit.test_study_results.CASE", THREE)
    plan = make_plan(tmp_path, f"[study]\nseeds = {seeds}\npool.tortuosity_factor = [{POOL}]\n")
    for planned in plan.points:
        start = 3.0 + planned.values.get("geometry.seed", 0)
        solves = {f"ionic_{axis}": {"tortuosity_factor": start + 0.1 * k} for k, axis in enumerate("xyz")}
        for solve in solves.values():
            value = solve["tortuosity_factor"]
            solve["bounds"] = {"tortuosity_factor": {"lower": value - 0.2, "upper": value}}  # type: ignore[assignment]
        finish_solves(planned, tmp_path, solves)
    found = {entry.figure: entry.bars for entry in error_bars_of_study(plan, read_rows(plan, tmp_path))}
    bars = found["pool.tortuosity_factor"]
    assert bars.discretisation == pytest.approx((0.2, 0.0))
    if seeds == 2:
        assert bars.value == pytest.approx(4.6)
        assert bars.statistics == pytest.approx(12.7062 * 0.5, rel=1e-4)
        assert bars.sample == "2 seeds"
    else:
        assert bars.value == pytest.approx(4.1)
        assert bars.statistics == pytest.approx(4.302653 * 0.1 / 3**0.5, rel=1e-4)
        assert bars.sample == "3 directions of one packing"


def test_a_pool_of_what_no_point_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"study\.pool\.a"):
        make_plan(tmp_path, "[study]\nseeds = 2\npool.a = ['conduction.other_z.tortuosity_factor']\n")


def test_files_of_a_study_carry_the_error_bars(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, SIZES + CONVERGENCE)
    finished(tmp_path, SIZES + CONVERGENCE)
    log = RunLog(path=tmp_path / "log.txt", quiet=True)
    collect(plan, tmp_path, (), log)
    (row,) = csv.DictReader((tmp_path / "error_bars.csv").open())
    assert float(row["elements_below"]) == pytest.approx(0.3)
    assert float(row["elements_above"]) == pytest.approx(0.0)
    assert float(row["lower"]) < float(row["value"]) < float(row["upper"])
    (entry,) = json.loads((tmp_path / "study.json").read_text())["error_bars"]
    assert entry["discretisation"]["below"] == pytest.approx(0.3)
    assert "linearly" in entry["rule"]
    assert (tmp_path / "plots" / f"error_bars_{FIGURE}.png").stat().st_size > 5000
    assert "error bars: conduction.ionic_z.tortuosity_factor: 3.15, between" in (tmp_path / "log.txt").read_text()
