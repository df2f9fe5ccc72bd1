"""Wrong input: one error that names the key, what was found and what is expected."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.case_file import apply_override, read_case, validate_case
from cases.runner import run_in_process
from manufacturing.errors import InputError, StageError
from manufacturing.packing import Packing
from meshing.labelled_mesh import load_mesh
from tests.verification.shipped_cases import curve

Content = dict[str, Any]
UM = 1e-6
LAYERS: Content = {
    "geometry": {
        "source": "layers",
        "layers": [
            {"phase": "separator", "thickness": 5 * UM, "cells": 2},
            {"phase": "AM", "thickness": 5 * UM, "cells": 4},
        ],
    },
    "materials": {"AM": "NMC622", "separator": "Li6PS5Cl", "counter": "lithium metal"},
    "conduction": {},
    "discharge": {"c_rate": 1.0, "cutoff_voltage": 3.0},
    "output": {"fields": False, "plots": False},
}
SPHERES: Content = LAYERS | {
    "geometry": {
        "source": "spheres",
        "box": [8 * UM, 8 * UM, 8 * UM],
        "matrix": "SE",
        "spheres": [{"phase": "AM", "centre": [4 * UM, 4 * UM, 6 * UM], "radius": 3 * UM}],
    },
    "materials": {"AM": "NMC622", "SE": "Li6PS5Cl", "counter": "lithium metal"},
    "mesh": {"method": "voxel", "cell_size": 1 * UM},
}
POWDERS: Content = LAYERS | {
    "geometry": {
        "source": "manufactured",
        "beads": 20,
        "powders": [
            {"phase": "AM", "weight_fraction": 0.7, "density": 4700.0, "diameters": [10 * UM]},
            {"phase": "SE", "weight_fraction": 0.2, "density": 1640.0, "diameters": [3 * UM]},
        ],
    },
    "materials": {"AM": "NMC622", "SE": "Li6PS5Cl", "counter": "lithium metal"},
}


def changed(case: Content, *overrides: str) -> Content:
    """A copy of a case with some keys set."""
    result = copy.deepcopy(case)
    for override in overrides:
        apply_override(result, override)
    return result


def stacked(position: int, phase: str) -> Content:
    """The layers with one more slab."""
    result = copy.deepcopy(LAYERS)
    result["geometry"]["layers"].insert(position, {"phase": phase, "thickness": UM, "cells": 1})
    return result


def without(case: Content, *path: str) -> Content:
    """A copy of a case without one key."""
    result = copy.deepcopy(case)
    target = result
    for name in path[:-1]:
        target = target[name]
    del target[path[-1]]
    return result


WRONG: list[tuple[Content, str, str, str]] = [  # case, key, found, expected
    (changed(LAYERS, "meshh.cell_size=1e-6"), "meshh", "unknown key", "docs/case_file.md"),
    (changed(LAYERS, "discharge.crate=1.0"), "discharge.crate", "unknown key", "docs/case_file.md"),
    (changed(LAYERS, 'materials.AM="NMC999"'), "materials.AM.name", "NMC999", "NMC622"),
    (changed(LAYERS, 'materials.AM="Li6PS5Cl"'), "materials.AM.name", "Electrolyte", "ActiveMaterial"),
    (changed(LAYERS, 'materials.AM={name="NMC622", sigma=1.0}'), "materials.AM.sigma", "unknown", "diffusivity"),
    (
        changed(LAYERS, "materials.AM.diffusivity=[[0.2, 1.0], [1e-14, 0.0]]"),
        "materials.AM.diffusivity",
        "0",
        "positive",
    ),
    (changed(LAYERS, "materials.AM.diffusivity=[[0.6, 1.0], [1e-14, 1e-14]]"), "stoichiometry window", "0.4", "0.6"),
    (
        changed(LAYERS, "materials.AM.diffusivity_activation_energy=-1.0"),
        "materials.AM.diffusivity_activation_energy",
        "-1",
        "zero or a positive",
    ),
    (
        changed(LAYERS, 'interfaces.counter.kinetics="marcus"'),
        "interfaces.counter",
        "kinetics",
        "reorganisation_energy",
    ),
    (without(LAYERS, "materials", "AM"), "materials.AM", "nothing", "material"),
    (without(LAYERS, "materials", "separator"), "materials.separator", "nothing", "material"),
    (stacked(2, "CBD"), "materials.CBD", "nothing", "material"),
    (changed(LAYERS, 'geometry.layers.1.phase="separator"'), "geometry", "no AM", "active material"),
    (changed(LAYERS, 'geometry.layers.0.phase="AM"'), "geometry", "no SE", "electrolyte"),
    (changed(LAYERS, "geometry.layers.0.thickness=-1e-6"), "geometry.layers[0].thickness", "-1e-06", "greater than 0"),
    (changed(SPHERES, "geometry.spheres.0.radius=0.0"), "geometry.spheres[0].radius", "0.0", "greater than 0"),
    (changed(SPHERES, "mesh.cell_size=-1.0"), "mesh.cell_size", "-1.0", "greater than 0"),
    (changed(LAYERS, "discharge.c_rate=nan"), "discharge.c_rate", "nan", "finite"),
    (changed(LAYERS, "discharge.current_density=1.0"), "discharge", "c_rate", "exactly one"),
    (changed(SPHERES, "geometry.spheres.0.centre=[4e-6, 4e-6, 12e-6]"), "geometry.spheres", "1.2e-05", "8e-06"),
    (changed(SPHERES, "geometry.spheres.0.centre=[-5e-6, 4e-6, 4e-6]"), "geometry.spheres", "-5e-06", "8e-06"),
    (POWDERS, "weight_fraction", "0.9", "sum to 1"),
    (changed(LAYERS, "discharge.cutoff_voltage=4.8"), "discharge.cutoff_voltage", "4.8 V", "below 4.2"),
    (
        changed(LAYERS, "discharge.c_rate=-1.0", "discharge.cutoff_voltage=2.0"),
        "discharge.cutoff_voltage",
        "2.0 V",
        "above",
    ),
    (
        changed(LAYERS, "discharge.c_rate=300.0", "discharge.cutoff_voltage=4.0"),
        "discharge.cutoff_voltage",
        "once the current flows",
        "smaller current",
    ),
    (changed(LAYERS, "discharge.c_rate=1e6"), "discharge.c_rate", "1e+06", "the cell can carry"),
    (changed(LAYERS, "discharge.initial_stoichiometry=0.01"), "discharge.initial_stoichiometry", "0.01", "known"),
    (stacked(2, "void"), "geometry", "no AM or CBD touching the collector", "electronic path"),
    (stacked(0, "void"), "geometry", "no electrolyte joined to the counter", "ionic path"),
    (stacked(1, "void"), "geometry", "no AM that touches both", "common AM|SE area"),
    (changed(LAYERS, "conduction.a.conductivity.SE=1.0"), "conduction.a", "none of which is in", "AM"),
    (changed(LAYERS, "conduction.a.order=4"), "conduction.a.order", "4", "less than or equal to 3"),
    (changed(LAYERS, "conduction.a.order=2"), "conduction.a", "order", "either carrier or conductivity"),
    (changed(LAYERS, "conduction.a.carrier=thermal"), "conduction.a", "carrier", "no material brings that of thermal"),
    (changed(LAYERS, "conduction.a={conductivity={SE=-1.0}}"), "conduction.a.conductivity", "-1", "greater than"),
    (
        changed(LAYERS, "conduction.a={conductivity={SE=[[1.0,2.0,0.0],[2.0,1.0,0.0],[0.0,0.0,1.0]]}}"),
        "conduction.a",
        "conductivity",
        "positive definite",
    ),
    (
        changed(LAYERS, 'conduction.a={carrier="ionic",directions=["x"],lateral="insulated"}'),
        "conduction.a.directions",
        "x",
        "insulated",
    ),
    (
        changed(SPHERES, "geometry.periodic=[true,false,false]", 'conduction.a={carrier="ionic",directions=["y"]}'),
        "conduction.a.directions",
        "y",
        "periodic in y",
    ),
    (
        changed(SPHERES, 'conduction.a={carrier="ionic",resistance={"SE|SE"=1e-3}}'),
        "conduction.a.resistance",
        "SE|SE",
        "mesh.contact_planes",
    ),
    (
        changed(SPHERES, 'interfaces."AM|AM".resistance=1e-3'),
        'interfaces."AM|AM".resistance',
        "0.001",
        "mesh.contact_planes",
    ),
    (
        changed(SPHERES, 'interfaces."AM|AM".lithium="blocked"'),
        'interfaces."AM|AM".lithium',
        "blocked",
        "mesh.contact_planes",
    ),
    (
        changed(LAYERS, 'interfaces."AM|CBD".kinetics="linear"'),
        "interfaces.AM|CBD.kinetics",
        "unknown",
        "",
    ),
    (
        changed(LAYERS, 'interfaces."SE|CBD".resistance=1.0'),
        "interfaces.SE|CBD",
        "unknown",
        "",
    ),
    (
        changed(LAYERS, 'conduction.a={carrier="ionic",resistance={"SE|AM"=1.0}}'),
        "conduction.a.resistance",
        "SE|AM",
        "",
    ),
    (
        changed(LAYERS, 'conduction.a={carrier="ionic",flux_order=1}'),
        "conduction.a",
        "",
        "flux_order with bounds = true only",
    ),
    (changed(LAYERS, 'conduction.a={conductivity_file="none.npy"}'), "none.npy", "No such file", "a readable file"),
]


@pytest.mark.parametrize(("case", "key", "found", "expected"), WRONG, ids=[f"{w[1]}-{k}" for k, w in enumerate(WRONG)])
def test_each_names_key_found_and_expected(case: Content, key: str, found: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        run_in_process(case, tmp_path, MPI.COMM_SELF)
    assert key in caught.value.field
    assert found in str(caught.value.found)
    assert expected in caught.value.expected
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "found", "expected"),
    [
        ("k.csv", "particle,k\n1,2.0\n", "particle,k", "particle_id,conductivity"),
        ("k.csv", "particle_id,conductivity\n1,2.0\n1,3.0\n", "twice", "once"),
        ("k.csv", "particle_id,conductivity\n77,2.0\n", "particle 77", "particles of mesh.h5"),
        ("k.csv", "particle_id,conductivity\n1,-2.0\n", "-2", ">= 0"),
        ("k.csv", "particle_id,xx,yy,zz,xy,xz,yz\n1,1,1,1,2,0,0\n", "-1", ">= 0"),
        ("k.txt", "", "k.txt", ".npy or .h5"),
        ("k.h5", "no HDF5", "k.h5", "readable"),
    ],
)
def test_a_file_of_conductivities_names_what_is_wrong(
    name: str, content: str, found: str, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    case = changed(SPHERES, f'conduction.a={{conductivity_file="{file}"}}')
    with pytest.raises(InputError) as caught:
        run_in_process(without(case, "discharge"), tmp_path / "run", MPI.COMM_SELF)
    assert caught.value.field == "conduction.a.conductivity_file"
    assert found in str(caught.value.found)
    assert expected in caught.value.expected


@pytest.mark.parametrize("case", [LAYERS, SPHERES], ids=["layers", "spheres"])
def test_the_unchanged_cases_are_right(case: Content, tmp_path: Path) -> None:
    """Otherwise every error above could have another cause."""
    found = run_in_process(changed(case, "discharge.maximum_time=1.0"), tmp_path, MPI.COMM_SELF)
    assert found["discharge"]["end_reason"] == "time"


@pytest.mark.mpi
@pytest.mark.parametrize("case", [stacked(2, "void"), changed(LAYERS, "discharge.c_rate=1e6")])
def test_all_ranks_get_the_same_error(case: Content, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    with pytest.raises(InputError) as caught:
        run_in_process(case, shared_tmp_path, comm)
    assert len(set(comm.allgather(str(caught.value)))) == 1


@pytest.mark.mpi
@pytest.mark.parametrize("position", [1, 2])
def test_a_missing_path_is_an_answer_for_conduction(position: int, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    case = without(stacked(position, "void"), "discharge") | {"conduction": {"e": {"carrier": "electronic"}}}
    found = run_in_process(case, shared_tmp_path, comm)["conduction"]["e"]
    assert found["percolates"] is False
    assert found["effective_conductivity_S_m"] == 0.0


def write_csv(path: Path) -> None:
    path.write_text("x,y,z,r,phase\n4,4,6,3,AM\n4,4,2,\n")


def write_hdf5(path: Path) -> None:
    """A packing of which the second half is lost."""
    radius = np.array([3 * UM])
    one = Packing(np.full((1, 3), 4 * UM), radius, np.array([1]), np.array([1]), np.zeros(3), np.full(3, 8 * UM))
    one.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(("name", "write"), [("beads.csv", write_csv), ("beads.h5", write_hdf5)])
def test_truncated_packings(name: str, write: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / name
    write(path)
    geometry = {"source": "packing", "file": str(path), "lower": (0.0,) * 3, "upper": (8 * UM,) * 3, "length_unit": UM}
    with pytest.raises(InputError, match=name):
        run_in_process(SPHERES | {"geometry": geometry}, tmp_path / "out", MPI.COMM_SELF)


@pytest.mark.parametrize(("name", "key"), [("none.h5", "none.h5"), ("beads.xyz", "geometry.file")])
def test_packings_that_cannot_be_read(name: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "beads.xyz").write_text("1\n")
    geometry = {"source": "packing", "file": str(tmp_path / name)}
    with pytest.raises(InputError, match=key):
        run_in_process(SPHERES | {"geometry": geometry}, tmp_path / "out", MPI.COMM_SELF)


def test_a_truncated_mesh(tmp_path: Path) -> None:
    run_in_process(changed(LAYERS, "discharge.maximum_time=1.0"), tmp_path, MPI.COMM_SELF)
    mesh = tmp_path / "mesh.h5"
    mesh.write_bytes(mesh.read_bytes()[:600])
    with pytest.raises(InputError, match=r"mesh\.h5.*unreadable"):
        load_mesh(mesh)


@pytest.mark.mpi
def test_a_directory_that_cannot_be_made(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """A folder below a file can be made by nobody, not even by root."""
    if comm.rank == 0:
        (shared_tmp_path / "file").write_text("")
    comm.barrier()
    with pytest.raises(InputError, match="--out") as caught:
        run_in_process(LAYERS, shared_tmp_path / "file" / "out", comm)
    assert "can be written" in caught.value.expected


@pytest.mark.mpi
def test_a_failure_in_the_middle_keeps_the_curve(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Without a cut-off the active material fills up; the steps until then are on disk, the stage is not done."""
    case = changed(without(LAYERS, "discharge", "cutoff_voltage"), "discharge.tolerance=1e-2")
    with pytest.raises(StageError, match=r"discharge: step \d+ at .* s"):
        run_in_process(case, shared_tmp_path, comm)
    comm.barrier()
    rows = curve(shared_tmp_path)
    assert len(rows["time_s"]) > 5
    assert rows["largest_surface_stoichiometry"][-1] > 0.9
    assert (shared_tmp_path / "stages" / "meshing.json").exists()
    assert not (shared_tmp_path / "stages" / "discharge.json").exists()


