"""Case -> recipe, settings of the manufacturing chain and random packings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from manufacturing.assumption import Assumption
from manufacturing.calendering import CalenderingStage
from manufacturing.chain import ManufacturingSettings
from manufacturing.drying import DryingStage
from manufacturing.errors import InputError
from manufacturing.evaporation import Evaporation
from manufacturing.force_field import Attraction, ForceField
from manufacturing.log_normal import LogNormal
from manufacturing.nanopores import NanoporeCompression
from manufacturing.parameter_sets import CALIBRATED, PRINTED
from manufacturing.phases import Phase, interface_name
from manufacturing.powder import Powder
from manufacturing.random_packing import PackedPhase, RandomPackingSettings
from manufacturing.recipe import Recipe
from manufacturing.shipped_recipes import shipped_recipe
from manufacturing.size_distribution import SizeDistribution, read_size_table
from manufacturing.slurry import SlurryStage
from manufacturing.solvent import Solvent, soaked

from .schema_manufacturing import (
    ManufacturedGeometry,
    PowderSection,
    RandomGeometry,
    SizedSection,
    SlurrySection,
    StageSection,
)

PARAMETER_SETS = {"calibrated": CALIBRATED, "printed": PRINTED}
FORCE_FIELD_KEYS = {"attraction", "contact", "energy_scale", "damping_scale", "friction_scale"}
CRITERION_KEYS = ("maximum_drift", "maximum_samples")
MOST_BEADS = 500_000
FIELD_KEYS = {  # of the manufacturing room -> key of the case file; the first that fits
    "recipe.total_beads": "geometry.beads",
    "recipe.dry_mass": "geometry.dry_mass",
    "recipe.solids_content": "geometry.solids_content",
    "recipe.": "geometry.powders: ",
    "recipe": "geometry.recipe",
    "slurry.": "geometry.slurry.",
    "drying.": "geometry.drying.",
    "calendering.": "geometry.calendering.",
    "manufacturing.": "geometry.",
    "random packing pair_overlaps": "geometry.pair_overlaps",
    "random packing ": "geometry.phases: ",
    "shear.": "rheology.",
    "flow_curve.": "rheology.",
    "calibration.target": "rheology.calibration.viscosities",
    "calibration.": "rheology.calibration.",
}
Stage = TypeVar("Stage", SlurryStage, DryingStage, CalenderingStage)


def manufacturing_settings(geometry: ManufacturedGeometry, folder: Path) -> ManufacturingSettings:
    """Return the settings of the manufacturing chain of a case.

    Raises:
        InputError: unknown recipe, unreadable size table, or values that cannot be used.
    """
    parameters = PARAMETER_SETS[geometry.parameters]
    slurry = _adjusted(_scaled(SlurryStage.from_parameters(parameters), geometry.slurry), geometry.slurry)
    drying = _adjusted(DryingStage.from_parameters(parameters), geometry.drying)
    return ManufacturingSettings(
        recipe=recipe_of(geometry, folder),
        slurry=slurry,
        drying=replace(drying, slurry_force_field=slurry.force_field, slurry_pressure=slurry.pressure),
        calendering=_adjusted(CalenderingStage.from_parameters(parameters), geometry.calendering),
        seed=geometry.seed,
        ranks=geometry.ranks,
        voxel=geometry.voxel,
    )


def recipe_of(geometry: ManufacturedGeometry, folder: Path) -> Recipe:
    """Return the shipped recipe or that of the powders, for the wanted number of beads or dry mass."""
    recipe = _own_recipe(geometry, folder) if geometry.powders else _shipped_recipe(geometry)
    if recipe.total_beads > MOST_BEADS:
        key = "geometry.beads" if geometry.dry_mass is None else "geometry.dry_mass"
        raise InputError(key, f"{recipe.total_beads} beads", f"at most {MOST_BEADS} beads; masses are in kilograms")
    return recipe


def _shipped_recipe(geometry: ManufacturedGeometry) -> Recipe:
    recipe = shipped_recipe(geometry.recipe, geometry.beads)
    if geometry.dry_mass is None:
        return recipe
    return Recipe.of_dry_mass(recipe.powders, geometry.dry_mass, recipe.assumptions, recipe.printed)


def _own_recipe(geometry: ManufacturedGeometry, folder: Path) -> Recipe:
    powders = tuple(_powder(section, folder) for section in geometry.powders)
    notes = [
        Assumption("slurry.force_field", geometry.parameters, "assumed", "fitted to paper 001, not to this recipe")
    ]
    if geometry.solids_content is not None:
        powders = soaked(powders, geometry.solids_content, Solvent("solvent", geometry.solvent_density))
        notes.append(
            Assumption("recipe.solvent.density", geometry.solvent_density, "given", "kg/m3; 882 is butyl acetate's")
        )
    elif not any(powder.wet_diameter for powder in powders):
        notes.append(Assumption("recipe.solvent", "none", "given", "no solids_content and no wet powder: a dry mix"))
    if geometry.dry_mass is not None:
        return Recipe.of_dry_mass(powders, geometry.dry_mass, tuple(notes))
    if geometry.beads is None:
        raise InputError("geometry.beads", "nothing", "beads or dry_mass with an own recipe")
    return Recipe(powders, geometry.beads, tuple(notes))


def random_settings(geometry: RandomGeometry, folder: Path) -> RandomPackingSettings:
    """Return the settings of the random packing of a case."""
    phases = []
    for section in geometry.phases:
        sizes = size_distribution(section, f"geometry.phases.{section.phase}", folder)
        phases.append(
            PackedPhase(Phase[section.phase], section.volume_fraction, sizes.diameters, sizes.number_fractions)
        )
    values = geometry.model_dump(exclude={"source", "phases", "pair_overlaps"})
    overlaps = {_pair_name(name): limit for name, limit in geometry.pair_overlaps.items()}
    return RandomPackingSettings(phases=tuple(phases), pair_overlaps=overlaps, **values)


def _pair_name(name: str) -> str:
    """Return the name of a pair of phases in their order, ``SE|AM`` becomes ``AM|SE``."""
    parts = name.split("|")
    known = len(parts) == 2 and all(part in Phase.__members__ for part in parts)
    return interface_name(Phase[parts[0]], Phase[parts[1]]) if known else name


def size_distribution(section: SizedSection, field: str, folder: Path) -> SizeDistribution:
    """Return the size distribution of a table of the case file; ``field`` names it in errors."""
    if section.log_normal is not None:
        law = section.log_normal
        curve = LogNormal(law.median, law.geometric_deviation, law.basis, law.truncation, field)
        return curve.classes(law.classes)
    if section.size_table is not None:
        return read_size_table(folder / section.size_table, section.size_table_basis, field)
    if section.volume_fractions:
        return SizeDistribution.from_classes(section.diameters, section.volume_fractions, "volume", field)
    shares = section.number_fractions or (1.0,) * min(1, len(section.diameters))
    return SizeDistribution.from_classes(section.diameters, shares, "number", field)


def _powder(section: PowderSection, folder: Path) -> Powder:
    sizes = size_distribution(section, f"recipe.{section.name or section.phase}", folder)
    names = ("weight_fraction", "density", "solid_density", "wet_diameter", "wet_density", "name")
    values: dict[str, Any] = {name: getattr(section, name) for name in names}
    return Powder(
        phase=Phase[section.phase], diameters=sizes.diameters, number_fractions=sizes.number_fractions, **values
    )


def _scaled(stage: SlurryStage, section: SlurrySection) -> SlurryStage:
    """Return the stage with scaled energies; the damping while shearing has a factor of its own."""
    energy, damping, friction = section.energy_scale, section.damping_scale, section.friction_scale
    return replace(stage.scaled(energy), force_field=stage.force_field.scaled(energy, damping, friction))


def _adjusted(stage: Stage, section: StageSection) -> Stage:
    """Return a stage with the values that the case gives; tables of it become the stage's own objects."""
    values: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if value is None or name in FORCE_FIELD_KEYS or name in CRITERION_KEYS:
            continue
        tables = {"evaporation": Evaporation, "nanopores": NanoporeCompression}
        values[name] = tables[name](**value.model_dump()) if name in tables else value
    limits = {name: value for name in CRITERION_KEYS if (value := getattr(section, name)) is not None}
    return replace(
        stage,
        force_field=_force_field(stage.force_field, section),
        criterion=replace(stage.criterion, **limits),
        **values,
    )


def _force_field(force_field: ForceField, section: StageSection) -> ForceField:
    laws: dict[Phase, Attraction] = dict(force_field.attraction)
    for name, law in section.attraction.items():
        laws[Phase[name]] = replace(laws[Phase[name]], **law.model_dump(exclude_none=True))
    changes = {} if section.contact is None else section.contact.model_dump(exclude_none=True)
    return ForceField(laws, replace(force_field.contact, **changes))


@contextmanager
def named_as_in_case() -> Iterator[None]:
    """Translate the manufacturing room's names of fields into keys of the case file."""
    try:
        yield
    except InputError as error:
        field = error.field
        for name, key in FIELD_KEYS.items():
            if field.startswith(name):
                field = key + field.removeprefix(name)
                break
        raise InputError(field, error.found, error.expected) from None
