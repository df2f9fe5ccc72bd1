"""What a run directory holds for plots, each file read once and only when asked for."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import numpy.typing as npt

from manufacturing.flow_curve import FlowCurve, read_flow_curve
from manufacturing.packing import Packing, load_packing
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh, load_mesh

from .plots_plane_cut import PlaneCut, cut_tetrahedra, cut_triangles

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
DEGREE_FILE = re.compile(r"packing_calendered_(\d+(?:\.\d+)?)\.h5")
TEXT_COLUMNS = ("name", "reason")
CUT_AXIS = 1  # sections are normal to y, through the middle of the box


@dataclass(frozen=True)
class Section:
    """The cut of a labelled mesh with the plane y = L/2."""

    polygons: FloatArray  # (n, 4, 2) x and z of the corners [m]
    phases: IntArray  # (n,) members of Phase
    interfaces: FloatArray  # (m, 2, 2) x and z of the ends of the lines between different phases [m]
    cut: PlaneCut


@dataclass(frozen=True)
class ConductionField:
    """The potential of one conduction solve on the cells that conduct."""

    name: str
    vertices: FloatArray  # (nv, 3) [m]
    cells: IntArray  # (nc, 4)
    potential: FloatArray  # (nv,) [V]


@dataclass(frozen=True)
class DischargeFields:
    """Fields at the kept instants of a discharge; NaN where a field does not live."""

    times: FloatArray  # (k,) [s]
    utilisations: FloatArray  # (k,)
    ionic_potential: FloatArray  # (k, nv) [V]
    stoichiometry: FloatArray  # (k, nv)


@dataclass(frozen=True)
class RunFiles:
    """The files of a finished run."""

    out: Path

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The numbers of the run; empty without a summary."""
        path = self.out / "summary.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    @cached_property
    def packing(self) -> Packing | None:
        """The particles, None for a geometry without."""
        path = self.out / "packing.h5"
        return load_packing(path) if path.exists() else None

    def stage_packing(self, name: str) -> Packing | None:
        """Return the packing that a manufacturing stage left, None without; ``name`` such as `dried`."""
        path = self.out / "stages" / f"packing_{name}.h5"
        return load_packing(path) if path.exists() else None

    @cached_property
    def calendered_degrees(self) -> dict[float, str]:
        """Degrees of calendering [%] whose film was kept, in order, with the name of each for `stage_packing`."""
        found = {}
        for path in (self.out / "stages").glob("packing_calendered_*.h5"):
            match = DEGREE_FILE.fullmatch(path.name)
            if match is not None:
                found[float(match[1])] = path.stem.removeprefix("packing_")
        return dict(sorted(found.items()))

    @cached_property
    def manufacturing(self) -> dict[str, Any]:
        """The numbers of the manufacturing chain; empty without."""
        return dict(self.summary.get("manufacturing", {}))

    @cached_property
    def recipe(self) -> str:
        """Name of the shipped recipe that was manufactured; empty for an own recipe or without a manifest."""
        path = self.out / "manifest.json"
        geometry = json.loads(path.read_text())["case"].get("geometry", {}) if path.exists() else {}
        return "" if geometry.get("powders") else str(geometry.get("recipe", ""))

    @cached_property
    def flow_curve(self) -> FlowCurve | None:
        """The flow curve of the slurry, None without a finished rate."""
        path = self.out / "curves" / "flow_curve.csv"
        curve = read_flow_curve(path) if path.exists() else None
        return curve if curve is not None and curve.points else None

    @cached_property
    def mesh(self) -> LabelledMesh | None:
        """The labelled mesh, None before meshing."""
        path = self.out / "mesh.h5"
        return load_mesh(path) if path.exists() else None

    @cached_property
    def section(self) -> Section | None:
        """The cut through the middle of the mesh."""
        if self.mesh is None:
            return None
        mesh = self.mesh
        position = middle(mesh)
        cut = cut_tetrahedra(mesh.vertices, mesh.cells, CUT_AXIS, position)
        tags = [k for k, name in enumerate(mesh.facet_names) if "|" in name]
        lines = cut_triangles(mesh.vertices, mesh.facets[np.isin(mesh.facet_tags, tags)], CUT_AXIS, position)
        flat = mesh.vertices[:, ::2]
        return Section(cut.at_corners(flat), mesh.phases[cut.owners], lines.at_corners(flat), cut)

    @cached_property
    def discharge_fields(self) -> DischargeFields | None:
        """The kept fields of the discharge, None without."""
        path = self.out / "fields" / "discharge_snapshots.npz"
        if self.mesh is None or "discharge" not in self.summary or not path.exists():
            return None
        with np.load(path) as data:
            names = ("times", "utilisations", "ionic_potential", "stoichiometry")
            fields = DischargeFields(**{name: data[name] for name in names})
        return fields if fields.stoichiometry.shape[1] == len(self.mesh.vertices) else None

    @cached_property
    def conduction_fields(self) -> tuple[ConductionField, ...]:
        """The potentials of the conduction solves, in the order of the summary."""
        fields = []
        for name, numbers in self.summary.get("conduction", {}).items():
            path = self.out / "fields" / f"conduction_{name}.vtu"
            if path.exists():
                fields.append(_read_conduction(path, name, numbers.get("volume_fraction", {})))
        return tuple(fields)

    def curve(self, name: str) -> dict[str, FloatArray] | None:
        """Return the columns of numbers in ``curves/<name>.csv`` by header, NaN where empty; None without rows."""
        path = self.out / "curves" / f"{name}.csv"
        if not path.exists():
            return None
        with path.open(newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        if not rows:
            return None
        columns = zip(header, zip(*rows, strict=True), strict=True)
        return {
            title: np.array([c or "nan" for c in cells], dtype=np.float64)
            for title, cells in columns
            if title not in TEXT_COLUMNS
        }


def middle(mesh: LabelledMesh) -> float:
    """Return the position of the section, halfway between the walls [m]."""
    return float(0.5 * (mesh.lower[CUT_AXIS] + mesh.upper[CUT_AXIS]))


def _read_conduction(path: Path, name: str, conductors: dict[str, float]) -> ConductionField:
    """Keep the cells of the conducting phases; others have all corners on a conductor by chance only."""
    data = meshio.read(path)
    phases = data.cell_data["phase"][0]
    keep = np.isin(phases, [int(Phase[p]) for p in conductors])
    cells = data.cells_dict["tetra"][keep].astype(np.int64)
    return ConductionField(name, np.asarray(data.points), cells, np.asarray(data.point_data["potential_V"]))
