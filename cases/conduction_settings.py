"""Case -> settings of the conduction solves: materials, tables of particles and fields of conductivities."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from manufacturing.errors import InputError
from manufacturing.phases import COLLECTOR, Phase
from meshing.labelled_mesh import TOP_FACES, LabelledMesh
from solver.conduction import ConductionSettings
from solver.conduction_problem import Conductivity, conductivity_by_phase

from .cell_contacts import contact_resistances
from .physics import CaseMaterials
from .schema import Case
from .schema_conduction import ConductionSection
from .schema_interfaces import ELECTRONIC_CONTACTS

FloatArray = npt.NDArray[np.float64]

SCALAR = ("particle_id", "conductivity")
TENSOR = ("particle_id", "xx", "yy", "zz", "xy", "xz", "yz")
DATA_SET = "conductivity"
_ROWS = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]])  # column of TENSOR, without the id, of each entry


def conduction_sections(case: Case, materials: CaseMaterials) -> dict[str, ConductionSection]:
    """Return the conduction solves of a case; by default electronic_z and ionic_z where materials are given.

    What a solve leaves open about walls and contacts is that of the cell.
    """
    sections = _given_or_default(case, materials)
    return {name: _as_in_cell(section, case) for name, section in sections.items()}


def _as_in_cell(section: ConductionSection, case: Case) -> ConductionSection:
    contacts = {"electronic": ELECTRONIC_CONTACTS, "ionic": ("SE|SE",)}.get(section.carrier or "", ())
    changes: dict[str, object] = {"resistance": contact_resistances(case, contacts) | section.resistance}
    if section.lateral is None:
        changes["lateral"] = case.cell.lateral
    return section.model_copy(update=changes)


def _given_or_default(case: Case, materials: CaseMaterials) -> dict[str, ConductionSection]:
    if case.conduction is not None:
        return case.conduction
    sections = {}
    if {"AM", "CBD"} & set(materials.by_domain):
        sections["electronic_z"] = ConductionSection(carrier="electronic")
    if "SE" in materials.by_domain:
        sections["ionic_z"] = ConductionSection(carrier="ionic")
    return sections


def conductivities(section: ConductionSection, materials: CaseMaterials) -> dict[Phase, Conductivity]:
    """Return the conductivity of each conducting phase of a solve, numbers or tensors (3, 3)."""
    if section.conductivity or section.conductivity_file is not None:
        given = {Phase[name]: value for name, value in section.conductivity.items()}
        return {
            phase: np.array(value) if isinstance(value, tuple) else value for phase, value in given.items() if value
        }
    if section.carrier == "electronic":
        return {p: s for p, s in materials.electronic().items() if p != Phase.anode}
    return {p: s for p, s in materials.ionic().items() if p == Phase.SE}


def conduction_settings(
    name: str, section: ConductionSection, materials: CaseMaterials, mesh: LabelledMesh, folder: Path
) -> ConductionSettings:
    """Return the settings of one solve.

    Raises:
        InputError: the file of conductivities does not fit the mesh.
    """
    by_phase = conductivities(section, materials)
    return ConductionSettings(
        name,
        by_phase,
        section.order,
        section.walls == "periodic",
        top_faces=TOP_FACES if section.carrier == "ionic" else (COLLECTOR,),
        directions=section.directions,
        periodic_z=section.z_walls == "periodic",
        cell_conductivities=_from_file(name, section, mesh, by_phase, folder),
        quantity=section.quantity,
        unit=section.conductivity_unit,
        resistances={str(name): value for name, value in section.resistance.items()},
        currents=section.currents,
        flux_order=section.bounding_order,
    )


def check_conductivity_file(name: str, section: ConductionSection, folder: Path) -> None:
    """Refuse a file that is missing, of no known kind or without usable numbers, before there is a mesh.

    Raises:
        InputError: names the key.
    """
    if section.conductivity_file is not None:
        key = f"conduction.{name}.conductivity_file"
        path = folder / section.conductivity_file
        (_read_table if path.suffix == ".csv" else _read_cells)(path, key)


def _from_file(
    name: str, section: ConductionSection, mesh: LabelledMesh, by_phase: dict[Phase, Conductivity], folder: Path
) -> FloatArray | None:
    if section.conductivity_file is None:
        return None
    key, path = f"conduction.{name}.conductivity_file", folder / section.conductivity_file
    if path.suffix == ".csv":
        return _by_particle(mesh, by_phase, *_read_table(path, key), key)
    values = _read_cells(path, key)
    if len(values) != len(mesh.cells):
        raise InputError(key, f"{len(values)} entries", f"{len(mesh.cells)}, one for each cell of mesh.h5")
    outside = (mesh.phases == Phase.separator) | (mesh.phases == Phase.anode)
    return np.where(outside.reshape(-1, *[1] * (values.ndim - 1)), 0.0, values)


def _by_particle(
    mesh: LabelledMesh, by_phase: dict[Phase, Conductivity], ids: FloatArray, values: FloatArray, key: str
) -> FloatArray:
    """Return cell values: those of the table on its particles, those of the phases elsewhere."""
    unknown = np.setdiff1d(ids, mesh.particle_ids)
    if len(unknown):
        raise InputError(key, f"particle {int(unknown[0])}", "particles of mesh.h5")
    cells = conductivity_by_phase(mesh, by_phase)
    if cells.ndim != values.ndim:
        cells, values = (_as_tensors(a) for a in (cells, values))
    order = np.argsort(ids)
    place = np.searchsorted(ids[order], mesh.particle_ids).clip(max=len(ids) - 1)
    listed = ids[order][place] == mesh.particle_ids
    cells[listed] = values[order][place[listed]]
    return cells


def _as_tensors(values: FloatArray) -> FloatArray:
    return values if values.ndim == 3 else values[:, None, None] * np.eye(3)


def _read_table(path: Path, key: str) -> tuple[FloatArray, FloatArray]:
    """Return particle ids (n,) and their conductivities, (n,) or (n, 3, 3)."""
    try:
        with path.open(newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        table = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
    except (OSError, ValueError) as error:
        raise InputError(key, f"{path.name} ({error})", "a readable table of numbers") from error
    names = tuple(cell.strip() for cell in header)
    if names not in (SCALAR, TENSOR) or table.shape[1] != len(names) or len(table) == 0:
        raise InputError(key, ",".join(names), f"rows under the header {','.join(SCALAR)} or {','.join(TENSOR)}")
    if len(np.unique(table[:, 0])) != len(table):
        raise InputError(key, "a particle twice", "each particle once")
    values = table[:, 1] if names == SCALAR else table[:, 1:][:, _ROWS]
    return table[:, 0], _checked(values, key)


def _read_cells(path: Path, key: str) -> FloatArray:
    """Return the array of an .npy or .h5 file, (n,) or (n, 3, 3)."""
    try:
        if path.suffix == ".npy":
            values = np.asarray(np.load(path), dtype=np.float64)
        elif path.suffix == ".h5":
            with h5py.File(path, "r") as file:
                values = np.asarray(file[DATA_SET][()], dtype=np.float64)
        else:
            raise InputError(key, path.name, "a file ending in .csv, .npy or .h5")
    except (OSError, KeyError, ValueError) as error:
        raise InputError(key, f"{path.name} ({error})", "a readable file of numbers") from error
    if values.ndim != 1 and values.shape[1:] != (3, 3):
        raise InputError(key, f"an array of shape {values.shape}", "shape (cells,) or (cells, 3, 3)")
    return _checked(values, key)


def _checked(values: FloatArray, key: str) -> FloatArray:
    """Refuse numbers that are no conductivities."""
    if not np.isfinite(values).all():
        raise InputError(key, "a value that is no number", "finite numbers")
    smallest = values if values.ndim == 1 else np.linalg.eigvalsh(values)[:, 0]
    if values.ndim == 3 and not np.allclose(values, values.transpose(0, 2, 1), rtol=1e-12, atol=0.0):
        raise InputError(key, "a tensor that is not symmetric", "symmetric tensors")
    if (smallest < 0.0).any():
        raise InputError(key, f"{smallest.min():g}", "conductivities >= 0")
    return values
