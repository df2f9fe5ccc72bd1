"""NMC622 / Li6PS5Cl / carbon-binder electrode from a p-xylene slurry (paper 001)."""

from __future__ import annotations

import numpy as np

from .assumption import Assumption
from .phases import Phase
from .powder import Powder, sphere_volume
from .printed_value import PrintedValue
from .recipe import Recipe
from .size_distribution import SizeDistribution
from .solvent import PARA_XYLENE

MICROMETRE = 1e-6

NMC622_DENSITY = 4700.0  # [kg/m3]
ARGYRODITE_DENSITY = 1640.0  # [kg/m3] Li6PS5Cl
CBD_DRY_DENSITY = 390.0  # [kg/m3] mass of the dry bead over its volume; calibrated to the slurry density
CBD_WET_DENSITY = 900.0  # [kg/m3]
CBD_NANOPOROSITY = 0.5  # share of the dry bead that is nanopores, as the paper assumes for the porosity
FULL_SIZE = 5089  # beads

SE_DIAMETERS = (1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 9.0, 11.0)  # [um]
SE_NUMBERS = (0.20, 0.25, 0.22, 0.14, 0.09, 0.06, 0.03, 0.01)
SMALLEST_OF_DEMO = 3.0  # [um]


def nmc622_argyrodite(total_beads: int = 1000) -> Recipe:
    """Return the wet-processed NMC622 / Li6PS5Cl / carbon-binder electrode of the CGMD study (paper 001), cut.

    69.0 / 27.6 / 3.4 % of the dry mass. Li6PS5Cl sizes below 3 um are left out: 1 and 2 um beads are
    half of the paper's beads but 1 % of the electrolyte's volume.
    """
    kept = [(d, n) for d, n in zip(SE_DIAMETERS, SE_NUMBERS, strict=True) if d >= SMALLEST_OF_DEMO]
    diameters, numbers = zip(*kept, strict=True)
    size_note = "um: relative number; the paper shows 1-11 um in a figure only, classes below 3 um are cut"
    powders = _powders(tuple(d * MICROMETRE for d in diameters), numbers, CBD_DRY_DENSITY)
    listed = " ".join(f"{d:g}:{f'{n:.2f}'[1:]}" for d, n in kept)
    return Recipe(powders, total_beads, _assumptions(listed, size_note, CBD_DRY_DENSITY))


def nmc622_argyrodite_full(
    total_beads: int = FULL_SIZE,
    cbd_density: float = CBD_DRY_DENSITY,
    electrolyte_sizes: SizeDistribution | None = None,
) -> Recipe:
    """Return the electrode of paper 001 with all electrolyte sizes; 5089 beads are its full size.

    Args:
        total_beads: number of beads.
        cbd_density: of the dry carbon-binder bead [kg/m3], calibrated; it sets the number of carbon-binder beads.
        electrolyte_sizes: None: eight classes of 1-11 um (assumed).
    """
    sizes = electrolyte_sizes or SizeDistribution(tuple(d * MICROMETRE for d in SE_DIAMETERS), SE_NUMBERS)
    listed = " ".join(
        f"{d / MICROMETRE:.3g}:{n:.3g}" for d, n in zip(sizes.diameters, sizes.number_fractions, strict=True)
    )
    size_note = "um: relative number; the paper shows the eight classes of 1-11 um in a figure only (Fig. S2b)"
    powders = _powders(sizes.diameters, sizes.number_fractions, cbd_density)
    return Recipe(powders, total_beads, _assumptions(listed, size_note, cbd_density), _printed(powders[-1]))


def _powders(diameters: tuple[float, ...], numbers: tuple[float, ...], cbd_density: float) -> tuple[Powder, ...]:
    carbon_binder = Powder(
        Phase.CBD,
        0.034,
        cbd_density,
        (3.0 * MICROMETRE,),
        wet_diameter=7.5 * MICROMETRE,
        wet_density=CBD_WET_DENSITY,
        solid_density=cbd_density / (1.0 - CBD_NANOPOROSITY),
    )
    return (
        Powder(Phase.AM, 0.690, NMC622_DENSITY, (10.0 * MICROMETRE,)),
        Powder(Phase.SE, 0.276, ARGYRODITE_DENSITY, diameters, numbers),
        carbon_binder,
    )


def _printed(carbon_binder: Powder) -> tuple[PrintedValue, ...]:
    dry_mass = carbon_binder.mean_bead_mass
    wet_mass = CBD_WET_DENSITY * float(sphere_volume(7.5 * MICROMETRE))
    volume = dry_mass / (carbon_binder.density / (1.0 - CBD_NANOPOROSITY)) + (wet_mass - dry_mass) / PARA_XYLENE.density
    wet_diameter = float(np.cbrt(volume / sphere_volume(1.0))) / MICROMETRE
    return (
        PrintedValue("CBD diameter in the slurry [um]", 7.5, "powders.CBD.wet_diameter_um"),
        PrintedValue(
            "the same if filled with p-xylene by mass [um]",
            7.5,
            wet_diameter,
            note="solid without nanopores plus solvent of 0.861 g/cm3: the printed size and density agree with it",
        ),
        PrintedValue(
            "slurry density [kg/m3]",
            1890.0,
            "slurry_true_volume_density_kg_m3",
            note="beads must overlap to reach the print: solids and solvent alone are lighter",
        ),
    )


def _assumptions(sizes: str, size_note: str, cbd_density: float) -> tuple[Assumption, ...]:
    return (
        Assumption("recipe.SE.number_fractions", sizes, "assumed", size_note),
        Assumption("recipe.AM.diameters", 10.0, "assumed", "um; the paper prints 'about 10 um'"),
        Assumption(
            "recipe.CBD.density",
            cbd_density,
            "calibrated",
            "kg/m3 of the dry bead; not printed, fitted to the printed slurry density of 1.89 g/cm3",
        ),
        Assumption("recipe.AM.density", NMC622_DENSITY, "assumed", "kg/m3, usual value of NMC622"),
        Assumption("recipe.SE.density", ARGYRODITE_DENSITY, "assumed", "kg/m3, usual value of Li6PS5Cl"),
        Assumption(
            "recipe.CBD.nanoporosity",
            CBD_NANOPOROSITY,
            "printed",
            "share of the dry bead; the solid between the pores follows from it and the calibrated density",
        ),
        Assumption("recipe.weight_fractions", "AM 69.0, SE 27.6, CBD 3.4", "printed", "% of the dry solids"),
        Assumption("recipe.CBD.wet_diameter", 7.5, "printed", "um in the slurry; 3.0 um dry (printed)"),
        Assumption(
            "recipe.CBD.wet_density", CBD_WET_DENSITY, "printed", "kg/m3 in the slurry; the solvent is p-xylene"
        ),
    )
