"""What a user sees of wrong input: one line on standard error, exit code 2, no traceback; of a failure: code 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.verification.shipped_cases import curve

from .command import CASES, granode

PLANAR = CASES / "planar_half_cell.toml"


def check_refused(arguments: tuple[object, ...], *words: str) -> None:
    """One message that holds the words, code 2."""
    done = granode("run", *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("granode: error: ")
    for word in (*words, "found", "expected"):
        assert word in lines[0]
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("discharge.crate=1.0", ("discharge.crate", "unknown key")),
        ("discharge.cutoff_voltage=4.5", ("discharge.cutoff_voltage", "4.5 V", "4.2000 V at rest")),
        ("geometry.layers.1.thickness=-1.0", ("geometry.layers[1].thickness", "-1.0", "greater than 0")),
    ],
)
def test_refused_before_anything_runs(override: str, words: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    check_refused((PLANAR, "--out", out, "--set", override), *words)
    assert not out.exists(), "nothing was started"


def test_no_case_file(tmp_path: Path) -> None:
    check_refused((tmp_path / "none.toml",), "none.toml", "No such file")


def test_no_write_permission(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check_refused((PLANAR, "--out", tmp_path / "file" / "out"), "--out", "can be written")


def test_refused_on_two_ranks_in_a_later_stage(tmp_path: Path) -> None:
    """Only the discharge can know that the voltage collapses under the current; the mesh is kept."""
    current = ("--set", "discharge.current_density=1e9")
    check_refused((PLANAR, "--out", tmp_path, "--ranks", 2, *current), "discharge.cutoff_voltage", "current flows")
    assert (tmp_path / "mesh.h5").exists()
    assert "discharge.cutoff_voltage" in (tmp_path / "log.txt").read_text()


def test_a_failure_in_the_middle_keeps_what_was_computed(tmp_path: Path) -> None:
    """A cut-off below every potential: the surface fills up; code 1, the curve and the summary stay."""
    options = ("--ranks", 1, "--set", "discharge.cutoff_voltage=-1e6", "--set", "geometry.layers.1.cells=20")
    done = granode("run", PLANAR, "--out", tmp_path, *options, "--set", "discharge.tolerance=1e-2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "granode: failed: discharge: step" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(curve(tmp_path)["time_s"]) > 5
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["meshing"]["cells"] > 0
    assert "discharge" not in summary
