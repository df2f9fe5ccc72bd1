"""The mesh in the files of others: DOLFINx reads it in slices, meshio and gmsh read the same cells and names.

Seen to fail with: facets numbered from 1 in the description, particles read as phases, names missing in the
description, no phase in the files of meshio, groups of one name for both walls, vertices in micrometres.
"""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import meshio
import numpy as np
import pytest
import ufl
from dolfinx import fem, io
from mpi4py import MPI

from cases.command_line import main
from cases.mesh_files import write_mesh
from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.phases import Phase
from meshing.collector_contact import CollectorContact
from meshing.delamination import Delamination
from meshing.facets import triangle_areas
from meshing.labelled_mesh import LabelledMesh, load_mesh, tetrahedron_volumes
from meshing.lattice_cut import LatticeCutSettings, mesh_packing
from meshing.xdmf_file import write_xdmf

UM = 1e-6


def cell() -> LabelledMesh:
    """Three touching spheres over a separator, half a collector, a third of AM|SE delaminated."""
    centres = UM * np.array([[1.0, 3.0, 2.0], [4.0, 3.0, 2.6], [3.0, 0.2, 4.9]])
    phases = np.array([Phase.AM, Phase.SE, Phase.CBD], dtype=np.int64)
    packing = Packing(
        centres, UM * np.array([1.9, 1.6, 1.4]), phases, np.array([7, 8, 9]), np.zeros(3), np.full(3, 6.0 * UM)
    )
    mesh = mesh_packing(packing, LatticeCutSettings(cell_size=0.75 * UM, separator_thickness=1.5 * UM))
    return Delamination(0.3, patch_radius=0.5 * UM).apply(CollectorContact(0.5, pitch=3.0 * UM).apply(mesh))


@pytest.fixture
def saved(shared_tmp_path: Path, comm: MPI.Intracomm) -> Path:
    """The saved mesh with its description, on all ranks."""
    path = shared_tmp_path / "mesh.h5"
    if comm.rank == 0:
        cell().save(path)
        write_xdmf(path)
    comm.Barrier()
    return path


@pytest.mark.mpi
def test_dolfinx_reads_volumes_and_areas_by_name(saved: Path, comm: MPI.Intracomm) -> None:
    """Integrals over every phase, particle and named facet set, on meshes that DOLFINx read and distributed itself."""
    labelled = load_mesh(saved)
    with io.XDMFFile(comm, str(saved.with_suffix(".xdmf")), "r") as file:
        mesh = file.read_mesh(name="mesh")
        for pair in ((2, 3), (2, 0)):
            mesh.topology.create_connectivity(*pair)
        phases, particles = file.read_meshtags(mesh, "phases"), file.read_meshtags(mesh, "particle_ids")
        facets = file.read_meshtags(mesh, "facet_tags")
        phase_names, facet_names = (json.loads(file.read_information(name)) for name in ("phases", "facet_tags"))
    owned = mesh.topology.index_map(3).size_local
    assert comm.allreduce(owned) == len(labelled.cells)
    assert owned < len(labelled.cells) or comm.size == 1
    one = fem.Constant(mesh, 1.0)

    def total(form: ufl.Form) -> float:
        return float(comm.allreduce(fem.assemble_scalar(fem.form(form))))

    volumes = labelled.volumes()
    of_phase, of_particle = (ufl.Measure("dx", mesh, subdomain_data=tags) for tags in (phases, particles))
    for name in ("AM", "SE", "CBD", "void", "separator"):
        expected = volumes[labelled.phases == Phase[name]].sum()
        assert total(one * of_phase(phase_names[name])) == pytest.approx(expected, rel=1e-12, abs=0)
    for particle in (7, 8, 9):
        expected = volumes[labelled.particle_ids == particle].sum()
        assert total(one * of_particle(particle)) == pytest.approx(expected, rel=1e-12, abs=0)
    inner, outer = (ufl.Measure(kind, mesh, subdomain_data=facets) for kind in ("dS", "ds"))
    assert {"AM|SE", "AM|SE_delaminated", "collector", "collector_uncovered", "x+"} <= set(facet_names)
    for name, tag in facet_names.items():
        found = total(one("+") * inner(tag)) + total(one * outer(tag))
        assert found == pytest.approx(labelled.area(name), rel=1e-12, abs=1e-30)


