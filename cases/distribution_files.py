"""Tables and facets of a discharge at the kept instants: lithium along z and by particle, current by area."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from solver.active_network import ActiveNetwork
from solver.discharge_records import Snapshot
from solver.half_cell import LITHIUM_FIELD
from solver.interface_distribution import current_by_area, current_distribution
from solver.lithiation import Columns, inactive_material, lithiation_profile, particle_lithiation

from .field_files import remove_instants, unwritten, write_collection, write_whole

FloatArray = npt.NDArray[np.float64]

INSTANTS = "instants.csv"
NAMES = ("lithiation", "particles", "interface_current")


@dataclass(frozen=True)
class DistributionFiles:
    """Writes what the instants tell (rank 0 only).

    Args:
        out: directory of the run.
        mesh: labelled mesh.
        network: what takes part.
    """

    out: Path
    mesh: LabelledMesh
    network: ActiveNetwork

    def clear(self) -> None:
        """Remove the files of an earlier run."""
        for name in NAMES:
            for stale in (self.out / "curves").glob(f"{name}_[0-9]*.csv"):
                stale.unlink()
        (self.out / "curves" / INSTANTS).unlink(missing_ok=True)
        for stem in ("interface_", "discharge_*_"):
            remove_instants(self.out / "fields", stem, 0)

    def write(self, snapshots: Sequence[Snapshot]) -> None:
        """Write the tables of the last instant and of earlier ones that are missing, and the list of all."""
        names = ("time_s", "utilisation", "voltage_V")
        values = zip(*((s.time, s.utilisation, s.voltage) for s in snapshots), strict=True)
        columns = {name: np.array(column) for name, column in zip(names, values, strict=True)}
        write_columns(self.out / "curves" / INSTANTS, {"number": np.arange(len(snapshots))} | columns)
        for k in unwritten([self._table(NAMES[-1], k) for k in range(len(snapshots))]):
            self._write_tables(k, snapshots[k])

    def _table(self, name: str, number: int) -> Path:
        return self.out / "curves" / f"{name}_{number:02d}.csv"

    def _write_tables(self, number: int, snapshot: Snapshot) -> None:
        if snapshot.surface is None:
            return
        tables = {
            "lithiation": lithiation_profile(self.mesh, self._stoichiometry(snapshot)),
            "particles": self._particles(snapshot),
            "interface_current": current_by_area(self.mesh, self.network, snapshot.surface),
        }
        for name, columns in tables.items():
            count = len(next(iter(columns.values())))
            instant = {} if name == "particles" else {"time_s": np.full(count, snapshot.time)}
            write_columns(self._table(name, number), instant | columns)

    def write_facets(self, snapshots: Sequence[Snapshot]) -> None:
        """Write the reactive facets of the last instant and of earlier ones that are missing, and the index of all."""
        folder = self.out / "fields"
        files = [folder / f"interface_{k:02d}.vtu" for k in range(len(snapshots))]
        for k in unwritten(files):
            if snapshots[k].surface is not None:
                write_whole(self._facets(snapshots[k]), files[k])
        write_collection(folder / "interface.pvd", files, [s.time for s in snapshots])

    def figures(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the distribution of the current and what is inactive, for the summary."""
        if snapshot.surface is None:
            return {}
        distribution = current_distribution(self.mesh, self.network, snapshot.surface)
        inactive = inactive_material(self.mesh, self.network, self._particles(snapshot)["reason"])
        return {"interface_current": distribution} | inactive

    def _stoichiometry(self, snapshot: Snapshot) -> FloatArray:
        return self.network.fields[LITHIUM_FIELD].at_corners(self.mesh, snapshot.stoichiometry)

    def _particles(self, snapshot: Snapshot) -> Columns:
        assert snapshot.surface is not None
        return particle_lithiation(self.mesh, self.network, self._stoichiometry(snapshot), snapshot.surface)

    def _facets(self, snapshot: Snapshot) -> meshio.Mesh:
        """Return the reactive facets of the working electrode with the means of their corners."""
        assert snapshot.surface is not None
        sides = next(s.sides for s in self.network.surfaces if s.material == Phase.AM)
        used, compact = np.unique(sides.first, return_inverse=True)
        data = {
            "current_density_A_m2": [snapshot.surface.current.mean(axis=1)],
            "overpotential_V": [snapshot.surface.overpotential.mean(axis=1)],
            "stoichiometry": [snapshot.surface.stoichiometry.mean(axis=1)],
            "particle_id": [self.mesh.particle_ids[sides.cells[:, 0]].astype(np.int32)],
        }
        return meshio.Mesh(self.mesh.vertices[used], [("triangle", compact.reshape(-1, 3))], cell_data=data)


def write_columns(path: Path, columns: Columns) -> None:
    """Write a table; what is not a number stays empty, words are written as they are."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            writer.writerow([_cell(value) for value in row])


def _cell(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "" if np.isnan(value) else json.dumps(value)
