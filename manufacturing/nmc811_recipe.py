"""NMC811 / Li6PS5Cl / carbon-binder electrodes from butyl acetate slurries of three solids contents (paper 003)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from .assumption import Assumption
from .errors import InputError
from .log_normal import LogNormal
from .phases import Phase
from .powder import Powder, apportion, sphere_volume
from .printed_value import PrintedValue
from .recipe import Recipe
from .size_distribution import SizeDistribution
from .solvent import BUTYL_ACETATE, soaked

MICROMETRE = 1e-6

NMC811_DENSITY = 4800.0  # [kg/m3]
ARGYRODITE_DENSITY = 1640.0  # [kg/m3] Li6PS5Cl
# Equal masses of carbon black (1.90 g/cm3) and PVDF (1.78 g/cm3).
CARBON_BINDER_SOLID_DENSITY = 2.0 / (1.0 / 1900.0 + 1.0 / 1780.0)  # [kg/m3]
CBD_NANOPOROSITY = 0.5
CBD_DRY_DENSITY = CARBON_BINDER_SOLID_DENSITY * (1.0 - CBD_NANOPOROSITY)  # [kg/m3]
CBD_DRY_DIAMETER = 2.6 * MICROMETRE
GEOMETRIC_DEVIATION = 1.3
SIZE_CLASSES = 4

FULL_SIZE = 5051  # beads
FULL_DRY_MASS = 1.39e-11  # [kg]
WEIGHT_FRACTIONS: Mapping[Phase, float] = MappingProxyType({Phase.AM: 0.64, Phase.SE: 0.30, Phase.CBD: 0.06})
MEDIANS: Mapping[str, float] = MappingProxyType({"AM_1": 4.0 * MICROMETRE, "AM_2": 6.0 * MICROMETRE})
# The paper prints the range 6.9-8.0 um and that the size falls with the solids content; the middle is assumed.
PRINTED_WET_DIAMETERS: Mapping[float, float] = MappingProxyType(
    {0.48: 8.0 * MICROMETRE, 0.50: 7.45 * MICROMETRE, 0.52: 6.9 * MICROMETRE}
)


def nmc811_argyrodite(
    active_material: str = "AM_1",
    solids_content: float = 0.50,
    total_beads: int = FULL_SIZE,
    wet_diameter: float | None = None,
    active_sizes: SizeDistribution | None = None,
    cbd_density: float = CBD_DRY_DENSITY,
) -> Recipe:
    """Return an electrode of paper 003: NMC811 64, Li6PS5Cl 30, carbon and binder 6 % of the dry mass.

    The printed 5051 beads and dry mass of 0.139e-7 g leave one unknown once the active material and the carbon-binder
    domain are known: the diameter of the electrolyte beads (about 1 um), which therefore satisfies both.

    Args:
        active_material: `AM_1` or `AM_2`, median diameter by volume 4 or 6 um.
        solids_content: dry mass over slurry mass; the paper has 0.48, 0.50 and 0.52.
        total_beads: 5051 are the paper's; other numbers scale the sample, not the sizes.
        wet_diameter: of the carbon-binder beads [m], e.g. from `PRINTED_WET_DIAMETERS`; None: from the mass balance
            of the solvent.
        active_sizes: None: log-normal with the printed median (its width is assumed); for a single size
            `SizeDistribution.single(4e-6)`.
        cbd_density: of the dry carbon-binder bead [kg/m3]; the paper calls it an effective parameter and prints none.

    Raises:
        InputError: an unknown active material, a solids content not within 0-1, sizes that cannot give 5051 beads.
    """
    if active_material not in MEDIANS:
        raise InputError("recipe.active_material", active_material, f"one of {list(MEDIANS)}")
    sizes = active_sizes or active_material_sizes(active_material)
    dry = _dry_powders(sizes, cbd_density)
    powders = soaked(dry, solids_content, BUTYL_ACETATE, wet_diameter=wet_diameter)
    assumptions = _assumptions(sizes, dry, powders, solids_content, wet_diameter)
    return Recipe(powders, total_beads, assumptions, _printed(active_material, dry, total_beads))


def active_material_sizes(active_material: str) -> SizeDistribution:
    """Return the assumed log-normal sizes of `AM_1` or `AM_2`; the measured ones are confidential.

    The few beads of the full size (about 70 and 20) are whole: each class has the share of its whole beads, and all
    diameters are multiplied by the one factor (within 1 %) with which these beads have exactly the wanted mass.
    """
    median = MEDIANS[active_material]
    classes = LogNormal(median, GEOMETRIC_DEVIATION, "volume", field="recipe.AM.sizes").classes(SIZE_CLASSES)
    wanted = FULL_DRY_MASS * WEIGHT_FRACTIONS[Phase.AM] / NMC811_DENSITY
    beads = round(wanted / classes.mean_volume)
    counts = apportion(beads * np.array(classes.number_fractions), beads)
    whole = SizeDistribution.from_classes(
        classes.diameters, [int(n) for n in counts], source=f"{classes.source}, whole beads"
    )
    return whole.scaled(float(np.cbrt(wanted / beads / whole.mean_volume)))


def printed_wet_diameter(solids_content: float) -> float:
    """Return the carbon-binder diameter in the slurry as printed [m].

    Raises:
        InputError: a solids content that the paper does not have.
    """
    if solids_content not in PRINTED_WET_DIAMETERS:
        raise InputError("recipe.solids_content", solids_content, f"one of {list(PRINTED_WET_DIAMETERS)}")
    return PRINTED_WET_DIAMETERS[solids_content]


def _dry_powders(sizes: SizeDistribution, cbd_density: float) -> tuple[Powder, ...]:
    """Return active material, electrolyte and carbon-binder beads without solvent."""
    active = Powder.of_sizes(Phase.AM, WEIGHT_FRACTIONS[Phase.AM], NMC811_DENSITY, sizes)
    carbon_binder = Powder(
        Phase.CBD,
        WEIGHT_FRACTIONS[Phase.CBD],
        cbd_density,
        (CBD_DRY_DIAMETER,),
        solid_density=CARBON_BINDER_SOLID_DENSITY,
    )
    diameter = _electrolyte_diameter(active, carbon_binder)
    electrolyte = Powder(Phase.SE, WEIGHT_FRACTIONS[Phase.SE], ARGYRODITE_DENSITY, (diameter,))
    return active, electrolyte, carbon_binder


def _electrolyte_diameter(active: Powder, carbon_binder: Powder) -> float:
    """Return the diameter [m] of the beads that are left of 5051 and make up the electrolyte's mass."""
    others = sum(FULL_DRY_MASS * p.weight_fraction / p.mean_bead_mass for p in (active, carbon_binder))
    if others >= FULL_SIZE:
        raise InputError("recipe.AM.sizes", f"{others:.0f} beads without the electrolyte", f"less than {FULL_SIZE}")
    volume = FULL_DRY_MASS * WEIGHT_FRACTIONS[Phase.SE] / ARGYRODITE_DENSITY / (FULL_SIZE - others)
    return float(np.cbrt(volume / sphere_volume(1.0)))


