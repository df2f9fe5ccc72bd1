"""Fields for ParaView: VTK files of the labelled mesh and of what lives on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import meshio
import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase
from meshing.compaction import compacted
from meshing.labelled_mesh import LabelledMesh
from solver.conduction import ConductionField
from solver.discharge_records import Snapshot

FloatArray = npt.NDArray[np.float64]


def write_mesh_fields(mesh: LabelledMesh, folder: Path) -> None:
    """Write ``mesh.vtu``: all cells with phase and particle id."""
    cells = {"phase": [mesh.phases.astype(np.int32)], "particle_id": [mesh.particle_ids.astype(np.int32)]}
    meshio.Mesh(mesh.vertices, [("tetra", mesh.cells)], cell_data=cells).write(folder / "mesh.vtu")


def write_conduction_fields(name: str, fields: dict[str, ConductionField], folder: Path) -> None:
    """Write ``conduction_<name>.vtu``: potential [V] and current density [A/m2] where current flows (rank 0 only).

    Directions besides the main one (z, else the first) end in their letter: ``conduction_<name>_x.vtu``.
    """
    main = "z" if "z" in fields else next(iter(fields), "z")
    for direction, field in fields.items():
        ending = "" if direction == main else f"_{direction}"
        current = {} if field.current_density is None else {"current_density": field.current_density}
        _write_part(field.mesh, {"potential_V": field.potential}, folder / f"conduction_{name}{ending}.vtu", current)


def write_snapshots(mesh: LabelledMesh, snapshots: list[Snapshot], folder: Path) -> None:
    """Write the fields of a discharge, one file per domain and instant, and a .pvd index per domain.

    Instants of a run that goes on come without current densities: their files are left as they are.
    """
    remove_instants(folder, "discharge_*_", len(snapshots))
    domains = {
        "electrolyte": "ionic_potential",
        "conductors": "electronic_potential",
        "active_material": "stoichiometry",
    }
    units = {"ionic_potential": "ionic_potential_V", "electronic_potential": "electronic_potential_V"}
    for domain, name in domains.items():
        entries = []
        for k, snapshot in enumerate(snapshots):
            file = folder / f"discharge_{domain}_{k:02d}.vtu"
            if snapshot.currents is not None or not file.exists():
                by_cell = _cell_fields(domain, snapshot)
                _write_part(mesh, {units.get(name, name): getattr(snapshot, name)}, file, by_cell)
            entries.append(f'    <DataSet timestep="{snapshot.time:.9g}" file="{file.name}"/>')
        text = [
            '<?xml version="1.0"?>',
            '<VTKFile type="Collection" version="0.1">',
            "  <Collection>",
            *entries,
            "  </Collection>",
            "</VTKFile>",
            "",
        ]
        (folder / f"discharge_{domain}.pvd").write_text("\n".join(text))
    if snapshots:
        columns: dict[str, Any] = {name: np.array([getattr(s, name) for s in snapshots]) for name in domains.values()}
        columns["times"] = np.array([s.time for s in snapshots])
        columns["utilisations"] = np.array([s.utilisation for s in snapshots])
        np.savez_compressed(folder / "discharge_snapshots.npz", **columns)


def remove_instants(folder: Path, stem: str, first: int) -> None:
    """Remove the VTK files of instants from a number on, those of an earlier run."""
    for path in folder.glob(f"{stem}[0-9]*.vtu"):
        if int(path.stem.rsplit("_", 1)[1]) >= first:
            path.unlink()


def _cell_fields(domain: str, snapshot: Snapshot) -> dict[str, FloatArray]:
    """Return the current densities that belong to a domain."""
    if snapshot.currents is None or domain == "active_material":
        return {}
    ionic = domain == "electrolyte"
    values = snapshot.currents.ionic if ionic else snapshot.currents.electronic
    return {f"{'ionic' if ionic else 'electronic'}_current_density_A_m2": values}


def _write_part(
    mesh: LabelledMesh, fields: dict[str, FloatArray], file: Path, cell_fields: dict[str, FloatArray] | None = None
) -> None:
    """Write the cells on whose vertices the fields (and in which the cell fields) are known."""
    by_cell = cell_fields or {}
    known = np.isfinite(next(iter(fields.values())))[mesh.cells].all(axis=1) & (mesh.phases != Phase.void)
    for values in by_cell.values():
        known &= np.isfinite(values).all(axis=1)
    cells = np.flatnonzero(known)
    used, corners = compacted(mesh.cells[cells], len(mesh.vertices))
    data = {name: values[used] for name, values in fields.items()}
    # Compression is most of the time of writing: half as many bytes where seven digits do.
    by_known_cell = {name: [values[cells].astype(np.float32)] for name, values in by_cell.items()}
    part = meshio.Mesh(
        mesh.vertices[used],
        [("tetra", corners.astype(np.int32))],
        point_data=data,
        cell_data={"phase": [mesh.phases[cells].astype(np.int32)]} | by_known_cell,
    )
    part.write(file)
