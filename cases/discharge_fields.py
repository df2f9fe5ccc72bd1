"""Fields of a discharge at the kept instants for ParaView, and in one file for plots."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from meshing.labelled_mesh import LabelledMesh
from solver.active_network import ActiveNetwork
from solver.discharge_records import Snapshot
from solver.half_cell import ELECTRONIC_FIELD, IONIC_FIELD, LITHIUM_FIELD

from .field_files import remove_instants, unwritten, write_collection, write_part

FloatArray = npt.NDArray[np.float64]

SNAPSHOTS = "discharge_snapshots.npz"
# Domain of a file: number of its field, attribute of a snapshot, name in the file.
DOMAINS = {
    "electrolyte": (IONIC_FIELD, "ionic_potential", "ionic_potential_V"),
    "conductors": (ELECTRONIC_FIELD, "electronic_potential", "electronic_potential_V"),
    "active_material": (LITHIUM_FIELD, "stoichiometry", "stoichiometry"),
}


@dataclass(frozen=True)
class DischargeFieldFiles:
    """Writes the fields (rank 0 only).

    Beside contacts with a resistance, necks that block lithium and points in which particles only touch, each side has
    points of its own, so that the jump is there.

    Args:
        folder: of the fields.
        mesh: labelled mesh.
        network: what takes part.
    """

    folder: Path
    mesh: LabelledMesh
    network: ActiveNetwork

    def write(self, snapshots: Sequence[Snapshot]) -> None:
        """Write the last instant, earlier ones whose files are missing, and what shows all of them.

        Compression takes most of the time and lets other threads run: the domains are written side by side.
        """
        remove_instants(self.folder, "discharge_*_", len(snapshots))
        with ThreadPoolExecutor(len(DOMAINS)) as pool:
            for done in [pool.submit(self._write_instants, domain, snapshots) for domain in DOMAINS]:
                done.result()
        if snapshots:
            self._write_for_plots(snapshots)

    def _write_instants(self, domain: str, snapshots: Sequence[Snapshot]) -> None:
        """Write one file per instant and a .pvd index of one domain."""
        files = [self.folder / f"discharge_{domain}_{k:02d}.vtu" for k in range(len(snapshots))]
        for k in unwritten(files):
            self._write_domain(domain, snapshots[k], files[k])
        write_collection(self.folder / f"discharge_{domain}.pvd", files, [s.time for s in snapshots])

    def _write_domain(self, domain: str, snapshot: Snapshot, file: Path) -> None:
        """Write a field on the split mesh of its own cells."""
        number, attribute, title = DOMAINS[domain]
        field = self.network.fields[number]
        cells = np.flatnonzero(field.member)
        points = self.mesh.vertices[field.split.origin(self.mesh)]
        by_cell = {name: values[cells] for name, values in _currents(domain, snapshot).items()}
        by_cell["phase"] = self.mesh.phases[cells].astype(np.int32)
        nodal = {title: getattr(snapshot, attribute)}
        write_part(points, field.split.cells_of(self.mesh, cells), nodal, by_cell, file)

    def _write_for_plots(self, snapshots: Sequence[Snapshot]) -> None:
        """Write the fields at the labelled vertices, means of both sides where they jump."""
        columns: dict[str, Any] = {
            attribute: np.array(
                [self.network.fields[number].at_vertices(self.mesh, getattr(s, attribute)) for s in snapshots]
            )
            for number, attribute, _ in DOMAINS.values()
        }
        columns["times"] = np.array([s.time for s in snapshots])
        columns["utilisations"] = np.array([s.utilisation for s in snapshots])
        np.savez_compressed(self.folder / SNAPSHOTS, **columns)


def _currents(domain: str, snapshot: Snapshot) -> dict[str, FloatArray]:
    """Return the current densities that belong to a domain."""
    if snapshot.currents is None or domain == "active_material":
        return {}
    ionic = domain == "electrolyte"
    values = snapshot.currents.ionic if ionic else snapshot.currents.electronic
    return {f"{'ionic' if ionic else 'electronic'}_current_density_A_m2": values}
