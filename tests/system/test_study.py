"""A study by the command line: two mesh sizes of two random packings, then the same again, and one point of an array.

Seen to fail with: packings made once per point, exit code 0 after a failure, points counted from 0.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cases.command_line import main
from cases.log import RunLog
from cases.stage_processes import Outcome, run_stages
from cases.study_plan import plan_study
from cases.study_run import StudyRunner

from .command import granode

CASE = """
title = "tiny study"

[geometry]
source = "random"
particles = 20
max_overlap = 0.2
phases = [{ phase = "SE", volume_fraction = 0.5, diameters = [4e-6] }]

[mesh]
method = "voxel"

[conduction.ionic_z]
conductivity = { SE = 1.0 }
order = 1

[output]
fields = false
plots = false

[study]
seeds = 2
figures = ["conduction.ionic_z.effective_conductivity_S_m", "meshing.volume_fraction.SE"]

[study.grid]
mesh.cell_size = [1e-6, 0.7e-6]
"""
FIGURE = "conduction.ionic_z.effective_conductivity_S_m"


def in_this_process(out: Path, _: int, names: tuple[str, ...], quiet: bool) -> Outcome:
    """Run stages without the cost of starting a process."""
    assert quiet
    return Outcome(run_stages(out, list(names)))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study: its first point by a job of an array, the others here, the tables at the end."""
    folder = tmp_path_factory.mktemp("study")
    case, out = folder / "case.toml", folder / "out"
    case.write_text(CASE)
    done = granode("study", case, "--out", out, "--ranks", 1, "--point", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cell_size=1e-06_seed=1: finished" in done.stdout
    StudyRunner(plan_study(case), out, 1, RunLog(quiet=True), launcher=in_this_process).run()
    assert main(["study", str(case), "--out", str(out), "--collect"]) == 0
    return folder


def test_tables(finished: Path) -> None:
    with (finished / "out" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["finished"] * 4
    for row in rows:
        summary = json.loads((finished / "out" / "points" / row["name"] / "summary.json").read_text())
        assert float(row[FIGURE]) == summary["conduction"]["ionic_z"]["effective_conductivity_S_m"]
        cells, size = summary["meshing"]["cells"], float(row["mesh.cell_size"])
        volume = summary["meshing"]["cross_section_m2"] * summary["meshing"]["electrode_thickness_m"]
        assert cells == pytest.approx(6.0 * volume / size**3, rel=0.25)
    with (finished / "out" / "statistics.csv").open() as file:
        (first, _, second, _) = list(csv.DictReader(file))
    for entry, pair in ((first, rows[:2]), (second, rows[2:])):
        a, b = (float(row[FIGURE]) for row in pair)
        assert float(entry["mean"]) == pytest.approx(0.5 * (a + b))
        assert float(entry["interval_upper"]) == pytest.approx(0.5 * (a + b) + 12.7062 * 0.5 * abs(a - b), rel=1e-5)
    assert list((finished / "out" / "plots").glob("seeds_*.png"))


def test_each_packing_was_made_once(finished: Path) -> None:
    logs = {path.parent.name: path.read_text() for path in (finished / "out" / "points").glob("*/log.txt")}
    assert len(logs) == 4
    assert sum("manufacturing: done in" in text for text in logs.values()) == 2
    assert sum("meshing: done in" in text for text in logs.values()) == 4
    files = [path / "packing.h5" for path in sorted((finished / "out" / "points").iterdir())]
    assert [file.stat().st_nlink for file in files] == [2] * 4


def test_finished_points_are_not_repeated(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["study", str(finished / "case.toml"), "--out", str(finished / "out"), "--ranks", "1"]
    before = {path: path.stat().st_mtime_ns for path in (finished / "out").rglob("stages/*.json")}
    assert main(base) == main([*base, "--point", "2"]) == 0
    assert "4 finished" in capsys.readouterr().out
    assert main([*base, "--list", "--set", "study.grid.mesh.cell_size=[2e-6, 1e-6]"]) == 0
    status = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert status == ["pending", "pending", "finished", "finished"]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_failures_are_told(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cells that are too large for the box are found by the mesher; the packing comes from the other points."""
    base = ["study", str(finished / "case.toml"), "--out", str(finished / "out"), "--ranks", "1"]
    wrong = ["--set", "mesh.method=lattice_cut", "--set", "study.grid.mesh.cell_size=[30e-6]", "--set", "study.seeds=1"]
    assert main([*base, *wrong]) == 1
    printed = capsys.readouterr().out
    assert "point 1, cell_size=3e-05_seed=1: error: mesh.cell_size" in printed
    assert "1 failed" in printed
    assert main([*base, *wrong, "--collect"]) == 1
    log = (finished / "out" / "points" / "cell_size=3e-05_seed=1" / "log.txt").read_text()
    assert "manufacturing: done in" not in log


def test_wrong_points_are_refused_before_anything_runs(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["study", str(finished / "case.toml"), "--out", str(finished / "no"), "--set"]
    assert main([*base, "study.seeds=[1, -1]"]) == 2
    assert main([*base, "study.list.mesh.methd=[1]"]) == 2
    assert "mesh.methd (point 1, cell_size=1e-06_methd=1_seed=1)" in capsys.readouterr().err
    assert not (finished / "no").exists()
