"""Points run once, shared stages once, failures do not stop the others, and no directory spoils another.

Stages are made by a stand-in that counts them and writes a file each. Seen to fail with: no fetch of shared stages, a
point finished before its stages, finished points run again, the first failure ending the study, files written through
hard links, stages taken that were computed anew meanwhile, no lock of stages, no lock of points, the marker of an
interrupted stage renewed, files of other stages claimed.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path

import pytest

from cases import run_directory, stage_files
from cases.case_file import validate_case
from cases.log import RunLog
from cases.run_directory import RunDirectory, locked
from cases.stage_keys import stage_keys
from cases.stage_processes import Outcome
from cases.study_plan import StudyPlan, plan_study
from cases.study_run import PROCESSES, PointRecord, StudyRunner, points_folder, read_record

CASE = """
[geometry]
source = "random"
particles = 20
phases = [{ phase = "SE", volume_fraction = 0.3, diameters = [4e-6] }]

[conduction.ionic_z]
conductivity = { SE = 1.0 }

[output]
plots = false

[study]
seeds = 2

[study.grid]
mesh.cell_size = [2e-6, 1e-6]
"""
FILES = {"manufacturing": "packing.h5", "meshing": "mesh.h5", "conduction": "fields/potential.vtu"}


class Stages:
    """Stands in for the processes: counts what it makes, fails for a cell size, writes a file per stage."""

    def __init__(self, failing: float = 0.0) -> None:
        self.made: Counter[str] = Counter()
        self.failing = failing

    def __call__(self, out: Path, ranks: int, names: tuple[str, ...], quiet: bool) -> Outcome:
        stored = json.loads((out / "case.json").read_text())
        case = validate_case(stored["case"])
        directory, keys = RunDirectory(out), stage_keys(case, Path(stored["folder"]))
        for name in names:
            for stage in (s for s in PROCESSES[name] if s in keys and directory.finished(s, keys[s]) is None):
                directory.start(stage, keys[stage])
                if stage == "meshing" and case.mesh.cell_size == self.failing:
                    return Outcome(1, "failed: mesh refused")
                self.made[stage] += 1
                file = FILES.get(stage, f"{stage}.csv")
                with (out / file).open("w") as target:  # as HDF5 does, into the same file
                    target.write(f"{stage} {keys[stage]}")
                directory.finish(stage, keys[stage], {"number": self.made[stage]}, 0.1, 1, (file,))
        return Outcome()


@pytest.fixture
def plan(tmp_path: Path) -> StudyPlan:
    """Two seeds on two cell sizes."""
    return make_plan(tmp_path)


def make_plan(folder: Path, *overrides: str) -> StudyPlan:
    """The plan of the case with overrides."""
    (folder / "case.toml").write_text(CASE)
    return plan_study(folder / "case.toml", overrides)


class BrokenError(Exception):
    """Stands for a process that is killed."""


def run(plan: StudyPlan, out: Path, stages: Stages) -> list[PointRecord]:
    """Run all points with the stand-in."""
    return StudyRunner(plan, out, 1, RunLog(quiet=True), launcher=stages).run()


def content(out: Path, plan: StudyPlan, index: int, name: str) -> str:
    """Text of a file of a point."""
    return (points_folder(out) / plan.points[index].name / name).read_text()


def test_packings_are_shared_and_points_are_finished_once(plan: StudyPlan, tmp_path: Path) -> None:
    stages = Stages()
    records = run(plan, tmp_path / "out", stages)
    assert [r.status for r in records] == ["finished"] * 4
    assert stages.made == {"manufacturing": 2, "meshing": 4, "electrode": 4, "percolation": 4, "conduction": 4}
    assert [r.reused for r in records] == [(), (), ("manufacturing",), ("manufacturing",)]
    for k, planned in enumerate(plan.points):
        assert content(tmp_path / "out", plan, k, "packing.h5") == f"manufacturing {planned.keys['manufacturing']}"
        assert json.loads(content(tmp_path / "out", plan, k, "manifest.json"))["failed"] == []
    again = Stages()
    times = [p.stat().st_mtime_ns for p in sorted((tmp_path / "out").rglob("*.json"))]
    assert [r.status for r in run(plan, tmp_path / "out", again)] == ["finished"] * 4
    assert not again.made
    assert [p.stat().st_mtime_ns for p in sorted((tmp_path / "out").rglob("*.json"))] == times, "nothing is touched"


def test_points_that_are_added_later_use_what_is_there(plan: StudyPlan, tmp_path: Path) -> None:
    run(plan, tmp_path / "out", Stages())
    more = make_plan(tmp_path, "study.grid.mesh.cell_size=[2e-6, 1.5e-6, 1e-6]")
    stages = Stages()
    run(more, tmp_path / "out", stages)
    assert stages.made == {"meshing": 2, "electrode": 2, "percolation": 2, "conduction": 2}


def test_a_failed_point_is_recorded_and_tried_again(plan: StudyPlan, tmp_path: Path) -> None:
    out = tmp_path / "out"
    records = run(plan, out, Stages(failing=2e-6))
    assert [r.status for r in records] == ["failed", "failed", "finished", "finished"]
    assert records[0].error == "failed: mesh refused"
    assert json.loads(content(out, plan, 0, "manifest.json"))["failed"] == ["mesh"]
    assert read_record(out, plan.points[0]).error == "failed: mesh refused"
    stages = Stages()
    assert [r.status for r in run(plan, out, stages)] == ["finished"] * 4
    assert stages.made == {"meshing": 2, "electrode": 2, "percolation": 2, "conduction": 2}


def test_a_process_that_leaves_other_inputs_is_a_failure(plan: StudyPlan, tmp_path: Path) -> None:
    """As when a file of the case changes while a study runs."""
    runner = StudyRunner(plan, tmp_path / "out", 1, RunLog(quiet=True), launcher=lambda *_: Outcome())
    record = runner.run_point(plan.points[0])
    assert (record.status, "manufacturing ended with other inputs" in record.error) == ("failed", True)


def test_a_killed_point_is_not_finished(plan: StudyPlan, tmp_path: Path) -> None:
    """All stages are there but the run did not come to its end: interrupted, and brought to its end by the next."""

    def killed(path: Path, ranks: int, names: tuple[str, ...], quiet: bool) -> Outcome:
        Stages()(path, ranks, names, quiet)
        if names == ("conduction",):
            raise BrokenError
        return Outcome()

    runner = StudyRunner(plan, tmp_path / "out", 1, RunLog(quiet=True), launcher=killed)
    with pytest.raises(BrokenError):
        runner.run_point(plan.points[0])
    assert read_record(tmp_path / "out", plan.points[0]).status == "interrupted"
    stages = Stages()
    assert (
        StudyRunner(plan, tmp_path / "out", 1, RunLog(quiet=True), launcher=stages).run_point(plan.points[0]).status
        == "finished"
    )
    assert not stages.made
    assert (points_folder(tmp_path / "out") / plan.points[0].name / "manifest.json").exists()


def test_writing_in_one_directory_spoils_no_other(plan: StudyPlan, tmp_path: Path) -> None:
    """A point whose case changes is computed anew in place; the others keep their packing."""
    out = tmp_path / "out"
    run(plan, out, Stages())
    packing = points_folder(out) / plan.points[2].name / "packing.h5"
    assert packing.stat().st_nlink == 2, "shared by a hard link"
    changed = make_plan(tmp_path, "geometry.particles=30")
    StudyRunner(changed, out, 1, RunLog(quiet=True), launcher=Stages()).run_point(changed.points[0])
    assert content(out, plan, 0, "packing.h5") == f"manufacturing {changed.points[0].keys['manufacturing']}"
    assert content(out, plan, 2, "packing.h5") == f"manufacturing {plan.points[2].keys['manufacturing']}"
    assert read_record(out, plan.points[2]).status == "finished"
    assert read_record(out, plan.points[0]).status == "pending"


def test_a_donor_that_was_lost_or_changed_is_not_used(plan: StudyPlan, tmp_path: Path) -> None:
    out, stages = tmp_path / "out", Stages()
    runner = StudyRunner(plan, out, 1, RunLog(quiet=True), launcher=stages)
    runner.run_point(plan.points[0])
    (points_folder(out) / plan.points[0].name / "packing.h5").unlink()
    record = runner.run_point(plan.points[2])
    assert (record.status, record.reused) == ("finished", ())
    assert stages.made["manufacturing"] == 2
    assert read_record(out, plan.points[0]).status == "pending", "a lost file is noticed"


def test_a_point_at_work_elsewhere_is_left_alone(plan: StudyPlan, tmp_path: Path) -> None:
    out, stages = tmp_path / "out", Stages()
    with locked(points_folder(out) / plan.points[1].name):
        records = run(plan, out, stages)
    assert [r.status for r in records] == ["finished", "running", "finished", "finished"]
    assert stages.made["meshing"] == 3
    assert run(plan, out, stages)[1].status == "finished"


def test_processes_side_by_side_make_a_shared_stage_once(tmp_path: Path) -> None:
    """Six points of one packing at the same time: one makes it, five wait and take it."""
    plan = make_plan(tmp_path, "study.seeds=[1]", "study.grid.mesh.cell_size=[1e-6,2e-6,3e-6,4e-6,5e-6,6e-6]")
    out, stages = tmp_path / "out", Stages()
    begun = threading.Event()
    held = threading.Event()

    def slow(path: Path, ranks: int, names: tuple[str, ...], quiet: bool) -> Outcome:
        if names == ("packing",):
            begun.set()
            held.wait(20.0)
        return stages(path, ranks, names, quiet)

    def work(index: int) -> None:
        StudyRunner(plan, out, 1, RunLog(quiet=True), launcher=slow).run_point(plan.points[index])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    assert begun.wait(20.0)
    held.set()
    for thread in threads:
        thread.join(60.0)
    assert stages.made["manufacturing"] == 1
    assert [read_record(out, p).status for p in plan.points] == ["finished"] * 6


def test_a_packing_begins_with_the_lammps_stages_of_another(tmp_path: Path) -> None:
    """Another degree of calendering finds slurry and drying, another seed does not; writing them spoils no donor."""
    (tmp_path / "case.toml").write_text(
        '[geometry]\nsource = "manufactured"\nbeads = 250\n[output]\nuntil = "manufacturing"\n'
        "[study]\nseeds = 2\n[study.grid]\ngeometry.calendering.degree = [0.1, 0.2]\n"
    )
    plan, out = plan_study(tmp_path / "case.toml"), tmp_path / "out"
    found: dict[str, bool] = {}

    def manufacture(path: Path, ranks: int, names: tuple[str, ...], quiet: bool) -> Outcome:
        slurry = path / "stages" / "stage_slurry.h5"
        found[path.name] = slurry.exists()
        keys = json.loads((path / "case.json").read_text())
        key = stage_keys(validate_case(keys["case"]), tmp_path)["manufacturing"]
        directory = RunDirectory(path)
        directory.start("manufacturing", key)
        slurry.write_text(path.name)
        (path / "packing.h5").write_text(path.name)
        directory.finish("manufacturing", key, {}, 1.0, 1, ("packing.h5",))
        return Outcome()

    StudyRunner(plan, out, 1, RunLog(quiet=True), launcher=manufacture).run()
    assert list(found.values()) == [False, False, True, True]
    for name in found:
        assert (points_folder(out) / name / "stages" / "stage_slurry.h5").read_text() == name


def test_files_of_an_interrupted_stage_belong_to_it(tmp_path: Path) -> None:
    """A stage that goes on later hands over what it wrote before; files of other stages stay theirs."""
    directory, other = RunDirectory(tmp_path / "a"), RunDirectory(tmp_path / "b")
    directory.prepare()
    other.prepare()
    (directory.path / "old.csv").write_text("older")
    directory.start("manufacturing", "k1")
    (directory.path / "stages" / "first.h5").write_text("before the interruption")
    again = RunDirectory(directory.path)
    again.start("manufacturing", "k1")
    (directory.path / "packing.h5").write_text("end")
    again.finish("manufacturing", "k1", {"a": 1}, 1.0, 1, ("packing.h5",))
    again.start("meshing", "k2")
    (directory.path / "mesh.h5").write_text("mesh")
    again.finish("meshing", "k2", {}, 1.0, 1, ("mesh.h5",))
    assert other.take("manufacturing", "k1", again)
    files = sorted(p.relative_to(other.path).as_posix() for p in other.path.rglob("*") if p.is_file())
    assert files == ["packing.h5", "stages/first.h5", "stages/manufacturing.json", "summary.json"]
    assert other.finished("manufacturing", "k1") == {"a": 1}
    assert not other.take("manufacturing", "k3", again)
    assert other.take("meshing", "k2", again)
    record = json.loads((other.path / "stages" / "meshing.json").read_text())
    assert (record["written"], record["taken_from"]) == (["mesh.h5"], "a")
    (again.path / "stages" / "first.h5").unlink()
    assert not RunDirectory(tmp_path / "c").take("manufacturing", "k1", again), "a file of the stage is gone"


def test_a_stage_that_changed_while_it_was_read_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is looked at before and after the files."""
    donor, other = RunDirectory(tmp_path / "a"), RunDirectory(tmp_path / "b")
    for directory in (donor, other):
        directory.prepare()
    donor.start("meshing", "old")
    (donor.path / "mesh.h5").write_text("old")
    donor.finish("meshing", "old", {}, 1.0, 1, ("mesh.h5",))

    def share_and_change(source: Path, target: Path) -> None:
        stage_files.share_file(source, target)
        donor.start("meshing", "new")

    monkeypatch.setattr(run_directory, "share_file", share_and_change)
    assert not other.take("meshing", "old", donor)
    assert other.finished("meshing", "old") is None
    assert (other.path / "mesh.h5").stat().st_nlink == 1, "the donor took a copy before writing"
