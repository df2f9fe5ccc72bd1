"""The doctor finds what is missing, of the wrong version or broken."""

from __future__ import annotations

import pytest

from cases import doctor
from cases.doctor import Finding, Library, library_finding, mpi_finding, program_finding


def test_installed_library() -> None:
    finding = library_finding(Library("dolfinx", "fenics-dolfinx", "0.9."))
    assert finding.good
    assert finding.value.startswith("0.9.")


def test_wrong_version() -> None:
    assert library_finding(Library("numpy", "numpy", "0.1.")).good is False


def test_missing_library_and_program() -> None:
    assert library_finding(Library("no_such_module", "no-such-module")).good is False
    assert program_finding("no-such-program").good is False


def test_mpi_test_rejects_wrong_results() -> None:
    assert mpi_finding().good
    assert mpi_finding("from mpi4py import MPI; print(MPI.COMM_WORLD.size)").good is False
    assert "exit code" in mpi_finding("raise SystemExit(3)").value


def test_report_fails_when_something_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "mpi_finding", lambda: Finding("MPI, 2 ranks", "works"))
    assert doctor.report() == 0
    monkeypatch.setattr(doctor, "LIBRARIES", (Library("no_such_module", "no-such-module"),))
    assert doctor.report() == 1
    assert "missing or unusable: no_such_module" in capsys.readouterr().out
