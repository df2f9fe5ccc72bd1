"""Calendering: two plates compress the dried film to a degree of its thickness and hold it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .assumption import Assumption
from .beads import BeadTable
from .configuration import Configuration
from .drying import set_up_dry_beads
from .errors import InputError, StageError
from .force_field import DRIED_FORCE_FIELD, TANGENTIAL_DAMPING_RATIO, TANGENTIAL_STIFFNESS_RATIO, ForceField
from .lammps_engine import LENGTH, TIME, LammpsEngine
from .stage import Curves, StageResult, Workplace, come_to_rest, dry_fractions, relative_speed, stationarity_report
from .stationarity import Sample, Stationarity, StationarityCriterion

FloatArray = npt.NDArray[np.float64]

STAGE = "calendering"
HIGHEST_DEGREE = 0.6


@dataclass(frozen=True)
class CalenderingStage:
    """Settings of the calendering stage.

    Args:
        degree: reduction of the thickness over the dried thickness, 0-1.
        samples: number of points of the pressure-degree curve.
        plate_speed: [m/s].
        plate_stiffness: Hertz stiffness of the plates [Pa].
        plate_friction: Coulomb coefficient of the plates.
        crop_depth: by which each crop plane lies inside its plate [m].
        time_step: [s].
        inertial_scale: factor on the inertial masses.
        smallest_inertial_mass: lighter beads move as if they had this mass [kg].
        sampling_steps: steps between two samples while the plates hold.
        criterion: ends the stage.
        force_field: between beads.
    """

    degree: float = 0.30
    samples: int = 6
    plate_speed: float = 0.1
    plate_stiffness: float = 2e7
    plate_friction: float = 1.0
    crop_depth: float = 0.0
    time_step: float = 0.1e-6
    inertial_scale: float = 100.0
    smallest_inertial_mass: float = 25e-15
    sampling_steps: int = 100
    criterion: StationarityCriterion = StationarityCriterion("pressure", 2e-2, 0.05)
    force_field: ForceField = field(default=DRIED_FORCE_FIELD, repr=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.degree <= HIGHEST_DEGREE:
            raise InputError("calendering.degree", self.degree, f"0 to {HIGHEST_DEGREE}")
        for name in ("samples", "plate_speed", "plate_stiffness", "time_step", "inertial_scale"):
            if not getattr(self, name) > 0:
                raise InputError(f"calendering.{name}", getattr(self, name), "a positive number")
        if not self.crop_depth >= 0.0:
            raise InputError("calendering.crop_depth", self.crop_depth, "0 or more")

    def run(self, beads: BeadTable, dried: Configuration, workplace: Workplace) -> StageResult:
        """Return the film between its crop planes; z of the lower one is the lower face of the box.

        Raises:
            StageError: LAMMPS failed, the film did not come to rest, or a bead passed through a plate.
        """
        margin = float(beads.dry_radii.max()) * 1.2
        curves: Curves = {name: [] for name in CURVE_COLUMNS}
        with LammpsEngine(workplace.comm, STAGE, self.time_step, self.inertial_scale) as engine:
            plates = self._set_up(engine, beads, dried, margin)
            plates.close_in(engine, margin)
            for index in range(self.samples + 1):
                degree = self.degree * index / self.samples
                plates.press(engine, degree)
                self._record(engine, beads, plates.film(engine, degree), degree, workplace, curves)
            plates.hold(engine, self.degree)
            state = self._settle(engine, beads, plates, workplace)
            final = plates.film(engine, self.degree)
            pressure = engine.pressure("pzz") * engine.volume() / final.volume
        return StageResult(self._crop(final), self._report(beads, final, pressure, state, workplace), curves)