def _printed(active_material: str, dry: tuple[Powder, ...], total_beads: int) -> tuple[PrintedValue, ...]:
    median, theoretical = MEDIANS[active_material] / MICROMETRE, _theoretical_density(dry)
    full = (
        PrintedValue("beads", FULL_SIZE, "beads"),
        PrintedValue("dry mass [kg]", FULL_DRY_MASS, "dry_mass_kg"),
    )
    sizes = (
        PrintedValue("AM D50 by volume [um]", median, "powders.AM.D50_um"),
        PrintedValue("SE mean diameter [um]", 1.0, "powders.SE.mean_diameter_um"),
        PrintedValue("CBD diameter in the slurry [um]", 6.9, "powders.CBD.wet_diameter_um", 8.0, "48-52 % solids"),
    )
    return (
        *(full if total_beads == FULL_SIZE else ()),
        *sizes,
        *_printed_against_solvent(dry),
        PrintedValue(
            "dry density at the printed porosity of 70 % [kg/m3]",
            1000.0,
            0.3 * theoretical,
            1500.0,
            "1 - density / theoretical density: the printed density and porosity exclude each other",
        ),
        PrintedValue("calendered density at 20 % porosity [kg/m3]", 2000.0, 0.8 * theoretical, 2500.0),
        PrintedValue("calendered density at 30 % porosity [kg/m3]", 2000.0, 0.7 * theoretical, 2500.0),
    )


def _printed_against_solvent(dry: tuple[Powder, ...]) -> tuple[PrintedValue, ...]:
    """Hold the printed wet sizes against the solvent that the solids content leaves."""
    printed = {c: float(sphere_volume(d)) for c, d in PRINTED_WET_DIAMETERS.items()}
    balanced = {c: soaked(dry, c, BUTYL_ACETATE)[-1].wet_diameter or 0.0 for c in PRINTED_WET_DIAMETERS}
    ratio = PrintedValue(
        "wet CBD volume at 48 % over that at 52 % solids",
        round(printed[0.48] / printed[0.52], 3),
        (balanced[0.48] / balanced[0.52]) ** 3,
        note="here by mass balance of the solvent: the printed sizes change too much",
    )
    rows = [
        PrintedValue(
            f"solids content if CBD beads of {d / MICROMETRE:g} um were full of solvent",
            c,
            _implied_solids_content(dry, printed[c]),
            note="printed size; beads that overlap hold less",
        )
        for c, d in PRINTED_WET_DIAMETERS.items()
        if c != 0.50  # only the ends of the range are printed
    ]
    return ratio, *rows


