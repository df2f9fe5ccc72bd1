"""Where the current goes, where the answer is known: layers side by side and on top of each other, a slab, a sphere.

Seen to fail with: |j| weighted by cells instead of volume, power without that of interfaces, currents of the wrong
axis, interfaces left out of the profile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from mpi4py import MPI

from cases.runner import run_in_process

EXACT = 1e-9
UM = 1e-6


def layers(axis: str, **solves: Any) -> dict[str, Any]:
    """SE 3 um in three cells and AM 2 um in five along an axis, 4 um wide."""
    slabs = [
        {"phase": "SE", "thickness": 3 * UM, "cells": 3},
        {"phase": "AM", "thickness": 2 * UM, "cells": 5},
    ]
    geometry = {"source": "layers", "axis": axis, "layers": slabs, "width": 4 * UM, "cells_across": 2}
    return {"geometry": geometry, "conduction": solves, "output": {"fields": False}}


def profile(path: Path, name: str) -> dict[str, np.ndarray]:
    """The columns of a profile."""
    table = np.genfromtxt(path / "curves" / f"conduction_{name}.csv", delimiter=",", names=True)
    return {column: table[column] for column in table.dtype.names}


@pytest.mark.mpi
@pytest.mark.parametrize("order", [1, 2, 3])
def test_layers_side_by_side(order: int, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Currents 3*1 and 2*2 of 7; |j| = 1 and 2 over a mean of 1.4, whatever the number of cells of each."""
    case = layers("x", s={"conductivity": {"SE": 1.0, "AM": 2.0}, "order": order})
    found = run_in_process(case, shared_tmp_path, comm)["conduction"]["s"]
    for share in ("share_of_current", "share_of_power"):
        assert found[share] == pytest.approx({"AM": 4.0 / 7.0, "SE": 3.0 / 7.0}, rel=EXACT)
    density = found["current_density"]
    assert density["through"] == pytest.approx(1.4 / (4 * UM), rel=EXACT)
    assert density["mean"] == pytest.approx(1.0, rel=EXACT)
    assert density["deviation"] == pytest.approx(np.sqrt(0.6 * 0.4) / 1.4, rel=EXACT)
    assert density["p25"] == pytest.approx(1.0 / 1.4, rel=EXACT)
    for name in ("p75", "largest"):
        assert density[name] == pytest.approx(2.0 / 1.4, rel=EXACT)
    assert density["by_phase"]["AM"]["deviation"] == pytest.approx(0.0, abs=1e-9)
    columns = profile(shared_tmp_path, "s")
    assert columns["local_conductivity"] == pytest.approx(1.4, rel=1e-5)
    assert columns["current_share_AM"] == pytest.approx(4.0 / 7.0, rel=1e-5)


@pytest.mark.mpi
def test_layers_and_an_interface_in_series(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Power is shared like resistance: 3/1 : 2/2 : R; all current passes both layers over their share of the path."""
    solve = {"conductivity": {"SE": 1.0, "AM": 2.0}, "resistance": {"AM|SE": 6 * UM}, "order": 1}
    found = run_in_process(layers("z", s=solve), shared_tmp_path, comm)["conduction"]["s"]
    assert found["share_of_power"] == pytest.approx({"SE": 0.3, "AM": 0.1, "AM|SE": 0.6}, rel=EXACT)
    assert found["share_of_current"] == pytest.approx({"SE": 0.6, "AM": 0.4}, rel=EXACT)
    assert found["current_density"]["deviation"] == pytest.approx(0.0, abs=1e-9)
    columns = profile(shared_tmp_path, "s")
    slices = np.full(20, 0.25 * UM)  # the interface lies on the edge of the slices 12 and 13
    resistance = slices / np.where(np.arange(20) < 12, 1.0, 2.0)
    resistance[[11, 12]] += 3 * UM
    assert slices / columns["local_conductivity"] == pytest.approx(resistance, rel=1e-5)
    total = (slices / columns["local_conductivity"]).sum()
    assert 5 * UM / total == pytest.approx(found["effective_conductivity_S_m"], rel=1e-9)


@pytest.mark.mpi
def test_a_slab_has_a_tortuosity_factor_of_one_everywhere(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    found = run_in_process(layers("x", s={"conductivity": {"SE": 0.3}}), shared_tmp_path, comm)["conduction"]["s"]
    assert found["tortuosity_factor"] == pytest.approx(1.0, rel=EXACT)
    columns = profile(shared_tmp_path, "s")
    assert columns["local_tortuosity_factor"] == pytest.approx(1.0, rel=1e-5)
    assert columns["conducting_fraction"] == pytest.approx(0.6, rel=1e-5)
    assert found["formation_factor"] == pytest.approx(1.0 / 0.6, rel=EXACT)


@pytest.mark.mpi
def test_around_a_sphere(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Powers add up to the energy, slices in series to sigma_eff; no slice below 1; the field gives the current."""
    sphere = {"phase": "AM", "centre": (4 * UM,) * 3, "radius": 3 * UM}
    case = {
        "geometry": {"source": "spheres", "box": (8 * UM,) * 3, "matrix": "SE", "spheres": [sphere]},
        "mesh": {"cell_size": 1.2 * UM},
        "conduction": {"s": {"conductivity": {"SE": 2.0}, "directions": ["x", "z"]}},
    }
    found = run_in_process(case, shared_tmp_path, comm)["conduction"]["s"]
    columns = profile(shared_tmp_path, "s")
    sigma = found["effective_conductivity_S_m"]
    assert 1.0 / np.mean(1.0 / columns["local_conductivity"]) == pytest.approx(sigma, rel=1e-9)
    assert np.all(columns["local_tortuosity_factor"] > 0.99), "1 is the bound of the exact current"
    assert columns["current_share_SE"] == pytest.approx(1.0, abs=0.02)
    density = found["current_density"]
    assert density["through"] == pytest.approx(sigma / (8 * UM), rel=EXACT)
    # <|j|^2> = sigma P/V: the second moment is the energy.
    moment = (density["mean"] ** 2 + density["deviation"] ** 2) * found["volume_fraction"]["SE"]
    assert moment == pytest.approx(2.0 / sigma, rel=1e-9)
    assert density["p5"] < density["p50"] < density["p95"] <= density["largest"]
    lateral = found["by_direction"]["x"]["current_density"]
    assert lateral["mean"] == pytest.approx(density["mean"], rel=0.02), "a cube"
    if comm.rank == 0:
        data = meshio.read(shared_tmp_path / "fields" / "conduction_s.vtu")
        corners = data.points[data.cells_dict["tetra"]]
        volumes = np.linalg.det(corners[:, 1:] - corners[:, :1]) / 6.0
        current = volumes @ data.cell_data["current_density"][0] / (8 * UM) ** 3
        assert current == pytest.approx([0.0, 0.0, -density["through"]], rel=1e-6, abs=1e-4 * density["through"])
