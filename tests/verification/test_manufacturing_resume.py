"""Stages that are stopped, killed, failed, resumed and run again by plain LAMMPS."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from cases.mpi_launch import mpi_environment, mpirun_command
from manufacturing.chain import ManufacturingResult, ManufacturingSettings, manufacture
from manufacturing.configuration import Configuration
from manufacturing.errors import StageError
from manufacturing.force_field import DRIED_FORCE_FIELD
from manufacturing.lammps_engine import LENGTH, LammpsEngine
from manufacturing.packing import load_packing
from manufacturing.phases import Phase
from manufacturing.recipe import Powder, Recipe
from manufacturing.slurry import SlurryStage
from manufacturing.stage_record import StageRecord
from manufacturing.stationarity import StationarityCriterion

from .resumed_press import CLASS, COUNTS, DIAMETERS, difference, press, start

ROOT = Path(__file__).parents[2]
ENVIRONMENT = mpi_environment() | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}


def settings(**changes: object) -> ManufacturingSettings:
    """Return a recipe of 90 beads of moderate size ratio."""
    powders = (
        Powder(Phase.AM, 0.70, 4700.0, (6e-6,)),
        Powder(Phase.SE, 0.27, 1640.0, (4e-6, 5e-6), (3.0, 1.0)),
        Powder(Phase.CBD, 0.03, 450.0, (3e-6,), wet_diameter=5e-6, wet_density=900.0),
    )
    chain = ManufacturingSettings(Recipe(powders, 90), SlurryStage(aspect_ratio=1.5), voxel=0.5e-6)
    return replace(chain, **changes)  # type: ignore[arg-type]


def in_process(folder: Path, killed_at: int, out: Path, *before: str, **variables: str) -> int:
    """Run the small press in a process of its own and return its exit code."""
    command = [*before, sys.executable, "-m", "tests.verification.resumed_press", str(folder), str(killed_at), str(out)]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT | variables, check=False, capture_output=True)
    return done.returncode


def logged(folder: Path, **changes: object) -> tuple[ManufacturingResult, str]:
    """Manufacture in a folder and return the result and the log."""
    lines: list[str] = []
    return manufacture(settings(**changes), MPI.COMM_SELF, lines.append, directory=folder), "\n".join(lines)


def test_keeping_a_record_does_not_change_the_beads(tmp_path: Path) -> None:
    """Scripts, journals and restart files in between leave every bit as it is."""
    assert np.array_equal(press(MPI.COMM_SELF, tmp_path).centres, press(MPI.COMM_SELF, None).centres)


@pytest.mark.parametrize("killed_at", [7, 12])
def test_a_killed_stage_goes_on_bit_by_bit(tmp_path: Path, killed_at: int) -> None:
    """Between moving plates, with friction that remembers: resumed by another process and by this one."""
    whole = press(MPI.COMM_SELF, None)
    assert in_process(tmp_path / "a", killed_at, tmp_path / "none") == -signal.SIGKILL
    assert not (tmp_path / "none.npy").exists()
    assert len(list((tmp_path / "a").glob("press.restart.?"))) == 1
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    # Fresh memory that is not zero shows what LAMMPS forgets to set when it reads a restart file.
    assert in_process(tmp_path / "a", 99, tmp_path / "end", MALLOC_PERTURB_="85") == 0
    assert np.array_equal(np.load(tmp_path / "end.npy"), whole.centres)
    assert np.array_equal(press(MPI.COMM_SELF, tmp_path / "b").centres, whole.centres)


def test_a_resumed_stage_does_not_start_from_the_beginning(tmp_path: Path) -> None:
    """Damage to the recorded past shows in the present: the record was used."""
    in_process(tmp_path, 12, tmp_path / "none")
    restart = next(tmp_path.glob("press.restart.*"))
    restart.write_bytes(b"")
    with pytest.raises(StageError, match="restart file .* cannot be read"):
        press(MPI.COMM_SELF, tmp_path)
    whole = press(MPI.COMM_SELF, tmp_path, key="other")
    assert np.array_equal(whole.centres, press(MPI.COMM_SELF, None).centres)


def test_plain_lammps_repeats_a_stage(tmp_path: Path) -> None:
    """The saved script gives the same positions but for the last digit of the conversion to metres."""
    found = press(MPI.COMM_SELF, tmp_path)
    assert difference(found, repeated(tmp_path)) < 1e-12
    assert (tmp_path / "press.final.data").exists()


def repeated(folder: Path, *before: str) -> Configuration:
    """Run the script of the small press with plain LAMMPS and return its final state."""
    options = ["-in", "press.in", "-log", "none", "-screen", "none"]
    subprocess.run([*before, "lmp", *options], cwd=folder, check=True, capture_output=True)
    return in_box(np.loadtxt(folder / "press.final.dump", skiprows=9)[:, 2:5] * LENGTH)


def in_box(centres: np.ndarray) -> Configuration:
    """Return centres in the box of the small press."""
    return Configuration(centres, np.array([0.0, 0.0, -10e-6]), np.array([20e-6, 20e-6, 30e-6]))


def test_the_chain_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    """Killed while the slurry settles and while the plates press; packings are those of an undisturbed run."""
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.verification.test_manufacturing_resume import manufacture, settings\n"
        "count = 0\n"
        "def progress(stage, done, message):\n"
        "    global count\n"
        "    count += stage == sys.argv[2]\n"
        "    if count == int(sys.argv[3]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "manufacture(settings(), progress=progress, directory=Path(sys.argv[1]))\n"
    )
    folder = tmp_path / "killed"
    for stage, count in (("slurry", 8), ("calendering", 6)):
        command = [sys.executable, "-c", program, str(folder), stage, str(count)]
        done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=False, capture_output=True)
        assert done.returncode == -signal.SIGKILL
        assert (folder / "lammps" / f"{stage}.in").read_text().count("\nrun ") >= 2
    result, _ = logged(folder)
    assert result.report["reused_stages"] == ["slurry", "drying"]
    logged(tmp_path / "whole")
    for name in ("slurry", "dried", "calendered"):
        found, whole = (load_packing(base / f"packing_{name}.h5") for base in (folder, tmp_path / "whole"))
        assert np.array_equal(found.centres, whole.centres)
        assert np.array_equal(found.upper, whole.upper)
    assert not list((folder / "lammps").glob("*.restart.*"))


def test_finished_stages_are_reused_while_nothing_that_decides_about_them_changes(tmp_path: Path) -> None:
    """A new degree presses again only; a new drying pressure dries again; a new seed does all."""
    first, _ = logged(tmp_path)
    assert first.report["reused_stages"] == []
    again, log = logged(tmp_path)
    assert again.report["reused_stages"] == ["slurry", "drying", "calendering"]
    assert log.count("finished before") == 3
    assert np.array_equal(again.packing.centres, first.packing.centres)
    assert again.curves == first.curves
    assert {k: v for k, v in again.report.items() if k not in ("seconds", "steps", "reused_stages")} == {
        k: v for k, v in first.report.items() if k not in ("seconds", "steps", "reused_stages")
    }
    chain = settings()
    pressed, _ = logged(tmp_path, calendering=replace(chain.calendering, degree=0.1))
    assert pressed.report["reused_stages"] == ["slurry", "drying"]
    assert pressed.packing.size[2] == pytest.approx(first.packing.size[2] * 0.9 / 0.7)
    steps = {path.stem.removeprefix("packing_calendered_") for path in tmp_path.glob("packing_calendered_*.h5")}
    assert max(steps, default="") <= "10"
    dried, _ = logged(tmp_path, drying=replace(chain.drying, pressure=2e4))
    assert dried.report["reused_stages"] == ["slurry"]
    assert logged(tmp_path, seed=2)[0].report["reused_stages"] == []
    fresh = manufacture(settings(seed=2), MPI.COMM_SELF, directory=tmp_path, resume=False)
    assert fresh.report["reused_stages"] == []


def test_a_stage_that_did_not_come_to_rest_goes_on_with_more_samples(tmp_path: Path) -> None:
    """The error names what was kept; a later run with patience ends where a patient run ends."""
    drying = settings().drying
    hurried = replace(drying, criterion=replace(drying.criterion, maximum_samples=11))
    with pytest.raises(StageError, match=r"(?s)drying: not stationary.*p_kPa.*drying_unfinished\.h5") as failure:
        logged(tmp_path, drying=hurried)
    steps = re.search(r"after (\d+) steps", str(failure.value))
    assert steps is not None
    assert load_packing(tmp_path / "packing_drying_unfinished.h5").provenance["stage"] == "drying_unfinished"
    rows = (tmp_path / "lammps" / "drying.thermo.csv").read_text().splitlines()
    assert len(rows) >= 12
    result, log = logged(tmp_path)
    assert f"drying: goes on after {steps[1]} recorded steps" in log
    assert not (tmp_path / "packing_drying_unfinished.h5").exists()
    assert np.array_equal(result.packing.centres, manufacture(settings(), MPI.COMM_SELF).packing.centres)


def test_a_damaged_restart_file_is_no_dead_end(tmp_path: Path) -> None:
    """Half of it is missing: the stage starts afresh and ends where an undisturbed one does."""
    drying = settings().drying
    hurried = replace(drying, criterion=replace(drying.criterion, maximum_samples=11))
    with pytest.raises(StageError, match="not stationary"):
        logged(tmp_path, drying=hurried)
    (restart,) = (tmp_path / "lammps").glob("drying.restart.*")
    restart.write_bytes(restart.read_bytes()[: restart.stat().st_size // 2])
    result, log = logged(tmp_path)
    assert "drying: starts again" in log
    assert np.array_equal(result.packing.centres, manufacture(settings(), MPI.COMM_SELF).packing.centres)


def test_a_looser_criterion_that_ends_earlier_than_the_record_starts_again(tmp_path: Path) -> None:
    """What the looser run asks for is not what was recorded; it must not be answered from the record."""
    drying = settings().drying
    hurried = replace(drying, criterion=replace(drying.criterion, maximum_samples=8))
    with pytest.raises(StageError, match="not stationary"):
        logged(tmp_path, drying=hurried)
    loose = replace(drying, criterion=StationarityCriterion("density", 1.0, 1e3, window=2))
    found, _ = logged(tmp_path, drying=loose)
    assert np.array_equal(found.packing.centres, manufacture(settings(drying=loose), MPI.COMM_SELF).packing.centres)


def test_the_script_exists_with_every_number_and_without_a_folder_nothing_is_left(tmp_path: Path) -> None:
    """The header lists settings and seed; a run without directory writes nothing here."""
    logged(tmp_path / "kept")
    text = (tmp_path / "kept" / "lammps" / "calendering.in").read_text()
    for line in (
        "# inputs.seed = 1",
        "# calendering.inertial_scale = 100.0",
        "# units micro",
        "lmp -in calendering.in",
    ):
        assert line in text
    assert f"# calendering.plate_stiffness = {settings().calendering.plate_stiffness}" in text
    before = set(tmp_path.iterdir())
    press(MPI.COMM_SELF, None)
    assert set(tmp_path.iterdir()) == before


def test_an_explosion_is_stopped_within_some_steps() -> None:
    """Ten times the stable time step: named as explosion at once, before beads are lost or LAMMPS searches for ever."""
    clock = time.monotonic()
    with pytest.raises(
        StageError, match=r"(?s)wild: the simulation is exploding.*met on step [1-9]?\d0 .*smaller time step"
    ):
        fall_together(1e-6)
    assert time.monotonic() - clock < 10.0
    fall_together(1e-7)


def test_a_dilute_box_is_searched_in_large_bins_until_it_is_dense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """656 bins of the shortest cut-off are too many here, the 369 after the box shrank are not; nobody notices."""
    monkeypatch.setattr("manufacturing.lammps_engine.MOST_BINS", 400)
    found = shrink(tmp_path)
    script = (tmp_path / "shrink.in").read_text()
    first, then = script.index("\nneighbor 1.0 bin\n"), script.index("\nneighbor 1.0 multi\n")
    assert first < script.index("\nrun 500") < then < script.rindex("\nrun 0")
    monkeypatch.setattr("manufacturing.lammps_engine.MOST_BINS", 1e9)
    assert difference(found, shrink(tmp_path / "multi")) < 1e-6


def shrink(folder: Path) -> Configuration:
    """Shrink the box of the small press along x and y for a short time."""
    with LammpsEngine(MPI.COMM_SELF, "shrink", 1e-8, 100.0, StageRecord(folder)) as engine:
        engine.create(start(), CLASS, "p p p")
        engine.set_beads(DIAMETERS, [40e-15, 25e-15], COUNTS)
        engine.set_force_field(DRIED_FORCE_FIELD, [Phase.AM, Phase.CBD], DIAMETERS)
        engine.command("fix move all nve/limit 0.05", "fix squeeze all deform 10 x final 0 15 y final 0 15")
        engine.run(500)
        engine.run(0)
        return engine.configuration()


def fall_together(time_step: float) -> None:
    """Let the beads of the small press attract each other."""
    with LammpsEngine(MPI.COMM_SELF, "wild", time_step, 100.0) as engine:
        engine.create(start(), CLASS, "p p p")
        engine.set_beads(DIAMETERS, [40e-15, 25e-15], COUNTS)
        engine.set_force_field(DRIED_FORCE_FIELD, [Phase.AM, Phase.CBD], DIAMETERS)
        engine.command("fix move all nve/sphere", "fix drag all viscous 1")
        engine.run(1000)


def fly_away(comm: MPI.Intracomm, record: StageRecord) -> None:
    """Let one of three beads leave an open box after two runs."""
    centres = np.array([[5.0, 5.0, 5.0], [5.0, 15.0, 15.0], [15.0, 5.0, 5.0]]) * 1e-6
    with LammpsEngine(comm, "flight", 1e-7, 1.0, record) as engine:
        box = Configuration(centres, np.zeros(3), np.full(3, 20e-6))
        engine.create(box, np.zeros(3, dtype=np.int64), "p p f")
        engine.set_beads([1e-6], [1e-15], np.array([3]))
        engine.set_force_field(DRIED_FORCE_FIELD, [Phase.AM], [1e-6])
        engine.command("fix move all nve/sphere", "set atom 1 vz 0.01")
        engine.run(1000)
        engine.run(1000)
        engine.command("set atom 1 vz 0.2")
        engine.run(2000)


@pytest.mark.mpi
def test_lost_beads_end_all_ranks_with_the_table(shared_tmp_path: Path) -> None:
    """Every rank raises, nobody waits, and the beads of the last restart file are at hand."""
    record = StageRecord(shared_tmp_path, "key", log=lambda line: None)
    clock = time.monotonic()
    with pytest.raises(StageError, match=r"(?s)flight: .*Lost atoms.*after 2000 steps, 200 us.*p_kPa"):
        fly_away(MPI.COMM_WORLD, record)
    assert time.monotonic() - clock < 20.0
    assert record.reached is not None
    assert record.reached.centres[0, 2] == pytest.approx(7e-6)
    assert (shared_tmp_path / "flight.in").exists()


def test_a_full_disk_keeps_the_last_good_restart_file(tmp_path: Path) -> None:
    """From the ninth run on files stay below 20 kB, so the second restart file fails; the first one serves."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(number: int) -> None:
        """Let the disk be full from a run on."""
        if number == 9:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))

    try:
        with pytest.raises(
            StageError, match=r"press: the restart file .* cannot be written, the one before it is kept"
        ):
            press(MPI.COMM_SELF, tmp_path, fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [file.name for file in tmp_path.glob("*.restart.[0-9]")] == ["press.restart.1"]
    assert np.array_equal(press(MPI.COMM_SELF, tmp_path).centres, press(MPI.COMM_SELF, None).centres)


def test_two_ranks_go_on_and_are_repeated(tmp_path: Path) -> None:
    """LAMMPS orders the beads of a restart file anew, so sums may round differently in their last digits."""
    parallel = tuple(mpirun_command(2))
    assert in_process(tmp_path / "whole", 99, tmp_path / "first", *parallel) == 0
    first = in_box(np.load(tmp_path / "first.npy"))
    assert difference(first, repeated(tmp_path / "whole", *parallel)) < 1e-12
    assert in_process(tmp_path / "killed", 7, tmp_path / "none", *parallel) != 0
    assert in_process(tmp_path / "killed", 99, tmp_path / "second", *parallel) == 0
    assert difference(first, in_box(np.load(tmp_path / "second.npy"))) < 1e-6
