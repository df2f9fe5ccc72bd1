"""A killed discharge goes on to the same curve on whatever number of ranks; checkpoints survive full disks."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases import discharge_checkpoint
from cases.discharge_recorder import DischargeRecorder
from cases.runner import run_in_process
from manufacturing.errors import StageError
from solver import checkpoint_file
from solver.checkpoint_file import read_checkpoint, write_checkpoint
from solver.discharge_records import DischargeRecord

from .shipped_cases import FloatArray, curve
from .test_protocol_reference import planar

PROJECT = Path(__file__).resolve().parents[2]
STEPS: list[dict[str, Any]] = [
    {"name": "charge", "c_rate": -1.0, "until": {"voltage": 4.0}},
    {"name": "hold", "hold_voltage": 4.0, "until": {"c_rate": 0.3}},
    {"name": "rest", "rest": 60.0},
    {"name": "discharge", "power_density": 15.0, "until": {"capacity": 0.4, "voltage": 3.5}},
]
FIGURES = ("capacity_Ah_m2", "energy_Wh_m2", "final_voltage_V", "final_time_s", "utilisation")
EFFORT = ("newton_iterations", "linear_iterations")


class StoppedError(Exception):
    """Stands for the end of a process."""


def small(interval: float = 0.0, **protocol: Any) -> dict[str, Any]:
    """A few dozen unknowns, four kinds of step, a checkpoint at every time step."""
    data = planar(STEPS, tolerance=1e-2, cells=8)
    data["output"] = {"fields": True, "plots": False, "snapshots": [0.02], "checkpoint_interval": interval}
    data["protocol"] |= {"first_step": 1.0} | protocol
    return data


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, FloatArray], Path]:
    """Figures, curve and directory of a run that nothing disturbs."""
    out = tmp_path_factory.mktemp("uninterrupted") / str(MPI.COMM_WORLD.rank)
    return run_in_process(small(), out, MPI.COMM_SELF)["discharge"], curve(out), out


def check_same(found: tuple[dict[str, Any], dict[str, FloatArray]], expected: tuple[Any, ...], within: float) -> None:
    """Compare figures and all rows of the curve, balances and effort apart."""
    for key in FIGURES:
        assert found[0][key] == pytest.approx(expected[0][key], rel=within), key
    for key in ("steps", "end_reason"):
        assert found[0][key] == expected[0][key]
    for name, values in expected[1].items():
        if not name.endswith("_error") and name not in (*EFFORT, "error_estimate"):
            scale = np.abs(values).max()
            assert found[1][name] == pytest.approx(values, rel=within, abs=within * scale), name


@pytest.mark.parametrize(("what", "number"), [("row", 17), ("half", 12), ("unnamed", 0)])
def test_killed_at_any_moment(what: str, number: int, tmp_path: Path, uninterrupted: tuple[Any, ...]) -> None:
    """SIGKILL in the middle of a row and inside a checkpoint; the curve is the same to the last bit."""
    case, out = tmp_path / "case.json", tmp_path / "out"
    case.write_text(json.dumps(small()))
    command = [sys.executable, "-m", "tests.verification.killed_discharge", str(case), str(out), what, str(number)]
    killed = subprocess.run(command, cwd=PROJECT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert not (out / "stages" / "discharge.json").exists()
    found = run_in_process(small(), out, MPI.COMM_SELF)["discharge"]
    check_same((found, curve(out)), uninterrupted, 1e-8)
    went_on = "goes on from the checkpoint" in (out / "log.txt").read_text()
    assert went_on is (number > 0)
    assert not list((out / "checkpoints").iterdir())
    if went_on:
        for name in ("discharge.csv", "overpotentials.csv"):
            assert (out / "curves" / name).read_text() == (uninterrupted[2] / "curves" / name).read_text()


FILE_LIMIT = 20_000  # [byte]: from the ninth checkpoint on they are larger, no other file is


def test_a_real_limit_leaves_the_last_checkpoint(tmp_path: Path, uninterrupted: tuple[Any, ...]) -> None:
    """The system refuses larger files (RLIMIT_FSIZE): the eighth checkpoint stays whole beside 17 rows."""
    case, out = tmp_path / "case.json", tmp_path / "out"
    case.write_text(json.dumps(small()))
    command = [sys.executable, "-m", "tests.verification.killed_discharge", str(case), str(out), "row", "17"]
    limit = (FILE_LIMIT, FILE_LIMIT)
    killed = subprocess.run(
        command,
        cwd=PROJECT,
        check=False,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert [file.name for file in (out / "checkpoints").iterdir()] == ["discharge.npz"], "no half of a file is left"
    content = read_checkpoint(out / "checkpoints" / "discharge.npz")
    assert content is not None
    assert len(content[1]["records"]) < 12
    assert "File too large); the one before is kept" in (out / "log.txt").read_text()
    found = run_in_process(small(), out, MPI.COMM_SELF)["discharge"]
    check_same((found, curve(out)), uninterrupted, 1e-8)


def stop_after(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run end when it writes a row of the curve."""
    original = DischargeRecorder.__call__

    def call(self: DischargeRecorder, record: DischargeRecord, *rest: Any) -> None:
        """Take a row, or stop."""
        if record.step == rows:
            raise StoppedError
        original(self, record, *rest)

    monkeypatch.setattr(DischargeRecorder, "__call__", call)