def test_other_files_are_not_described(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["format"] = "something"
    with pytest.raises(InputError, match="granode-mesh"):
        write_xdmf(tmp_path / "other.h5")
    with pytest.raises(InputError, match="missing.h5"):
        write_xdmf(tmp_path / "missing.h5")


def phase_volumes(mesh: meshio.Mesh) -> dict[int, float]:
    """Volume by phase of what meshio read."""
    tetrahedra = np.concatenate([block.data for block in mesh.cells if block.type == "tetra"]).astype(np.int64)
    blocks = zip(mesh.cells, mesh.cell_data["phase"], strict=True)
    phases = np.concatenate([values.ravel() for block, values in blocks if block.type == "tetra"])
    volumes = np.abs(tetrahedron_volumes(mesh.points, tetrahedra))
    return {int(p): float(volumes[phases == p].sum()) for p in np.unique(phases)}


@pytest.mark.parametrize("ending", [".vtu", ".vtk"])
def test_vtk_files_keep_cells_and_values(tmp_path: Path, ending: str) -> None:
    mesh, path = cell(), tmp_path / f"mesh{ending}"
    assert write_mesh(mesh, path) == [path]
    found = meshio.read(path)
    volumes = mesh.volumes()
    expected = {int(p): volumes[mesh.phases == p].sum() for p in np.unique(mesh.phases)}
    assert phase_volumes(found) == pytest.approx(expected, rel=1e-9, abs=0)
    blocks = list(zip(found.cells, found.cell_data["facet"], strict=True))
    triangles = np.concatenate([b.data for b, _ in blocks if b.type == "triangle"]).astype(np.int64)
    tags = np.concatenate([values.ravel() for b, values in blocks if b.type == "triangle"])
    areas = triangle_areas(found.points, triangles)
    for tag, name in enumerate(mesh.facet_names):
        assert areas[tags == tag].sum() == pytest.approx(mesh.area(name), rel=1e-9, abs=1e-30)


def test_abaqus_groups_have_the_names(tmp_path: Path) -> None:
    mesh = cell()
    write_mesh(mesh, tmp_path / "mesh.inp")
    groups = {name.lower(): parts for name, parts in meshio.read(tmp_path / "mesh.inp").cell_sets.items()}
    sizes = {name: sum(len(part) for part in parts if part is not None) for name, parts in groups.items()}
    for phase in ("AM", "SE", "CBD", "void", "separator"):
        assert sizes[phase.lower()] == (mesh.phases == Phase[phase]).sum()
    for name, group in (("AM|SE", "am_se"), ("x-", "x_low"), ("x+", "x_high"), ("collector", "collector")):
        assert sizes[group] == len(mesh.named(name))


def test_gmsh_file_has_physical_names(tmp_path: Path) -> None:
    mesh = cell()
    write_mesh(mesh, tmp_path / "mesh.msh")
    found = meshio.read(tmp_path / "mesh.msh")
    names = {name: tag for name, (tag, _) in found.field_data.items()}
    physical = [values.ravel() for values in found.cell_data["gmsh:physical"]]
    count = {
        name: sum(
            int((v == tag).sum())
            for b, v in zip(found.cells, physical, strict=True)
            if (b.type == "tetra") == (name in Phase.__members__)
        )
        for name, tag in names.items()
    }
    assert count["AM"] == (mesh.phases == Phase.AM).sum()
    for name in ("AM|SE", "AM|SE_delaminated", "collector_uncovered", "y+"):
        assert count[name] == len(mesh.named(name))


def test_the_command_shows_and_converts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mesh, path = cell(), tmp_path / "mesh.h5"
    mesh.save(path)
    assert main(["mesh", str(path), "--write", str(tmp_path / "copy.xdmf")]) == 0
    shown = capsys.readouterr().out
    assert "periodic: xy" in shown
    assert f"{mesh.area('AM|SE') / UM**2:.4f} um2" in shown
    assert np.array_equal(load_mesh(tmp_path / "copy.h5").cells, mesh.cells)
    assert "copy.h5:/cells" in (tmp_path / "copy.xdmf").read_text()
    assert main(["mesh", str(path), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["cells"] == len(mesh.cells)
    assert figures["collector_contact"]["wanted_fraction"] == 0.5
    assert main(["mesh", str(path), "--write", str(tmp_path / "mesh.none")]) == 2
    assert "ending" in capsys.readouterr().err
    assert main(["mesh", str(tmp_path / "nothing.h5")]) == 2
