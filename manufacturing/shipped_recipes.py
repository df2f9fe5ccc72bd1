"""Recipes of published electrodes, by the name that a case file uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from .errors import InputError
from .nmc622_recipe import (
    ARGYRODITE_DENSITY,
    CBD_DRY_DENSITY,
    CBD_WET_DENSITY,
    NMC622_DENSITY,
    nmc622_argyrodite,
    nmc622_argyrodite_full,
)
from .nmc811_recipe import MEDIANS, PRINTED_WET_DIAMETERS, nmc811_argyrodite, printed_wet_diameter
from .recipe import Recipe

__all__ = [
    "ARGYRODITE_DENSITY",
    "CBD_DRY_DENSITY",
    "CBD_WET_DENSITY",
    "NMC622_DENSITY",
    "RECIPES",
    "ShippedRecipe",
    "nmc622_argyrodite",
    "nmc622_argyrodite_full",
    "nmc811_argyrodite",
    "shipped_recipe",
]


@dataclass(frozen=True)
class ShippedRecipe:
    """A recipe with its size left open.

    Args:
        name: in case files.
        description: one line.
        default_beads: number of beads of the source, or of the demo.
        build: makes the recipe for a number of beads.
    """

    name: str
    description: str
    default_beads: int
    build: Callable[[int], Recipe]

    def recipe(self, total_beads: int | None = None) -> Recipe:
        """Return the recipe for a number of beads; None: the default."""
        return self.build(self.default_beads if total_beads is None else total_beads)


def shipped_recipe(name: str, total_beads: int | None = None) -> Recipe:
    """Return a shipped recipe by name, at its own size or another number of beads.

    Raises:
        InputError: no recipe of that name.
    """
    if name not in RECIPES:
        raise InputError("recipe", name, f"one of {', '.join(RECIPES)}")
    return RECIPES[name].recipe(total_beads)


def _nmc811_recipes() -> list[ShippedRecipe]:
    """Return AM_1 and AM_2 at three solids contents, with balanced and with printed sizes in the slurry."""
    entries: list[ShippedRecipe] = []
    for active, median in MEDIANS.items():
        for solids in PRINTED_WET_DIAMETERS:
            name = f"nmc811_argyrodite_{active.replace('_', '').lower()}_{round(100 * solids)}"
            text = f"paper 003: NMC811 {active} (D50 {median * 1e6:g} um) / Li6PS5Cl / CBD, {100 * solids:g} % solids"
            balanced = partial(_nmc811, active, solids, None)
            as_printed = partial(_nmc811, active, solids, printed_wet_diameter(solids))
            entries.append(ShippedRecipe(name, f"{text}, wet CBD by mass balance", 5051, balanced))
            entries.append(ShippedRecipe(f"{name}_printed", f"{text}, wet CBD as printed", 5051, as_printed))
    return entries


def _nmc811(active_material: str, solids_content: float, wet_diameter: float | None, total_beads: int) -> Recipe:
    return nmc811_argyrodite(active_material, solids_content, total_beads, wet_diameter)


_ENTRIES = (
    ShippedRecipe(
        "nmc622_argyrodite",
        "paper 001: NMC622 / Li6PS5Cl / CBD, electrolyte below 3 um left out, for small samples",
        1000,
        nmc622_argyrodite,
    ),
    ShippedRecipe(
        "nmc622_argyrodite_full",
        "paper 001 at full size: NMC622 / Li6PS5Cl of 1-11 um / CBD",
        5089,
        nmc622_argyrodite_full,
    ),
    *_nmc811_recipes(),
)

RECIPES: Mapping[str, ShippedRecipe] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
