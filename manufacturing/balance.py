"""Mass and volume balance of a recipe after rounding to beads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .assumption import Assumption
from .beads import BeadClass
from .powder import Powder, sphere_volume
from .printed_value import PrintedValue
from .size_distribution import SizeDistribution

MICROMETRE = 1e-6
GRAM_PER_CM3 = 1000.0  # [kg/m3]


@dataclass(frozen=True)
class PowderBalance:
    """Beads of one powder: numbers, masses [kg] and volumes [m3], overlaps ignored.

    ``solid_volume`` is without nanopores, ``dry_volume`` and ``wet_volume`` are those of the spheres.
    ``sizes`` are the dry beads after rounding; ``wet_sizes`` those in the slurry.
    """

    label: str
    phase: str
    beads: int
    wanted_fraction: float
    density: float  # [kg/m3] of the dry bead
    nanoporosity: float  # of the dry bead, 0-1
    dry_mass: float
    wet_mass: float
    solid_volume: float
    dry_volume: float
    wet_volume: float
    sizes: SizeDistribution
    wet_sizes: SizeDistribution

    @classmethod
    def of_beads(cls, powder: Powder, classes: Sequence[BeadClass]) -> PowderBalance:
        """Add up the classes of a powder."""
        dry_mass = sum(c.count * c.dry_mass for c in classes)
        return cls(
            label=powder.label,
            phase=powder.phase.name,
            beads=sum(c.count for c in classes),
            wanted_fraction=powder.weight_fraction,
            density=powder.density,
            nanoporosity=powder.nanoporosity,
            dry_mass=dry_mass,
            wet_mass=sum(c.count * c.wet_mass for c in classes),
            solid_volume=dry_mass / (powder.solid_density or powder.density),
            dry_volume=float(sum(c.count * sphere_volume(c.dry_diameter) for c in classes)),
            wet_volume=float(sum(c.count * sphere_volume(c.wet_diameter) for c in classes)),
            sizes=_sizes({c.dry_diameter: c.count for c in classes}),
            wet_sizes=_sizes({c.wet_diameter: c.count for c in classes}),
        )

    def as_dict(self) -> dict[str, float | int | str]:
        """Return the numbers for JSON files, units in the names."""
        return {
            "phase": self.phase,
            "beads": self.beads,
            "dry_mass_kg": self.dry_mass,
            "wet_mass_kg": self.wet_mass,
            "weight_fraction_wanted": self.wanted_fraction,
            "density_kg_m3": self.density,
            "wet_density_kg_m3": self.wet_mass / self.wet_volume,
            "nanoporosity": self.nanoporosity,
            "solid_volume_m3": self.solid_volume,
            "dry_volume_m3": self.dry_volume,
            "wet_volume_m3": self.wet_volume,
            "mean_diameter_um": self.sizes.moment(1) / MICROMETRE,
            **{f"D{p}_um": self.sizes.percentile(p / 100) / MICROMETRE for p in (10, 50, 90)},
            "wet_diameter_um": self.wet_sizes.percentile(0.5) / MICROMETRE,
        }


@dataclass(frozen=True)
class Balance:
    """Masses and volumes of all powders, and the densities that follow; overlaps ignored."""

    powders: tuple[PowderBalance, ...]
    assumptions: tuple[Assumption, ...] = ()
    printed: tuple[PrintedValue, ...] = ()

    @property
    def beads(self) -> int:
        """Number of all beads."""
        return sum(p.beads for p in self.powders)

    @property
    def dry_mass(self) -> float:
        """Mass of the dry solids [kg]."""
        return sum(p.dry_mass for p in self.powders)

    @property
    def wet_mass(self) -> float:
        """Mass of the slurry [kg]."""
        return sum(p.wet_mass for p in self.powders)

    @property
    def solvent_mass(self) -> float:
        """Mass of the solvent, slurry less dry solids [kg]."""
        return self.wet_mass - self.dry_mass

    @property
    def solids_content(self) -> float:
        """Dry mass over slurry mass, 0-1."""
        return self.dry_mass / self.wet_mass

    @property
    def slurry_density(self) -> float:
        """True-volume density of the slurry: mass over the volume of the wet beads, no void, no overlap [kg/m3]."""
        return self.wet_mass / sum(p.wet_volume for p in self.powders)

    @property
    def theoretical_density(self) -> float:
        """Dry mass over the volume of the solids without any pore [kg/m3].

        Papers take the porosity of an electrode of density rho as 1 - rho / (theoretical density).
        """
        return self.dry_mass / sum(p.solid_volume for p in self.powders)

    @property
    def bead_density(self) -> float:
        """Dry mass over the volume of the dry beads, nanopores included [kg/m3]."""
        return self.dry_mass / sum(p.dry_volume for p in self.powders)

    def weight_fraction(self, powder: PowderBalance) -> float:
        """Return the share of a powder in the dry mass after rounding to beads, 0-1."""
        return powder.dry_mass / self.dry_mass

    def as_dict(self) -> dict[str, Any]:
        """Return all numbers for JSON files, units in the names; ``printed`` holds the comparisons."""
        numbers = self._numbers()
        numbers["printed"] = [
            {"name": v.name, "printed": v.text, "here": here, "deviation": v.deviation(here), "note": v.note}
            for v, here in self._comparisons(numbers)
        ]
        numbers["assumptions"] = [assumption.as_dict() for assumption in self.assumptions]
        return numbers

    def table(self) -> str:
        """Return the balance as text: powders, sums, comparison with print, and where each number is from."""
        blocks = [self._powder_rows(), self._sum_rows()]
        if self.printed:
            blocks.append(self._printed_rows())
        if self.assumptions:
            rows = [(f"{a.name} = {_short(a.value)}", a.kind, a.note) for a in self.assumptions]
            blocks.append(_aligned([("number", "kind", "note"), *rows]))
        return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks)

    def _numbers(self) -> dict[str, Any]:
        powders: dict[str, dict[str, Any]] = {}
        for powder in self.powders:
            share = self.weight_fraction(powder)
            row = {**powder.as_dict(), "weight_fraction": share}
            row["weight_fraction_deviation"] = share - powder.wanted_fraction
            powders[_unused(powder.label, powders)] = row
        return {
            "powders": powders,
            "beads": self.beads,
            "dry_mass_kg": self.dry_mass,
            "slurry_mass_kg": self.wet_mass,
            "solvent_mass_kg": self.solvent_mass,
            "solids_content": self.solids_content,
            "slurry_true_volume_density_kg_m3": self.slurry_density,
            "theoretical_dry_density_kg_m3": self.theoretical_density,
            "dry_bead_density_kg_m3": self.bead_density,
        }

    def _comparisons(self, numbers: dict[str, Any]) -> list[tuple[PrintedValue, float]]:
        return [(v, _look_up(numbers, v.quantity) if isinstance(v.quantity, str) else v.quantity) for v in self.printed]

    def _powder_rows(self) -> list[str]:
        sizes = ("powder", "beads", "D10 um", "D50 um", "D90 um", "wet um", "g/cm3")
        rows: list[tuple[str, ...]] = [(*sizes, "dry pg", "slurry pg", "dry um3", "wet um3", "wt%", "wanted", "off")]
        for p in self.powders:
            share = 100.0 * self.weight_fraction(p)
            percentiles = [f"{p.sizes.percentile(q) / MICROMETRE:.3g}" for q in (0.1, 0.5, 0.9)]
            rows.append(
                (p.label, f"{p.beads}", *percentiles, f"{p.wet_sizes.percentile(0.5) / MICROMETRE:.4g}")
                + (f"{p.density / GRAM_PER_CM3:.3f}", f"{p.dry_mass * 1e15:.1f}", f"{p.wet_mass * 1e15:.1f}")
                + (f"{p.dry_volume * 1e18:.1f}", f"{p.wet_volume * 1e18:.1f}")
                + (f"{share:.2f}", f"{100 * p.wanted_fraction:.2f}", f"{_percent(share / 100 - p.wanted_fraction, 2)}")
            )
        total = [sum(getattr(p, name) for p in self.powders) for name in ("dry_volume", "wet_volume")]
        masses = (f"{self.dry_mass * 1e15:.1f}", f"{self.wet_mass * 1e15:.1f}")
        volumes = tuple(f"{volume * 1e18:.1f}" for volume in total)
        rows.append(("sum", f"{self.beads}", "", "", "", "", "", *masses, *volumes, "100.00", "100.00", ""))
        return _aligned(rows, numbers_from=1)

    def _sum_rows(self) -> list[str]:
        rows = [
            ("dry mass", f"{self.dry_mass:.4e} kg"),
            ("slurry mass", f"{self.wet_mass:.4e} kg, of it solvent {self.solvent_mass:.4e} kg"),
            ("solids content", f"{100 * self.solids_content:.2f} %"),
            (
                "true-volume density of the slurry",
                f"{self.slurry_density / GRAM_PER_CM3:.3f} g/cm3 (no void, no overlap)",
            ),
            ("theoretical dry density", f"{self.theoretical_density / GRAM_PER_CM3:.3f} g/cm3 (no pore at all)"),
            ("density of the dry beads", f"{self.bead_density / GRAM_PER_CM3:.3f} g/cm3 (with nanopores)"),
        ]
        rows += [(f"nanoporosity of {p.label}", f"{p.nanoporosity:.3f}") for p in self.powders if p.nanoporosity > 0.0]
        return _aligned(rows)

    def _printed_rows(self) -> list[str]:
        rows = [("quantity", "printed", "here", "off", "note")]
        for value, here in self._comparisons(self._numbers()):
            rows.append((value.name, value.text, f"{here:.4g}", f"{_percent(value.deviation(here))} %", value.note))
        return _aligned(rows)


def _sizes(counts: dict[float, int]) -> SizeDistribution:
    return SizeDistribution.from_classes(list(counts), list(counts.values()))


def _unused(label: str, taken: dict[str, Any]) -> str:
    names = (label if i == 1 else f"{label} {i}" for i in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _look_up(numbers: dict[str, Any], path: str) -> float:
    found: Any = numbers
    for key in path.split("."):
        found = found[key]
    return float(found)


def _percent(fraction: float, digits: int = 1) -> str:
    return f"{round(100.0 * fraction, digits) + 0.0:+.{digits}f}"  # + 0.0: no "-0.0"


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _aligned(rows: Sequence[Sequence[str]], numbers_from: int | None = None) -> list[str]:
    """Return rows as lines of equal columns; columns from ``numbers_from`` on are set to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    right = len(widths) if numbers_from is None else numbers_from
    return [
        "  ".join(
            cell.ljust(w) if i < right else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