def _implied_solids_content(dry: tuple[Powder, ...], wet_volume: float) -> float:
    carbon_binder = dry[-1]
    bead = carbon_binder.mean_bead_mass
    solvent = (wet_volume - bead / CARBON_BINDER_SOLID_DENSITY) * BUTYL_ACETATE.density
    return 1.0 / (1.0 + carbon_binder.weight_fraction * solvent / bead)


def _theoretical_density(dry: tuple[Powder, ...]) -> float:
    return 1.0 / sum(p.weight_fraction / (p.solid_density or p.density) for p in dry)


def _assumptions(
    sizes: SizeDistribution,
    dry: tuple[Powder, ...],
    powders: tuple[Powder, ...],
    solids_content: float,
    given_diameter: float | None,
) -> tuple[Assumption, ...]:
    mass_note = "kg at the full 5051 beads; other numbers of beads scale it"
    return (
        Assumption("recipe.AM.sizes", sizes.source, "assumed", "the median is printed, the rest is confidential"),
        *_density_assumptions(dry),
        Assumption(
            "recipe.SE.diameters",
            dry[1].diameters[0] / MICROMETRE,
            "calibrated",
            "um; the paper prints a mean of 1; this satisfies 5051 beads and 0.139e-7 g at once",
        ),
        Assumption("recipe.CBD.nanoporosity", round(dry[-1].nanoporosity, 4), *_nanoporosity_source(dry[-1])),
        Assumption("recipe.CBD.diameters", 2.6, "printed", "um, dry"),
        _wet_assumption(powders[-1], solids_content, given_diameter),
        _solids_assumption(solids_content),
        Assumption("recipe.weight_fractions", "AM 64, SE 30, CBD 6", "printed", "% of the dry solids"),
        Assumption("recipe.dry_mass", FULL_DRY_MASS, "printed", mass_note),
    )


def _density_assumptions(dry: tuple[Powder, ...]) -> tuple[Assumption, ...]:
    unit = "kg/m3; the paper prints no density"
    return (
        Assumption("recipe.AM.density", NMC811_DENSITY, "assumed", f"{unit}; NMC811 without inner pores"),
        Assumption("recipe.SE.density", ARGYRODITE_DENSITY, "assumed", f"{unit}; usual value of Li6PS5Cl"),
        Assumption(
            "recipe.CBD.solid_density",
            round(CARBON_BINDER_SOLID_DENSITY, 1),
            "assumed",
            f"{unit}; equal masses of carbon black 1900 and PVDF 1780",
        ),
        Assumption(
            "recipe.CBD.density",
            round(dry[-1].density, 1),
            "assumed",
            f"{unit}; by default the solid less the printed 50 % nanopores",
        ),
        Assumption("recipe.solvent.density", BUTYL_ACETATE.density, "assumed", "kg/m3; butyl acetate is printed"),
    )


def _solids_assumption(solids_content: float) -> Assumption:
    kind = "printed" if solids_content in PRINTED_WET_DIAMETERS else "assumed"
    return Assumption("recipe.solids_content", solids_content, kind, "dry mass over slurry mass; 0.48-0.52 are printed")


def _nanoporosity_source(carbon_binder: Powder) -> tuple[str, str]:
    if abs(carbon_binder.nanoporosity - CBD_NANOPOROSITY) < 1e-9:
        return "printed", "share of the dry bead before calendering"
    return "assumed", f"share of the dry bead, from the two densities; {CBD_NANOPOROSITY:g} is printed"


def _wet_assumption(carbon_binder: Powder, solids_content: float, given: float | None) -> Assumption:
    value = round((carbon_binder.wet_diameter or 0.0) / MICROMETRE, 4)
    if given is None:
        note = "um; mass balance: solid without nanopores plus its share of the solvent; 6.9-8.0 are printed"
        return Assumption("recipe.CBD.wet_diameter", value, "calibrated", note)
    if PRINTED_WET_DIAMETERS.get(solids_content) == given and solids_content != 0.50:
        note = "um; end of the printed range 6.9-8.0, which contradicts the mass balance of the solvent"
        return Assumption("recipe.CBD.wet_diameter", value, "printed", note)
    return Assumption("recipe.CBD.wet_diameter", value, "assumed", "um; given; the paper prints the range 6.9-8.0")
