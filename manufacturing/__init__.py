"""Recipe -> packing: LAMMPS simulates slurry, its flow, drying and calendering of the electrode's particles."""

from __future__ import annotations

from .assumption import Assumption
from .balance import Balance
from .beads import BeadClass, BeadTable
from .calendering import CalenderingStage
from .calibration import Calibration, CalibrationResult, Target
from .chain import ManufacturingResult, ManufacturingSettings, manufacture
from .contacts import Contacts, find_contacts
from .coordination import Coordination
from .cut_out import CutOut
from .drying import DryingStage
from .errors import GranodeError, InputError, StageError
from .evaporation import Evaporation
from .flow_curve import FlowCurve, FlowCurveTest, read_flow_curve
from .log_normal import LogNormal
from .nanopores import NanoporeCompression
from .overlaps import OverlapStatistics, overlap_statistics
from .packing import Packing, load_packing
from .packing_files import read_csv, read_lammps_data, read_lammps_dump, read_packing, write_packing
from .packing_summary import PackingSummary, describe
from .parameter_sets import CALIBRATED, PRINTED, ParameterSet, differences_table
from .phases import Phase
from .porosity import VolumeFractions, volume_fractions
from .profile import HeightProfile, height_profile
from .random_packing import PackedPhase, RandomPackingResult, RandomPackingSettings
from .recipe import Powder, Recipe
from .shear import ShearPoint, ShearTest
from .shipped_recipes import (
    RECIPES,
    nmc622_argyrodite,
    nmc622_argyrodite_full,
    nmc811_argyrodite,
    shipped_recipe,
)
from .size_distribution import SizeDistribution, read_size_table
from .slurry import SlurryStage
from .solvent import BUTYL_ACETATE, PARA_XYLENE, Solvent, soaked
from .stationarity import ConvergenceCriterion, StationarityCriterion
from .tiling import tile

__all__ = [
    "BUTYL_ACETATE",
    "CALIBRATED",
    "PARA_XYLENE",
    "PRINTED",
    "RECIPES",
    "Assumption",
    "Balance",
    "BeadClass",
    "BeadTable",
    "CalenderingStage",
    "Calibration",
    "CalibrationResult",
    "Contacts",
    "ConvergenceCriterion",
    "Coordination",
    "CutOut",
    "DryingStage",
    "Evaporation",
    "FlowCurve",
    "FlowCurveTest",
    "GranodeError",
    "HeightProfile",
    "InputError",
    "LogNormal",
    "ManufacturingResult",
    "ManufacturingSettings",
    "NanoporeCompression",
    "OverlapStatistics",
    "PackedPhase",
    "Packing",
    "PackingSummary",
    "ParameterSet",
    "Phase",
    "Powder",
    "RandomPackingResult",
    "RandomPackingSettings",
    "Recipe",
    "ShearPoint",
    "ShearTest",
    "SizeDistribution",
    "SlurryStage",
    "Solvent",
    "StageError",
    "StationarityCriterion",
    "Target",
    "VolumeFractions",
    "describe",
    "differences_table",
    "find_contacts",
    "height_profile",
    "load_packing",
    "manufacture",
    "nmc622_argyrodite",
    "nmc622_argyrodite_full",
    "nmc811_argyrodite",
    "overlap_statistics",
    "read_csv",
    "read_flow_curve",
    "read_lammps_data",
    "read_lammps_dump",
    "read_packing",
    "read_size_table",
    "shipped_recipe",
    "soaked",
    "tile",
    "volume_fractions",
    "write_packing",
]
