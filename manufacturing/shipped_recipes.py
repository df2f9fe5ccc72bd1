"""Recipes of published electrodes."""

from __future__ import annotations

from .assumption import Assumption
from .phases import Phase
from .recipe import Powder, Recipe

MICROMETRE = 1e-6

NMC622_DENSITY = 4700.0  # [kg/m3]
ARGYRODITE_DENSITY = 1640.0  # [kg/m3] Li6PS5Cl
CBD_DRY_DENSITY = 450.0  # [kg/m3] mass of the dry bead over its volume, nanopores included
CBD_WET_DENSITY = 900.0  # [kg/m3]


def nmc622_argyrodite(total_beads: int = 1000) -> Recipe:
    """Return the wet-processed NMC622 / Li6PS5Cl / carbon-binder electrode of the CGMD study (paper 001).

    69.0 / 27.6 / 3.4 % of the dry mass. Li6PS5Cl sizes below 3 um are left out: 1 and 2 um beads are
    half of the paper's beads but 1 % of the electrolyte's volume.
    """
    classes = {3.0: 0.22, 4.0: 0.14, 5.0: 0.09, 7.0: 0.06, 9.0: 0.03, 11.0: 0.01}
    powders = (
        Powder(Phase.AM, 0.690, NMC622_DENSITY, (10.0 * MICROMETRE,)),
        Powder(Phase.SE, 0.276, ARGYRODITE_DENSITY, tuple(d * MICROMETRE for d in classes), tuple(classes.values())),
        Powder(
            Phase.CBD,
            0.034,
            CBD_DRY_DENSITY,
            (3.0 * MICROMETRE,),
            wet_diameter=7.5 * MICROMETRE,
            wet_density=CBD_WET_DENSITY,
        ),
    )
    return Recipe(powders, total_beads, _nmc622_assumptions())


def _nmc622_assumptions() -> tuple[Assumption, ...]:
    return (
        Assumption(
            "recipe.SE.number_fractions",
            "3:.22 4:.14 5:.09 7:.06 9:.03 11:.01",
            "assumed",
            "um: relative number; the paper shows 1-11 um in a figure only, classes below 3 um are cut",
        ),
        Assumption("recipe.AM.diameters", 10.0, "assumed", "um; the paper prints 'about 10 um'"),
        Assumption(
            "recipe.CBD.density",
            CBD_DRY_DENSITY,
            "calibrated",
            "kg/m3 of the dry bead; not printed, fitted to the printed slurry density of 1.89 g/cm3",
        ),
        Assumption("recipe.AM.density", NMC622_DENSITY, "assumed", "kg/m3, usual value of NMC622"),
        Assumption("recipe.SE.density", ARGYRODITE_DENSITY, "assumed", "kg/m3, usual value of Li6PS5Cl"),
    )