@pytest.mark.parametrize(("text", "found"), [(None, "No such file"), ("title = ", "not TOML"), ("title = 3", "3")])
def test_unreadable_case_files(text: str | None, found: str, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_case(path)
    assert found in str(caught.value.found)


@pytest.mark.parametrize("override", ["mesh.cell_size", "=3", "geometry.layers.7.cells=2", "title.x=1"])
def test_overrides_that_make_no_sense(override: str) -> None:
    with pytest.raises(InputError, match="--set"):
        apply_override(copy.deepcopy(LAYERS | {"title": "t"}), override)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("cell.separator_thickness=1e-6", ("cell.separator_thickness", "with layers")),
        ("geometry.layers.0.phase=SE", ("materials.SE", "nothing")),
        ("discharge.first_step=1e-9", ("discharge", "smallest_step")),
        ("discharge.hold_voltage=3.8", ("discharge", "exactly one")),
        ("materials.anode=NMC811", ("materials.anode", "an anode in the geometry")),
    ],
)
def test_contradictions_are_refused(override: str, words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        run_in_process(changed(LAYERS, override), tmp_path, MPI.COMM_SELF)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.mpi
def test_a_film_that_only_one_rank_cannot_solve_ends_on_all(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """The local iteration fails where the surface is; the other ranks must hear of it."""
    overrides = ("discharge.c_rate=1e30", 'interfaces."AM|SE".resistance=1e-3')
    with pytest.raises(InputError, match="discharge.c_rate"):
        run_in_process(changed(LAYERS, *overrides), shared_tmp_path / "out", comm)


@pytest.mark.parametrize(
    ("case", "overrides", "words"),
    [
        ("spheres", ("geometry.box=[8.0, 8.0, 10.0]",), ("mesh.cell_size", "lengths are in metres")),
        ("recipe", ("geometry.beads=10",), ("geometry.beads",)),
        ("recipe", ("cell.separator_thickness=15.0",), ("cell.separator_thickness",)),
    ],
)
def test_lengths_in_micrometres_and_few_beads(
    case: str, overrides: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    content: dict[str, Any] = {
        "spheres": {
            "geometry": {
                "source": "spheres",
                "box": [1e-5, 1e-5, 1e-5],
                "spheres": [{"phase": "SE", "centre": [5e-6, 5e-6, 5e-6], "radius": 3e-6}],
            }
        },
        "recipe": {"geometry": {"source": "manufactured"}},
    }[case]
    with pytest.raises(InputError) as caught:
        run_in_process(changed(content, *overrides), tmp_path, MPI.COMM_SELF)
    for word in words:
        assert word in str(caught.value)


def test_a_misspelt_key_names_the_likely_one() -> None:
    with pytest.raises(InputError, match="perhaps cutoff_voltage"):
        validate_case(changed(LAYERS, "discharge.cutof_voltage=3.0"))


def test_an_override_without_value_removes_the_key() -> None:
    assert "discharge" not in changed(LAYERS, "discharge=")
    assert len(changed(LAYERS, "geometry.layers.0=")["geometry"]["layers"]) == 1
    with pytest.raises(InputError, match="--set"):
        changed(LAYERS, "nothing=")
