"""Several ranks behave as one test run; checked by running small test files under mpirun."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from mpi4py import MPI

from cases.mpi_launch import mpi_environment, mpirun_command, usable_cores
from manufacturing.errors import InputError

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    code: int
    text: str


def run_on_two_ranks(folder: Path, source: str, *options: str) -> Outcome:
    """Run a test file with this project's harness on two ranks."""
    path = folder / "test_small.py"
    path.write_text("import pytest\n" + textwrap.dedent(source))
    pytest_command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", str(PROJECT / "pyproject.toml")]
    command = [*mpirun_command(2), *pytest_command, "--rootdir", str(PROJECT), "--color=no", "--timeout=30"]
    command += [*options, str(path)]
    environment = mpi_environment() | {"PYTHONPATH": str(PROJECT)}
    answer = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    return Outcome(answer.returncode, answer.stdout + answer.stderr)


def test_only_rank_zero_prints(tmp_path: Path) -> None:
    outcome = run_on_two_ranks(tmp_path, "def test_sum(comm):\n    assert comm.allreduce(1) == 2")
    assert outcome.code == 0
    assert outcome.text.count("1 passed") == 1


@pytest.mark.parametrize("rank", [0, 1])
def test_failure_on_one_rank_fails_all(tmp_path: Path, rank: int) -> None:
    source = f"""
        def test_one_rank(comm):
            assert comm.rank != {rank}, "only this rank"
        def test_after(comm):
            assert comm.allreduce(1) == 2
    """
    outcome = run_on_two_ranks(tmp_path, source, f"--junitxml={tmp_path}/out.xml")
    assert outcome.code != 0
    assert "1 failed, 1 passed" in outcome.text
    assert f"failed on rank {rank} of 2" in outcome.text
    assert "only this rank" in outcome.text
    assert 'failures="1"' in (tmp_path / "out.xml").read_text()


def test_failure_in_fixture_of_one_rank(tmp_path: Path) -> None:
    source = """
        @pytest.fixture
        def broken(comm):
            assert comm.rank == 0
        def test_collective(broken, comm):
            comm.barrier()
    """
    outcome = run_on_two_ranks(tmp_path, source)
    assert outcome.code != 0
    assert "1 error" in outcome.text


def test_skip_on_one_rank_is_a_failure(tmp_path: Path) -> None:
    outcome = run_on_two_ranks(tmp_path, "def test_it(comm):\n    if comm.rank: pytest.skip('no')")
    assert outcome.code != 0
    assert "outcome differs between ranks: 0 passed, 1 skipped" in outcome.text


def test_deadlock_ends_with_the_timeout(tmp_path: Path) -> None:
    source = "def test_stuck(comm):\n    if comm.rank == 0: comm.barrier()"
    outcome = run_on_two_ranks(tmp_path, source, "--timeout=3")
    assert outcome.code != 0
    assert "Timeout" in outcome.text
    assert "test_stuck" in outcome.text


def test_collection_error_on_one_rank(tmp_path: Path) -> None:
    source = """
        from mpi4py import MPI
        if MPI.COMM_WORLD.rank == 1:
            raise ValueError("only here")
        def test_it(): pass
    """
    outcome = run_on_two_ranks(tmp_path, source)
    assert outcome.code != 0
    assert "errors during collection on ranks [1]" in outcome.text


def test_different_tests_on_ranks(tmp_path: Path) -> None:
    source = """
        from mpi4py import MPI
        @pytest.mark.parametrize("n", range(1 + MPI.COMM_WORLD.rank))
        def test_it(n): pass
    """
    outcome = run_on_two_ranks(tmp_path, source)
    assert outcome.code != 0
    assert "the ranks collected different tests" in outcome.text


@pytest.mark.mpi
def test_shared_folder_is_one_folder(comm: MPI.Comm, shared_tmp_path: Path) -> None:
    (shared_tmp_path / str(comm.rank)).touch()
    comm.barrier()
    assert {path.name for path in shared_tmp_path.iterdir()} == {str(rank) for rank in range(comm.size)}
    assert len(set(comm.allgather(shared_tmp_path))) == 1


def test_command_allows_more_ranks_than_cores() -> None:
    many = usable_cores() + 1
    assert ":oversubscribe" in mpirun_command(many)
    assert ":oversubscribe" not in mpirun_command(usable_cores())
    script = "from mpi4py import MPI; print(MPI.COMM_WORLD.size)"
    command = [*mpirun_command(many), sys.executable, "-c", script]
    answer = subprocess.run(command, env=mpi_environment(), capture_output=True, text=True, check=True, timeout=100)
    assert "".join(answer.stdout.split()) == str(many) * many


def test_root_is_allowed_only_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "--allow-run-as-root" not in mpirun_command(2)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--allow-run-as-root" in mpirun_command(2)


def test_environment_has_one_thread_and_no_trace_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("PMIX_RANK", "1")
    monkeypatch.setenv("OMPI_MCA_pml", "ob1")
    environment = mpi_environment()
    assert environment["OMP_NUM_THREADS"] == "1"
    assert "PMIX_RANK" not in environment
    assert environment["OMPI_MCA_pml"] == "ob1"


def test_less_than_one_rank_is_refused() -> None:
    with pytest.raises(InputError, match="ranks: found 0, expected at least 1"):
        mpirun_command(0)
