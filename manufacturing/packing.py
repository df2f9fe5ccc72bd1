"""The packing contract: particles in a box, on disk and in memory."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from .errors import InputError
from .phases import PARTICLE_PHASES, Phase

FORMAT = "granode-packing"
FORMAT_VERSION = 1

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Packing:
    """Spheres of known phase in a box between two z planes.

    Spheres may overlap and may stick out of the box; nothing is moved or re-labelled after
    manufacturing, the geometry is the union of the spheres clipped to the box.
    """

    centres: FloatArray  # (n, 3) [m]
    radii: FloatArray  # (n,) [m]
    phases: IntArray  # (n,) members of Phase
    particle_ids: IntArray  # (n,) unique, stable from recipe to mesh
    lower: FloatArray  # (3,) [m] corner of the box; z: bottom crop plane
    upper: FloatArray  # (3,) [m] opposite corner; z: top crop plane
    periodic: tuple[bool, bool, bool] = (True, True, False)
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self)

    @property
    def size(self) -> FloatArray:
        """Edge lengths of the box, shape (3,) [m]."""
        return self.upper - self.lower

    def count_by_phase(self) -> dict[str, int]:
        """Return the number of particles of each phase that is present."""
        return {p.name: int((self.phases == p).sum()) for p in PARTICLE_PHASES if (self.phases == p).any()}

    def save(self, path: Path) -> None:
        """Write the packing to an HDF5 file, complete or not at all."""
        partial = path.with_name(path.name + ".partial")
        with h5py.File(partial, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["phase_names"] = json.dumps({phase.name: int(phase) for phase in Phase})
            file.attrs["provenance"] = json.dumps(self.provenance)
            file.attrs["periodic"] = np.array(self.periodic)
            for name in ("centres", "radii", "phases", "particle_ids", "lower", "upper"):
                file[name] = getattr(self, name)
        os.replace(partial, path)


def load_packing(path: Path) -> Packing:
    """Read a packing written by :meth:`Packing.save`.

    Raises:
        InputError: the file is missing, truncated, of another format or of another version.
    """
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise InputError(str(path), file.attrs.get("format"), f"a file of format {FORMAT}")
            if file.attrs["format_version"] != FORMAT_VERSION:
                raise InputError(
                    str(path), f"format version {file.attrs['format_version']}", f"version {FORMAT_VERSION}"
                )
            arrays = {n: file[n][()] for n in ("centres", "radii", "phases", "particle_ids", "lower", "upper")}
            periodic = tuple(bool(p) for p in file.attrs["periodic"])
            provenance = json.loads(file.attrs["provenance"])
    except (OSError, KeyError) as error:
        raise InputError(str(path), f"an unreadable file ({error})", f"an HDF5 file of format {FORMAT}") from error
    return Packing(**arrays, periodic=periodic, provenance=provenance)  # type: ignore[arg-type]


def _check(packing: Packing) -> None:
    count = len(packing.radii)
    shapes = {"centres": (count, 3), "phases": (count,), "particle_ids": (count,), "lower": (3,), "upper": (3,)}
    for name, shape in shapes.items():
        found = np.shape(getattr(packing, name))
        if found != shape:
            raise InputError(f"packing.{name}", f"shape {found}", f"shape {shape}")
    if not np.all(np.isfinite(packing.centres)):
        raise InputError("packing.centres", "a value that is not finite", "finite coordinates [m]")
    if count and not packing.radii.min() > 0.0:
        raise InputError("packing.radii", f"{packing.radii.min():g} m", "radii > 0")
    if not np.all(packing.size > 0.0):
        raise InputError("packing.upper", f"box size {packing.size} m", "a box of positive size")
    unknown = {int(p) for p in np.unique(packing.phases)} - {int(p) for p in PARTICLE_PHASES}
    if unknown:
        raise InputError("packing.phases", sorted(unknown), f"members of {[int(p) for p in PARTICLE_PHASES]}")
    if len(np.unique(packing.particle_ids)) != count:
        raise InputError("packing.particle_ids", "repeated ids", "one id per particle")
    _check_inside(packing)


def _check_inside(packing: Packing) -> None:
    """Every particle must reach into the box; on periodic axes its centre must lie in the box."""
    for axis in range(3):
        reach = np.zeros(len(packing.radii)) if packing.periodic[axis] else packing.radii
        x = packing.centres[:, axis]
        outside = (x < packing.lower[axis] - reach) | (x > packing.upper[axis] + reach)
        if outside.any():
            first = int(np.flatnonzero(outside)[0])
            raise InputError(
                f"particle {int(packing.particle_ids[first])}",
                f"{'xyz'[axis]} = {x[first]:.6g} m outside the box",
                f"{packing.lower[axis]:.6g} to {packing.upper[axis]:.6g} m",
            )


def phase_from_name(name: str, where: str) -> Phase:
    """Return the phase called ``name``; raise InputError naming ``where`` when there is none."""
    try:
        return Phase[name]
    except KeyError:
        raise InputError(where, name, f"one of {', '.join(p.name for p in Phase)}") from None
