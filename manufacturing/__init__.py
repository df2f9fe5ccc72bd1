"""Recipe -> packing: LAMMPS simulates slurry, drying and calendering of the electrode's particles."""

from __future__ import annotations

from .assumption import Assumption
from .beads import BeadClass, BeadTable
from .calendering import CalenderingStage
from .chain import ManufacturingResult, ManufacturingSettings, manufacture
from .drying import DryingStage
from .errors import GranodeError, InputError, StageError
from .packing import Packing, load_packing
from .packing_files import read_csv, read_lammps_dump
from .phases import Phase
from .porosity import VolumeFractions, volume_fractions
from .recipe import Powder, Recipe
from .shipped_recipes import nmc622_argyrodite
from .slurry import SlurryStage
from .stationarity import StationarityCriterion

__all__ = [
    "Assumption",
    "BeadClass",
    "BeadTable",
    "CalenderingStage",
    "DryingStage",
    "GranodeError",
    "InputError",
    "ManufacturingResult",
    "ManufacturingSettings",
    "Packing",
    "Phase",
    "Powder",
    "Recipe",
    "SlurryStage",
    "StageError",
    "StationarityCriterion",
    "VolumeFractions",
    "load_packing",
    "manufacture",
    "nmc622_argyrodite",
    "read_csv",
    "read_lammps_dump",
    "volume_fractions",
]
