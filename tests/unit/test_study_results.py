"""Tables of a study from points on disk: every number by name, statistics by combination, convergence by seed.

Points are written as a run leaves them. Seen to fail with: statistics over all points at once, unfinished points
counted, seeds mixed in one fit, element orders used as sizes, intervals left out of the total error, booleans dropped.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from cases.figure_units import figure_label, figure_unit, key_unit, plotted_unit
from cases.log import RunLog
from cases.run_directory import RunDirectory, write_json
from cases.study_files import collect, results_table
from cases.study_plan import PlannedPoint, StudyPlan, plan_study
from cases.study_results import convergences, figure_names, numeric_figures, read_rows, statistics_over_seeds
from cases.study_run import RECORD, PointRecord, points_folder

CASE = """
[geometry]
source = "random"
particles = 20
phases = [{ phase = "SE", volume_fraction = 0.3, diameters = [4e-6] }]
[conduction.ionic_z]
conductivity = { SE = 1.0 }
"""
SIZES = "[study]\nseeds = 2\n[study.grid]\nmesh.cell_size = [4e-6, 2e-6, 1e-6]\n"
CONVERGENCE = "[study.convergence]\nfigures = ['conduction.ionic_z.tortuosity_factor']\n"
FIGURE = "conduction.ionic_z.tortuosity_factor"


def make_plan(folder: Path, study: str) -> StudyPlan:
    """The plan of a study."""
    (folder / "case.toml").write_text(CASE + study)
    return plan_study(folder / "case.toml")


def finish(planned: PlannedPoint, out: Path, figures: dict[str, Any], size: float | None = None) -> None:
    """Leave what a finished point leaves, with these figures of the solve."""
    finish_solves(planned, out, {"ionic_z": figures}, size)


def finish_solves(planned: PlannedPoint, out: Path, solves: dict[str, Any], size: float | None = None) -> None:
    """Leave what a finished point leaves, with the figures of its solves."""
    directory = RunDirectory(points_folder(out) / planned.name)
    directory.prepare()
    for stage, key in planned.keys.items():
        report = solves if stage == "conduction" else {"cells": 1000, "cell_size_um": size}
        directory.finish(stage, key, report, 1.0, 1, ())
    write_json(directory.path / RECORD, asdict(PointRecord("finished", planned.input_hash, seconds=2.0)))


def finish_all(plan: StudyPlan, out: Path, factor: Callable[[dict[str, Any]], float | None]) -> None:
    """Finish all points with a tortuosity factor that depends on the values."""
    for planned in plan.points:
        finish(planned, out, {"tortuosity_factor": factor(planned.values), "percolates": True})


def test_every_number_has_a_name() -> None:
    summary = {"a": {"b": 1, "c": {"AM|SE": 2.5, "0.1": 3}, "d": True, "e": None, "f": "text", "g": [1.0, {"h": 4}]}}
    assert numeric_figures({**summary, "assumptions": {"x": 1}}) == {
        "a.b": 1, "a.c.AM|SE": 2.5, "a.c.0.1": 3, "a.d": 1, "a.g.0": 1.0, "a.g.1.h": 4
    }  # fmt: skip


def test_results_have_a_row_per_point(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, SIZES)
    finish(plan.points[0], tmp_path, {"tortuosity_factor": 2.0, "percolates": True})
    finish(plan.points[1], tmp_path, {"tortuosity_factor": None, "percolates": False})
    path = points_folder(tmp_path) / plan.points[2].name
    finish(plan.points[2], tmp_path, {"tortuosity_factor": 5.0})
    write_json(path / RECORD, asdict(PointRecord("failed", plan.points[2].input_hash, "failed: no, really", 3.0)))
    collect(plan, tmp_path, (), RunLog(quiet=True))
    with (tmp_path / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [r["status"] for r in rows] == ["finished", "finished", "failed", "pending", "pending", "pending"]
    assert [r[FIGURE] for r in rows[:3]] == ["2.0", "", ""]
    assert [r["conduction.ionic_z.percolates"] for r in rows[:3]] == ["1", "0", ""]
    assert (rows[2]["error"], rows[2]["seconds"]) == ("failed: no, really", "3.0")
    assert [(r["mesh.cell_size"], r["geometry.seed"]) for r in rows[1:3]] == [("4e-06", "2"), ("2e-06", "1")]
    assert rows[0]["name"] == plan.points[0].name
    study = json.loads((tmp_path / "study.json").read_text())
    assert study["counts"] == {"finished": 2, "failed": 1, "pending": 3}
    assert study["points"][0]["figures"][FIGURE] == 2.0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["points"][plan.points[0].name] == plan.points[0].input_hash
    assert manifest["case"]["study"]["seeds"] == 2


def test_chosen_figures_only(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, f"[study]\nseeds = 2\nfigures = ['meshing.cells', '{FIGURE}']\n")
    finish_all(plan, tmp_path, lambda v: float(v["geometry.seed"]))
    rows = read_rows(plan, tmp_path)
    assert figure_names(plan, rows) == ["meshing.cells", FIGURE]
    assert results_table(plan, rows)[1][-2:] == [1000, 1.0]
    collect(plan, tmp_path, (), RunLog(path=tmp_path / "log.txt", quiet=True))
    assert f"seeds: {FIGURE}: 1.5 ± 6.4 (95%), 2 seeds" in (tmp_path / "log.txt").read_text()


def test_statistics_are_those_of_each_combination(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, SIZES)
    finish_all(plan, tmp_path, lambda v: v["mesh.cell_size"] * 1e6 + v["geometry.seed"])
    found = [s for s in statistics_over_seeds(plan, read_rows(plan, tmp_path)) if s.figure == FIGURE]
    assert [s.combination.values for s in found] == [{"mesh.cell_size": h} for h in (4e-6, 2e-6, 1e-6)]
    assert [s.statistics.mean for s in found] == pytest.approx([5.5, 3.5, 2.5])
    assert [s.statistics.count for s in found] == [2, 2, 2]
    assert found[0].statistics.standard_deviation == pytest.approx(0.5**0.5)
    collect(plan, tmp_path, (), RunLog(quiet=True))
    with (tmp_path / "statistics.csv").open() as file:
        table = [row for row in csv.DictReader(file) if row["figure"] == FIGURE]
    assert float(table[1]["interval_upper"]) == pytest.approx(3.5 + 12.7062 * 0.5, rel=1e-5)


def test_each_seed_converges_on_its_own(tmp_path: Path) -> None:
    """Seed s has the limit s and second order; mean 1.5, interval t s/sqrt(2), error bars of the sizes averaged."""
    plan = make_plan(tmp_path, SIZES + CONVERGENCE)
    finish_all(plan, tmp_path, lambda v: v["geometry.seed"] * (1.0 + 0.1 * (v["mesh.cell_size"] * 1e6) ** 2))
    (found,) = convergences(plan, read_rows(plan, tmp_path))
    assert found.statistics is not None
    assert [s.fit.order for s in found.series if s.fit] == pytest.approx([2.0, 2.0])
    assert [s.fit.value for s in found.series if s.fit] == pytest.approx([1.0, 2.0])
    assert found.statistics.mean == pytest.approx(1.5)
    assert found.error == pytest.approx(1.25 * 0.1 * 1.5)
    assert found.total_error == pytest.approx(1.25 * 0.1 * 1.5 + 12.7062 * 0.5, rel=1e-5)
    collect(plan, tmp_path, (), RunLog(quiet=True))
    assert (tmp_path / "plots" / f"convergence_{FIGURE}.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "convergence.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [row["seed"] for row in table] == ["1", "2", "mean"]
    assert float(table[2]["extrapolated"]) == pytest.approx(1.5)


def test_sizes_are_those_of_the_mesh(tmp_path: Path) -> None:
    """The lattice fits a whole number of cells into the box: the size as meshed counts, not the one asked for."""
    plan = make_plan(tmp_path, "[study.grid]\nmesh.cell_size = [4e-6, 2e-6, 1e-6]\n" + CONVERGENCE)
    for planned, size in zip(plan.points, (3.7, 2.2, 1.05), strict=True):
        finish(planned, tmp_path, {"tortuosity_factor": 1.0 + 0.1 * size**2}, size)
    (found,) = convergences(plan, read_rows(plan, tmp_path))
    fit = found.series[0].fit
    assert fit is not None
    assert (fit.order, fit.value) == (pytest.approx(2.0), pytest.approx(1.0))


def test_a_seed_without_three_sizes_is_left_out_and_named(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, SIZES + CONVERGENCE)
    for planned in plan.points[:5]:  # the finest size of seed 2 is missing
        finish(planned, tmp_path, {"tortuosity_factor": 1.0 + planned.values["mesh.cell_size"] * 1e6})
    (found,) = convergences(plan, read_rows(plan, tmp_path))
    assert found.statistics is not None
    assert (found.statistics.count, found.statistics.mean) == (1, pytest.approx(1.0))
    assert found.verdicts == ("converging", "too few sizes")


def test_element_orders_count_as_inverse_sizes(tmp_path: Path) -> None:
    """f = 2 + 0.4/k^2 over k = 1, 2, 3; two orders give their difference as error bar."""
    key = "conduction.ionic_z.order"
    section = f"[study.convergence]\nkey = '{key}'\nfigures = ['{FIGURE}']\n"
    plan = make_plan(tmp_path, f"[study.grid]\n{key} = [1, 2, 3]\n" + section)
    finish_all(plan, tmp_path, lambda v: 2.0 + 0.4 / v[key] ** 2)
    (found,) = convergences(plan, read_rows(plan, tmp_path))
    fit = found.series[0].fit
    assert fit is not None
    assert (fit.order, fit.value) == (pytest.approx(2.0), pytest.approx(2.0))
    collect(plan, tmp_path, (), RunLog(quiet=True))
    two = make_plan(tmp_path, f"[study.grid]\n{key} = [2, 1]\n" + section)
    (found,) = convergences(two, read_rows(two, tmp_path))
    fit = found.series[0].fit
    assert fit is not None
    assert (fit.verdict, fit.value, fit.error) == ("two only", pytest.approx(2.1), pytest.approx(3.0 * 0.3))


def test_units_of_figures_and_keys() -> None:
    assert figure_unit("conduction.ten.effective_conductivity_S_m") == "S/m"
    assert figure_unit("meshing.interface_area_m2.AM|SE") == "m²"
    assert figure_unit("conduction.ionic_z.tortuosity_factor") == figure_unit("meshing.cells") == ""
    assert plotted_unit("meshing.interface_area_m2.AM|SE") == ("µm²", 1e12)
    assert figure_label("meshing.interface_area_m2.AM|SE") == "interface area AM|SE [µm²]"
    assert figure_label("discharge.capacity_mAh_g") == "capacity [mAh/g]"
    assert key_unit("mesh.cell_size") == "m"
    assert key_unit("geometry.layers.0.thickness") == "m"
    assert key_unit('interfaces."AM|SE".resistance') == "Ohm m2"
    assert key_unit("conduction.ionic_z.order") == ""
