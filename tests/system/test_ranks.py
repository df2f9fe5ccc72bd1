"""The rank count of the command line changes nothing but the time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .command import CASES, granode

AGREEMENT = 1e-8


def test_one_two_and_three_ranks_agree(tmp_path: Path) -> None:
    summaries = []
    for ranks in (1, 2, 3):
        out = tmp_path / str(ranks)
        coarse = ("--set", "mesh.cell_size=1e-6", "--set", "discharge.cutoff_voltage=3.95")
        done = granode("run", CASES / "small_composite.toml", "--out", out, "--ranks", ranks, *coarse)
        assert done.returncode == 0, done.stderr
        summaries.append(json.loads((out / "summary.json").read_text()))
        assert json.loads((out / "stages" / "discharge.json").read_text())["ranks"] == ranks
    first = summaries[0]
    for other in summaries[1:]:
        for solve in ("electronic_z", "ionic_z"):
            key = "effective_conductivity_S_m"
            assert other["conduction"][solve][key] == pytest.approx(first["conduction"][solve][key], rel=AGREEMENT)
        for key in ("capacity_Ah_m2", "initial_voltage_V", "final_voltage_V", "final_time_s"):
            assert other["discharge"][key] == pytest.approx(first["discharge"][key], rel=AGREEMENT), key
        assert other["discharge"]["steps"] == first["discharge"]["steps"]
        assert other["discharge"]["charge_balance_error"] < 1e-8


def test_more_ranks_than_the_mesh_can_use(tmp_path: Path) -> None:
    """Twelve tetrahedra on five ranks: a warning, then the right voltage."""
    fewer = [x for k in (0, 1) for x in ("--set", f"geometry.layers.{k}.cells=1")]
    options = ("--ranks", 5, "--set", "geometry.cells_across=1", *fewer)
    done = granode("run", CASES / "two_layers.toml", "--out", tmp_path, *options)
    assert done.returncode == 0, done.stderr
    assert "warning: 5 ranks for 12 cells" in done.stdout
    found = json.loads((tmp_path / "summary.json").read_text())["discharge"]
    assert found["final_voltage_V"] == pytest.approx(3.081374, abs=1e-6)
