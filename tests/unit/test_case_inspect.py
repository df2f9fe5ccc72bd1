"""``granode recipe`` and ``granode packing`` show, tile, cut and convert."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cases.command_line import main
from manufacturing.packing import Packing, load_packing
from manufacturing.packing_files import read_packing
from manufacturing.phases import Phase

UM = 1e-6


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A cubic packing of two spheres."""
    path = tmp_path / "packing.h5"
    centres, radii = np.array([[2.0, 2.0, 2.0], [6.0, 6.0, 6.0]]) * UM, np.array([2.0, 1.0]) * UM
    phases, ids = np.array([Phase.AM, Phase.SE], dtype=np.int64), np.array([1, 2])
    Packing(centres, radii, phases, ids, np.zeros(3), np.full(3, 8 * UM), (True, True, True)).save(path)
    return path


def test_recipes_are_listed_and_balanced(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe"]) == 0
    listed = capsys.readouterr().out
    assert "nmc811_argyrodite_am2_52" in listed
    assert "slurry.damping" in listed
    assert main(["recipe", "nmc622_argyrodite_full", "--beads", "1000"]) == 0
    table = capsys.readouterr().out
    assert "1000" in table
    assert "calibrated" in table
    assert main(["recipe", "nothing"]) == 2
    assert "nmc622_argyrodite" in capsys.readouterr().err


def test_a_packing_is_tiled_cut_and_written(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiled = file.with_name("tiled.h5")
    assert main(["packing", str(file), "--tile", "2", "1", "3", "--write", str(tiled)]) == 0
    assert len(load_packing(tiled).radii) == 12
    part = file.with_suffix(".csv")
    assert main(["packing", str(file), "--cut", "0", "0", "0", "8", "8", "4", "--write", str(part)]) == 0
    cut = read_packing(part)
    assert (cut.size / UM) == pytest.approx([8.0, 8.0, 4.0])
    assert Phase.SE not in cut.phases
    capsys.readouterr()
    assert main(["packing", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["particles_by_phase"] == {"AM": 1, "SE": 1}
    assert main(["packing", str(file), "--phases", "1:AM"]) == 2
