"""Parts of the exact LAMMPS input of a stage, which plain ``lmp`` runs again: start and end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .configuration import Configuration

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MICROMETRE = 1e-6
PICOGRAM = 1e-15
UNITS = "units micro: length um, time us, mass pg, energy fJ, pressure kPa"


def final_commands(name: str) -> tuple[str, ...]:
    """Return the commands that write the final state beside a script."""
    return (
        "",
        "# the final state",
        f"write_data {name}.final.data nocoeff",
        f"write_dump all custom {name}.final.dump id type x y z radius modify sort id format float %.17g",
    )


def write_data_file(
    path: Path, configuration: Configuration, class_index: IntArray, diameters: Sequence[float], masses: Sequence[float]
) -> None:
    """Write beads as a LAMMPS data file of atom style sphere, with every bit of their positions.

    Args:
        path: the file.
        configuration: where the beads are, in order of their ids 1..n.
        class_index: class of each bead from 0, shape (n,).
        diameters: of each class [m].
        masses: inertial mass of each class [kg].
    """
    low, high = configuration.lower / MICROMETRE, configuration.upper / MICROMETRE
    size = np.asarray(diameters) / MICROMETRE
    density = np.asarray(masses) / PICOGRAM / (np.pi / 6.0 * size**3)
    header = [
        f"LAMMPS data file; {UNITS}; density is inertial mass over volume [pg/um3]",
        "",
        f"{len(class_index)} atoms",
        f"{len(size)} atom types",
        *(f"{a:.17g} {b:.17g} {axis}lo {axis}hi" for a, b, axis in zip(low, high, "xyz", strict=True)),
        "",
        "Atoms # sphere",
        "",
    ]
    ids = np.arange(1, len(class_index) + 1)
    centres = configuration.centres / MICROMETRE
    table = np.column_stack([ids, class_index + 1, size[class_index], density[class_index], centres])
    np.savetxt(path, table, fmt=["%d", "%d"] + 5 * ["%.17g"], header="\n".join(header), comments="")
