"""Capacities and energies of a run in the units that people compare: per area in cm2, per gram of active material."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

Figures = dict[str, Any]

PER_CM2 = 0.1  # Ah/m2 -> mAh/cm2
NO_CHARGE = 1e-9  # of the theoretical capacity


@dataclass(frozen=True)
class DischargeUnits:
    """Adds the other units to figures in Ah/m2 and Wh/m2, and mean voltages."""

    per_gram: float  # Ah/m2 -> mAh/g of active material
    smallest_charge: float  # below which a mean voltage is rounding [Ah/m2]

    def of_run(self, summary: Figures) -> Figures:
        """Return the figures of a run with those of its steps and cycles; a mean voltage where there is one step."""
        lists = {name: [self._of_one(entry) for entry in summary[name]] for name in ("protocol", "cycles")}
        whole = self._converted(summary) | lists
        return whole | self._means(summary) if len(lists["protocol"]) == 1 else whole

    def _of_one(self, figures: Figures) -> Figures:
        return self._converted(figures) | self._means(figures)

    def _converted(self, figures: Figures) -> Figures:
        both: Figures = {}
        for name, value in figures.items():
            both[name] = value
            for quantity, unit in (("capacity", "Ah"), ("energy", "Wh")):
                if name.endswith(f"{quantity}_{unit}_m2"):
                    stem = name.removesuffix(f"{unit}_m2")
                    both[f"{stem}m{unit}_cm2"] = PER_CM2 * value
                    both[f"{stem}m{unit}_g"] = self.per_gram * value
        return both

    def _means(self, figures: Figures) -> Figures:
        """Return energy over capacity [V] of each pair of the two."""
        means = {}
        for name, capacity in figures.items():
            energy = figures.get(name.replace("capacity_Ah_m2", "energy_Wh_m2"))
            if name.endswith("capacity_Ah_m2") and energy is not None and abs(capacity) > self.smallest_charge:
                means[name.replace("capacity_Ah_m2", "mean_voltage_V")] = energy / capacity
        return means


def discharge_units(mesh: LabelledMesh, density: float, theoretical: float) -> DischargeUnits:
    """Return the conversions of one cell.

    Args:
        mesh: labelled mesh.
        density: of the active material [kg/m3].
        theoretical: capacity [Ah/m2].
    """
    mass = float(mesh.volumes()[mesh.phases == Phase.AM].sum()) * density
    return DischargeUnits(mesh.cross_section / mass, NO_CHARGE * theoretical)
