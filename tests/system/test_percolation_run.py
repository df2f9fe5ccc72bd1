"""Percolation and morphology of a run: summary, tables, fields, log."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import meshio
import pytest
from matplotlib.colors import to_hex
from mpi4py import MPI

from cases.plots_files import RunFiles
from cases.plots_morphology import plot_morphology
from cases.plots_percolation import STATES, plot_percolation
from cases.runner import run_in_process

SPHERES: dict[str, Any] = {
    "geometry": {
        "source": "spheres",
        "box": [6e-6, 6e-6, 8e-6],
        "spheres": [
            {"phase": "SE", "centre": [2e-6, 2e-6, 1e-6], "radius": 1.5e-6},
            {"phase": "AM", "centre": [2e-6, 2e-6, 4e-6], "radius": 2e-6},
            {"phase": "AM", "centre": [5e-6, 5e-6, 8e-6], "radius": 1.2e-6},
        ],
    },
    "mesh": {"cell_size": 1e-6, "relabelled_limit": 0.05},
    "morphology": {"spacing": 3e-7, "layers": 8, "bins": 10},
    "output": {"until": "meshing", "plots": False},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Directory and summary of the run."""
    out = tmp_path_factory.mktemp("run")
    return out, run_in_process(SPHERES, out, MPI.COMM_SELF)


def test_percolation_of_cells_and_particles(finished: tuple[Path, dict[str, Any]]) -> None:
    """The lower AM sphere touches SE at the separator's side but no collector; the upper one the collector only."""
    out, summary = finished
    found = summary["percolation"]
    assert not found["electrons"]["percolates"]
    assert found["electrons"]["clusters"] == found["by_contacts"]["electrons"]["clusters"] == 2
    assert found["by_contacts"]["electrons"]["gap_m"] == pytest.approx(6.8e-6)
    assert found["electrons"]["gap_m"] == pytest.approx(6.8e-6, abs=0.2e-6)
    assert found["active_material"]["utilisation_level"] == 0.0
    assert found["active_material"]["electronically_dead_fraction"] == pytest.approx(8.0 / 8.864, abs=0.02)
    assert found["interface"]["active_area_m2"] == 0.0
    assert found["interface"]["total_area_m2"] > 0.0
    assert "AM does not percolate: 2 clusters" in (out / "log.txt").read_text()


def test_the_table_lists_every_cluster(finished: tuple[Path, dict[str, Any]]) -> None:
    out, summary = finished
    with (out / "curves" / "clusters.csv").open() as file:
        rows = list(csv.DictReader(file))
    for joined, networks in (("facets", summary["percolation"]), ("contacts", summary["percolation"]["by_contacts"])):
        for name in ("electrons", "ions"):
            mine = [r for r in rows if r["joined_by"] == joined and r["network"] == name]
            assert len(mine) == networks[name]["clusters"]
            assert sum(float(r["share"]) for r in mine) == pytest.approx(1.0)


def test_the_field_holds_every_cell(finished: tuple[Path, dict[str, Any]]) -> None:
    out, summary = finished
    data = meshio.read(out / "fields" / "percolation.vtu")
    state, phase = data.cell_data["state"][0], data.cell_data["phase"][0]
    assert len(state) == summary["meshing"]["cells"]
    assert set(state[phase == 1]) == {0, 2}


def test_morphology_is_written(finished: tuple[Path, dict[str, Any]]) -> None:
    out, summary = finished
    found = summary["morphology"]
    assert set(found["phases"]) == {"AM", "SE", "void"}
    share = found["phases"]["AM"]["fraction_on_grid"]
    assert share == pytest.approx(summary["meshing"]["volume_fraction"]["AM"], abs=0.005)
    assert found["contacts"]["AM|SE"]["contacts"] == 1
    assert found["pore_network"]["percolates"]
    for name, rows in (("phase_profile", 8), ("chord_lengths", 10), ("inscribed_diameters", 10)):
        assert len((out / "curves" / f"{name}.csv").read_text().splitlines()) == rows + 1
    with (out / "curves" / "phase_profile.csv").open() as file:
        layers = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert [sum(r[p] for p in ("AM", "SE", "void")) for r in layers] == pytest.approx([1.0] * 8)


def test_pictures_show_the_states_and_the_curves(finished: tuple[Path, dict[str, Any]]) -> None:
    run = RunFiles(finished[0])
    figure = plot_percolation(run)
    assert figure is not None
    drawn = [{to_hex(c).upper() for c in axes.collections[0].get_facecolor()} for axes in figure.axes]
    colours = {state: colour.upper() for state, (_, colour) in STATES.items()}
    assert colours[0] in drawn[0]
    assert colours[3] not in drawn[0]
    assert colours[3] in drawn[2]
    morphology = plot_morphology(run)
    assert morphology is not None
    profile = {line.get_color(): line.get_ydata() for line in morphology.axes[0].lines}
    assert sum(profile.values()) == pytest.approx([1.0] * 8)


def test_a_solve_that_does_not_percolate_says_why(tmp_path: Path) -> None:
    """An AM layer under a void layer of 2 um: the summary and the log name phase, cluster and gap."""
    layers = [{"phase": "AM", "thickness": 3e-6, "cells": 2}, {"phase": "void", "thickness": 2e-6, "cells": 2}]
    case = {
        "geometry": {"source": "layers", "width": 2e-6, "layers": layers},
        "conduction": {"a": {"conductivity": {"AM": 1.0}}},
        "output": {"fields": False, "plots": False},
    }
    found = run_in_process(case, tmp_path, MPI.COMM_SELF)["conduction"]["a"]
    failure = (
        "AM does not percolate: 1 cluster of 100 %; 0 % reach the collector, 100 % the separator side; "
        "gap 2 um to the collector"
    )
    assert found["failure"] == failure
    assert f"conduction: a: z: {failure}" in (tmp_path / "log.txt").read_text()
