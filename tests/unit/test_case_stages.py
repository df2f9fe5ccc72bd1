"""Stages are computed once per set of inputs, and only those whose inputs changed are computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

from cases.case_file import read_case
from cases.runner import run_in_process
from cases.schema import Case
from cases.stage_keys import stage_keys

CASE = """
[geometry]
source = "layers"
layers = [{ phase = "separator", thickness = 5e-6, cells = 2 }, { phase = "AM", thickness = 5e-6, cells = 4 }]

[materials]
AM = "NMC622"
separator = "Li6PS5Cl"
counter = "lithium metal"

[discharge]
c_rate = 1.0
cutoff_voltage = 3.5
maximum_time = 20.0

[output]
fields = false
plots = false
"""


@pytest.fixture
def case_file(shared_tmp_path: Path, comm: MPI.Intracomm) -> Path:
    """The case on disk, the same for all ranks."""
    path = shared_tmp_path / "case.toml"
    if comm.rank == 0:
        path.write_text(CASE)
    comm.barrier()
    return path


def computed(path: Path, out: Path, comm: MPI.Intracomm, *overrides: str) -> tuple[set[str], dict[str, Any]]:
    """Run; the stages that were computed and not taken from before, and the summary."""
    log = out / "log.txt"
    before = len(log.read_text()) if log.exists() else 0
    comm.barrier()
    summary = run_in_process(path, out, comm, overrides)
    comm.barrier()
    lines = log.read_text()[before:].splitlines()
    return {line.split("] ")[1].split(":")[0] for line in lines if ": done in" in line}, summary


@pytest.mark.mpi
def test_only_what_depends_on_a_change_is_repeated(case_file: Path, comm: MPI.Intracomm) -> None:
    out = case_file.parent / "out"
    stages, first = computed(case_file, out, comm)
    assert stages == {"meshing", "electrode", "percolation", "conduction", "discharge"}
    stages, again = computed(case_file, out, comm)
    assert stages == set()
    assert again == first
    stages, faster = computed(case_file, out, comm, "discharge.c_rate=2.0")
    assert stages == {"discharge"}
    ratio = faster["discharge"]["current_density_A_m2"] / first["discharge"]["current_density_A_m2"]
    assert ratio == pytest.approx(2.0, rel=1e-8)
    assert faster["conduction"] == first["conduction"]
    stages, _ = computed(case_file, out, comm, "materials.AM.name=NMC811")
    assert stages == {"electrode", "conduction", "discharge"}
    stages, finer = computed(case_file, out, comm, "geometry.layers.1.cells=8")
    assert stages == {"meshing", "electrode", "percolation", "conduction", "discharge"}
    assert finer["meshing"]["cells"] > first["meshing"]["cells"]


def test_a_lost_file_is_made_again(case_file: Path, comm: MPI.Intracomm) -> None:
    out = case_file.parent / "out"
    computed(case_file, out, comm)
    (out / "mesh.h5").unlink()
    assert computed(case_file, out, comm)[0] == {"meshing"}


def test_overrides_reach_every_kind_of_key(case_file: Path) -> None:
    overrides = (
        "discharge.c_rate=0.5",
        "geometry.layers.0.phase=SE",
        'interfaces."AM|SE".resistance=1e-3',
        "materials.AM.diffusivity=1e-14",
        "output.snapshots=[0.5]",
    )
    case = read_case(case_file, overrides)
    assert case.discharge is not None
    assert case.discharge.c_rate == 0.5
    assert case.geometry.source == "layers"
    assert case.geometry.layers[0].phase == "SE"
    assert case.interfaces["AM|SE"].resistance == 1e-3
    assert case.materials.AM is not None
    assert case.materials.AM.model_extra == {"diffusivity": 1e-14}
    assert case.materials.AM.name == "NMC622"
    assert case.output.snapshots == (0.5,)


@pytest.mark.parametrize(
    ("override", "unchanged"),
    [
        ("cell.temperature=310.0", {"meshing", "electrode", "percolation", "conduction"}),
        ("cell.separator_thickness=1e-6", set()),
        ("mesh.cell_size=2e-6", set()),
        ("discharge.tolerance=1e-4", {"meshing", "electrode", "percolation", "conduction"}),
        ("conduction.a.carrier=electronic", {"meshing", "electrode", "percolation", "discharge"}),
        ("geometry.width=2e-6", set()),
        ("materials.AM.density=2000.0", {"meshing", "percolation"}),
        ("output.plots=true", {"meshing", "electrode", "percolation", "conduction", "discharge"}),
        ("output.fields=true", {"meshing"}),
    ],
)
def test_stage_keys_see_their_inputs(override: str, unchanged: set[str], case_file: Path) -> None:
    def keys(case: Case) -> dict[str, str]:
        return stage_keys(case, case_file.parent)

    before, after = keys(read_case(case_file)), keys(read_case(case_file, (override,)))
    assert {name for name in before if before[name] == after[name]} == unchanged


def test_a_truncated_file_is_made_again(case_file: Path, comm: MPI.Intracomm) -> None:
    out = case_file.parent / "out"
    computed(case_file, out, comm)
    content = (out / "mesh.h5").read_bytes()
    (out / "mesh.h5").write_bytes(content[: len(content) // 2])
    assert computed(case_file, out, comm)[0] == {"meshing"}


def test_the_summary_never_mixes_two_cases(case_file: Path, comm: MPI.Intracomm) -> None:
    out = case_file.parent / "out"
    computed(case_file, out, comm)
    other = case_file.with_name("other.toml")
    other.write_text(CASE[: CASE.index("[discharge]")] + "[output]\nfields = false\n")
    assert set(run_in_process(other, out, comm)) == {"meshing", "electrode", "percolation", "conduction"}


def test_until_leaves_later_stages_out(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(CASE)
    everything = set(stage_keys(read_case(path), tmp_path))
    meshed = stage_keys(read_case(path, ('output.until="meshing"',)), tmp_path)
    assert everything == {"meshing", "electrode", "percolation", "conduction", "discharge"}
    assert set(meshed) == {"meshing", "electrode", "percolation"}
    assert meshed["meshing"] == stage_keys(read_case(path), tmp_path)["meshing"]