@pytest.mark.mpi
@pytest.mark.parametrize("several_first", [True, False])
def test_other_ranks_go_on(
    several_first: bool,
    shared_tmp_path: Path,
    comm: MPI.Intracomm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What all ranks began one goes on with, and the other way round: 1e-6."""
    case = small(steps=STEPS[2:]) | {"geometry": small()["geometry"] | {"cells_across": 2}}
    whole = run_in_process(case, shared_tmp_path / "whole", comm)["discharge"]
    expected = whole, curve(shared_tmp_path / "whole")
    out = shared_tmp_path / "out"
    with monkeypatch.context() as patched:
        stop_after(9, patched)
        if several_first or comm.rank == 0:
            with pytest.raises(StoppedError):
                run_in_process(case, out, comm if several_first else MPI.COMM_SELF)
    comm.barrier()
    if not several_first or comm.rank == 0:
        found = run_in_process(case, out, MPI.COMM_SELF if several_first else comm)["discharge"]
        check_same((found, curve(out)), expected, 1e-6)
        assert "goes on from the checkpoint" in (out / "log.txt").read_text()
    comm.barrier()


def test_fields_that_were_kept_are_there_after_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: tuple[Any, ...]
) -> None:
    with monkeypatch.context() as patched:
        stop_after(20, patched)
        with pytest.raises(StoppedError):
            run_in_process(small(), tmp_path, MPI.COMM_SELF)
    run_in_process(small(), tmp_path, MPI.COMM_SELF)
    found, expected = (np.load(out / "fields" / "discharge_snapshots.npz") for out in (tmp_path, uninterrupted[2]))
    assert len(expected["times"]) == 2
    for name in expected.files:
        assert np.array_equal(found[name], expected[name], equal_nan=True), name


def test_other_inputs_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        stop_after(6, patched)
        with pytest.raises(StoppedError):
            run_in_process(small(), tmp_path, MPI.COMM_SELF)
    run_in_process(small(tolerance=2e-2), tmp_path, MPI.COMM_SELF)
    assert "goes on from the checkpoint" not in (tmp_path / "log.txt").read_text()


def test_a_full_disk_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: tuple[Any, ...]
) -> None:
    """From the tenth checkpoint on none can be written: the run goes on with a warning, the ninth stays as it was."""
    path = tmp_path / "checkpoints" / "discharge.npz"
    written: list[bytes] = []

    def full(target: Path, *content: Any) -> None:
        """Write nine checkpoints, then fail as on a full disk with half of the file written."""
        if len(written) < 9:
            write_checkpoint(target, *content)
            written.append(path.read_bytes())
            return
        with monkeypatch.context() as patched:
            patched.setattr(checkpoint_file.os, "fsync", _no_space)
            write_checkpoint(target, *content)

    with monkeypatch.context() as patched:
        patched.setattr(discharge_checkpoint, "write_checkpoint", full)
        stop_after(16, patched)
        with pytest.raises(StoppedError):
            run_in_process(small(), tmp_path, MPI.COMM_SELF)
    assert path.read_bytes() == written[-1]
    assert [file.name for file in path.parent.iterdir()] == ["discharge.npz"], "no half of a file is left"
    assert "no checkpoint at" in (tmp_path / "log.txt").read_text()
    assert "No space left on device); the one before is kept" in (tmp_path / "log.txt").read_text()
    found = run_in_process(small(), tmp_path, MPI.COMM_SELF)["discharge"]
    check_same((found, curve(tmp_path)), uninterrupted, 1e-8)


def _no_space(descriptor: int) -> None:
    os.ftruncate(descriptor, 100)
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_run_without_any_checkpoint_goes_on_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: tuple[Any, ...]
) -> None:
    """The folder of the checkpoints cannot be made because a file has its name."""
    tmp_path.joinpath("checkpoints").write_text("")
    found = run_in_process(small(), tmp_path, MPI.COMM_SELF)["discharge"]
    check_same((found, curve(tmp_path)), uninterrupted, 1e-8)
    assert "there is none before" in (tmp_path / "log.txt").read_text()


def test_a_curve_that_cannot_be_written_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: tuple[Any, ...]
) -> None:
    """Results would be lost, so the run stops; once there is room it goes on from the last checkpoint."""
    original, path = DischargeRecorder.__call__, tmp_path / "curves" / "discharge.csv"

    def call(self: DischargeRecorder, record: DischargeRecord, *rest: Any) -> None:
        """Put a folder in the place of the curve."""
        if record.step == 14:
            path.unlink()
            path.mkdir()
        original(self, record, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(DischargeRecorder, "__call__", call)
        with pytest.raises(StageError, match=r"discharge\.csv cannot be written.*the same command goes on"):
            run_in_process(small(), tmp_path, MPI.COMM_SELF)
    path.rmdir()
    found = run_in_process(small(), tmp_path, MPI.COMM_SELF)["discharge"]
    check_same((found, curve(tmp_path)), uninterrupted, 1e-8)


def test_the_state_is_kept_where_the_steps_become_too_small(tmp_path: Path) -> None:
    """The run ends with an error; the checkpoint holds the instant of the error, also without intervals."""
    case = small(interval=1e9, smallest_step=1.0, tolerance=1e-3)
    case["protocol"]["steps"] = [{"c_rate": 3.0, "until": {"time": 1e5}}]
    with pytest.raises(StageError, match="smallest step 1 s"):
        run_in_process(case, tmp_path, MPI.COMM_SELF)
    content = read_checkpoint(tmp_path / "checkpoints" / "discharge.npz")
    assert content is not None
    assert content[1]["time"] == curve(tmp_path)["time_s"][-1]
    with pytest.raises(StageError, match="smallest step 1 s"):
        run_in_process(case, tmp_path, MPI.COMM_SELF)
    assert "goes on from the checkpoint" in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone"])
def test_a_damaged_checkpoint_is_none(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "checkpoints" / "discharge.npz"
    write_checkpoint(path, {"state_0": np.linspace(0.0, 1.0, 1000)}, {"time": 0.1, "records": [[1, np.nan]]})
    content = read_checkpoint(path)
    assert content is not None
    assert content[1]["time"] == 0.1
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    damaged = {"cut": whole[: len(whole) // 2], "flipped": bytes(flipped), "empty": b"", "gone": b""}
    path.write_bytes(damaged[damage])
    if damage == "gone":
        path.unlink()
    assert read_checkpoint(path) is None
