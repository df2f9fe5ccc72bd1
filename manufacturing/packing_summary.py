"""The figures of a packing at a glance: box, particles, volume fractions, contacts and overlaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .contacts import Contacts, find_contacts
from .coordination import coordination
from .overlaps import OverlapStatistics, overlap_statistics
from .packing import Packing
from .phases import Phase
from .porosity import CBD_NANOPOROSITY, VolumeFractions, volume_fractions

MICROMETRE = 1e-6
VOXELS = 4e6  # of the box, when no voxel is given


@dataclass(frozen=True)
class PackingSummary:
    """What :func:`describe` found; fractions 0-1, SI units."""

    particles: dict[str, int]  # by phase
    diameters: dict[str, tuple[float, float, float]]  # [m] smallest, mean by number, largest, by phase
    size: tuple[float, float, float]  # [m]
    periodic: tuple[bool, bool, bool]
    volume_fractions: VolumeFractions
    contacts: dict[str, int]  # by pair of phases
    neck_area: dict[str, float]  # [m2] by pair of phases
    coordination: dict[str, float]  # contacts per particle, all and by pair of phases
    overlaps: OverlapStatistics
    nanoporosity: float = CBD_NANOPOROSITY  # of the carbon-binder domain, as noted in the packing

    def as_dict(self) -> dict[str, Any]:
        """Return plain numbers for a JSON file."""
        shares = self.volume_fractions
        return {
            "particles_by_phase": self.particles,
            "diameters_m": {name: list(values) for name, values in self.diameters.items()},
            "size_m": list(self.size),
            "periodic": list(self.periodic),
            "volume_fractions": {name: getattr(shares, name) for name in ("AM", "SE", "CBD", "void")},
            "porosity": shares.porosity(self.nanoporosity),
            "nanoporosity": self.nanoporosity,
            "contacts": self.contacts,
            "neck_area_m2": self.neck_area,
            "coordination": self.coordination,
            "overlap": {
                "pairs": self.overlaps.pairs,
                "mean": self.overlaps.mean,
                "max": self.overlaps.max,
                "shared_fraction": self.overlaps.shared_fraction,
            },
        }

    def table(self) -> str:
        """Return the summary as lines of text, lengths in micrometres."""
        edges = " x ".join(f"{edge / MICROMETRE:.2f}" for edge in self.size)
        axes = "".join(axis for axis, flag in zip("xyz", self.periodic, strict=True) if flag) or "none"
        lines = [f"box        {edges} um, periodic: {axes}"]
        for name, count in self.particles.items():
            low, mean, high = (diameter / MICROMETRE for diameter in self.diameters[name])
            share = getattr(self.volume_fractions, name)
            lines.append(
                f"{name:<10} {count} particles, diameter {mean:.2f} um ({low:.2f}-{high:.2f}), share {share:.4f}"
            )
        void, porosity = self.volume_fractions.void, self.volume_fractions.porosity(self.nanoporosity)
        lines.append(f"void       {void:.4f}; porosity {porosity:.4f} with CBD nanopores of {self.nanoporosity:g}")
        lines.append(f"contacts   {self.coordination['all']:.2f} per particle")
        for name, count in self.contacts.items():
            lines.append(f"  {name:<8} {count}, neck area {self.neck_area[name] / MICROMETRE**2:.1f} um2")
        overlaps = self.overlaps
        lines.append(
            f"overlaps   {overlaps.pairs} pairs, mean {overlaps.mean:.4f}, max {overlaps.max:.4f} of r_i + r_j"
        )
        return "\n".join(lines)


def describe(packing: Packing, gap: float = 0.0, voxel: float | None = None) -> PackingSummary:
    """Summarise a packing.

    Args:
        packing: spheres in a box.
        gap: largest distance between two surfaces in contact [m].
        voxel: for the volume fractions [m]; None: four million in the box.
    """
    box = (packing.lower, packing.upper)
    edge = voxel if voxel is not None else float((packing.size.prod() / VOXELS) ** (1.0 / 3.0))
    shares = volume_fractions(packing.centres, packing.radii, packing.phases, box, packing.periodic, edge)
    contacts = find_contacts(packing, gap)
    by_pair = contacts.by_phase_pair()
    x, y, z = (float(edge) for edge in packing.size)
    return PackingSummary(
        packing.count_by_phase(),
        _diameters(packing),
        (x, y, z),
        packing.periodic,
        shares,
        {name: len(part) for name, part in by_pair.items()},
        {name: float(part.neck_area.sum()) for name, part in by_pair.items()},
        _coordination(contacts),
        overlap_statistics(contacts),
        float(packing.provenance.get("nanoporosity", CBD_NANOPOROSITY)),
    )


def _coordination(contacts: Contacts) -> dict[str, float]:
    numbers = coordination(contacts)
    return {"all": numbers.mean, **numbers.means()}


def _diameters(packing: Packing) -> dict[str, tuple[float, float, float]]:
    """Return smallest, mean and largest diameter of each present phase [m]."""
    found: dict[str, tuple[float, float, float]] = {}
    for name in packing.count_by_phase():
        diameters = 2.0 * packing.radii[packing.phases == Phase[name]]
        found[name] = (float(diameters.min()), float(diameters.mean()), float(diameters.max()))
    return found
