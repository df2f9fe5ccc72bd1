"""Tables and facets of a discharge at the kept instants: lithium along z and by particle, current by area."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import meshio
import numpy as np

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from solver.active_network import ActiveNetwork
from solver.discharge_records import Snapshot
from solver.lithiation import Columns, current_distribution, lithiation_profile, particle_lithiation

from .field_files import remove_instants

NAMES = ("lithiation", "particles")


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
        for stem in ("interface_", "discharge_*_"):
            remove_instants(self.out / "fields", stem, 0)

    def write(self, number: int, snapshot: Snapshot, fields: bool) -> None:
        """Write the tables of an instant, and its facets where fields are wanted."""
        if snapshot.surface is None:
            return
        folder, ending = self.out / "curves", f"_{number:02d}.csv"
        profile = lithiation_profile(self.mesh, snapshot.stoichiometry)
        instant = {"time_s": np.full(len(profile["z_m"]), snapshot.time)}
        write_columns(folder / f"lithiation{ending}", instant | profile)
        particles = particle_lithiation(self.mesh, self.network, snapshot.stoichiometry, snapshot.surface)
        write_columns(folder / f"particles{ending}", particles)
        if fields:
            self._facets(snapshot).write(self.out / "fields" / f"interface_{number:02d}.vtu")

    def figures(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the distribution of the current and what is inactive, for the summary."""
        if snapshot.surface is None:
            return {}
        particles = particle_lithiation(self.mesh, self.network, snapshot.stoichiometry, snapshot.surface)
        alone = particles["inactive"] > 0.0
        return {
            "interface_current": current_distribution(self.mesh, self.network, snapshot.surface),
            "inactive_particles": int(alone.sum()),
            "inactive_AM_volume_fraction": float(particles["volume_m3"][alone].sum() / particles["volume_m3"].sum()),
        }

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
    """Write a table; what is not a number stays empty."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            writer.writerow(["" if np.isnan(value) else json.dumps(value) for value in row])
