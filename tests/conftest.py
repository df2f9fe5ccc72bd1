"""Make one pytest run out of several MPI ranks: one voice, one verdict, no endless waiting."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

PATIENCE = 10.0  # [s] a failed rank waits this long for the others before it says why it failed

# Ranks agree on their own communicator: a collective call that a failed test left open must not match.
_harness = MPI.COMM_WORLD.Dup()


@pytest.fixture
def comm() -> MPI.Comm:
    """The communicator of all ranks of this run."""
    return MPI.COMM_WORLD


@pytest.fixture
def shared_tmp_path(tmp_path: Path) -> Path:
    """A temporary folder that is the same on all ranks."""
    return Path(_harness.bcast(str(tmp_path)))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Write the JUnit file on rank 0 only."""
    if _harness.rank != 0:
        config.option.xmlpath = None


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Send the report of the other ranks nowhere."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if _harness.rank == 0:
        if _harness.size > 1:
            reporter.write_line(f"MPI: {_harness.size} ranks, rank 0 reports")
        return
    reporter._tw._file = open(os.devnull, "w")  # noqa: SIM115 (open until the process ends)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Stop before the first test when the ranks did not collect the same tests."""
    if _harness.size == 1:
        return
    errors = _harness.allgather(session.testsfailed)
    names = _harness.allgather([item.nodeid for item in session.items])
    failed = [rank for rank, count in enumerate(errors) if count]
    if failed and not session.testsfailed:
        pytest.exit(f"errors during collection on ranks {failed}", returncode=pytest.ExitCode.INTERRUPTED)
    if any(other != names[0] for other in names):
        pytest.exit("the ranks collected different tests", returncode=pytest.ExitCode.INTERRUPTED)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give a set-up, call or teardown the same outcome on all ranks."""
    report = yield
    if _harness.size == 1:
        return report
    _wait_for_other_ranks(item, report)
    text = report.longreprtext if report.failed else ""
    outcomes = _harness.allgather((report.outcome, text))
    verdict = _disagreement(outcomes)
    if verdict and (_harness.rank == 0 or not report.failed):
        report.outcome = "failed"
        report.longrepr = verdict
        if hasattr(report, "wasxfail"):
            del report.wasxfail
    return report


def pytest_unconfigure() -> None:
    """Let rank 0 write its report before mpirun ends all ranks because one exits with an error."""
    _harness.Barrier()


def _disagreement(outcomes: list[tuple[str, str]]) -> str:
    """Say which ranks failed and why; empty when all ranks had the same outcome without failure."""
    failed = [rank for rank, (outcome, _) in enumerate(outcomes) if outcome == "failed"]
    if failed:
        parts = [f"failed on rank {rank} of {len(outcomes)}:\n{outcomes[rank][1]}" for rank in failed]
        return "\n\n".join(parts)
    if len({outcome for outcome, _ in outcomes}) > 1:
        return "outcome differs between ranks: " + ", ".join(f"{r} {o}" for r, (o, _) in enumerate(outcomes))
    return ""


def _wait_for_other_ranks(item: pytest.Item, report: pytest.TestReport) -> None:
    """Wait without load; a failed rank that waits for long says why, the others may be stuck."""
    request = _harness.Ibarrier()
    start = time.monotonic()
    silent = report.failed
    while not request.Test():
        waited = time.monotonic() - start
        if silent and waited > PATIENCE:
            silent = False
            message = f"\nrank {_harness.rank} failed in {item.nodeid}, other ranks are still in it:\n"
            sys.stderr.write(message + report.longreprtext + "\n")
            sys.stderr.flush()
        time.sleep(min(0.05, 0.001 + 0.1 * waited))
