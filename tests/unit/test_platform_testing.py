"""The runner counts honestly: also when a suite crashes, is empty or a linter fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cases.testing import Check, Stage, Suite, Tally, read_junit, run_stages

PASSING = "def test_a(): pass\n"
FAILING = "def test_b(): assert False\n"
SKIPPED = "import pytest\n@pytest.mark.skip\ndef test_c(): pass\n"
CRASHING = "import os\ndef test_d(): os._exit(3)\n"
BROKEN = "raise ValueError\n"
BAD_TEARDOWN = "import pytest\n@pytest.fixture\ndef f():\n    yield\n    raise ValueError\ndef test_e(f): pass\n"


def run_source(folder: Path, *sources: str) -> int:
    for number, source in enumerate(sources):
        (folder / f"test_{number}.py").write_text(source)
    return run_stages((Stage("small", (Suite("small", ("-p", "no:timeout", str(folder))),)),))


def last_line(capture: pytest.CaptureFixture[str]) -> str:
    return capture.readouterr().out.rstrip("\n").splitlines()[-1]


def test_passing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_source(tmp_path, PASSING, SKIPPED) == 0
    assert last_line(capsys) == "1 passed, 0 failed, 1 skipped"


@pytest.mark.parametrize(
    ("sources", "line"),
    [
        ((PASSING, FAILING), "1 passed, 1 failed"),
        ((PASSING, CRASHING), "0 passed, 1 failed"),
        ((BROKEN,), "0 passed, 1 failed"),
        ((SKIPPED,), "0 passed, 1 failed, 1 skipped"),
        ((BAD_TEARDOWN, PASSING), "2 passed, 1 failed"),
        ((), "0 passed, 1 failed"),
    ],
)
def test_not_passing(tmp_path: Path, capsys: pytest.CaptureFixture[str], sources: tuple[str, ...], line: str) -> None:
    assert run_source(tmp_path, *sources) == 1
    assert last_line(capsys) == line


def test_linter_counts(capsys: pytest.CaptureFixture[str]) -> None:
    good = Check("good", (sys.executable, "-c", ""))
    bad = Check("bad", (sys.executable, "-c", "raise SystemExit(1)"))
    missing = Check("missing", ("/nonexistent/linter",))
    assert run_stages((Stage("lint", (good,)),)) == 0
    assert run_stages((Stage("lint", (good, bad, missing)),)) == 1
    assert last_line(capsys) == "1 passed, 2 failed"


def test_later_stages_run_after_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    bad = Check("bad", (sys.executable, "-c", "raise SystemExit(1)"))
    good = Check("good", (sys.executable, "-c", ""))
    assert run_stages((Stage("first", (bad,)), Stage("second", (good,)))) == 1
    assert last_line(capsys) == "1 passed, 1 failed"


def test_truncated_report_counts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    path.write_text('<testsuites><testsuite tests="4" failures="1" errors="0" skipped="1">')
    assert read_junit(path) == Tally()
    path.write_text(path.read_text() + "</testsuite></testsuites>")
    assert read_junit(path) == Tally(passed=2, failed=1, skipped=1)
