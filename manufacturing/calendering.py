"""Calendering: two plates compress the dried film to a degree of its thickness and hold it."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .assumption import Assumption
from .beads import BeadTable
from .configuration import Configuration
from .drying import set_up_dry_beads
from .errors import InputError, StageError
from .force_field import DRIED_FORCE_FIELD, Contact, ForceField
from .lammps_engine import PRESSURE, LammpsEngine
from .plates import Plates
from .stage import Curves, StageResult, Workplace, come_to_rest, dry_fractions, relative_speed, stationarity_report
from .stationarity import Sample, Stationarity, StationarityCriterion

STAGE = "calendering"
HIGHEST_DEGREE = 0.6
# Distance at which the plates start, in radii of the largest bead: beads cut by a periodic face stick out.
START_DISTANCE = 1.2
PRESSING_SHARE = 0.6  # of the stage's wall time, for progress displays
DRAG = 0.01  # [pg/us] per unit of inertial scale
CURVES = ("degree", "thickness_um", "pressure_z_Pa", "density_g_cm3", "porosity", "porosity_without_nanopores")


@dataclass(frozen=True)
class CalenderingStage:
    """Settings of the calendering stage.

    Args:
        degree: reduction of the thickness over the dried thickness, 0-1.
        increments: number of steps of the degree at which the film is measured.
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
    increments: int = 6
    plate_speed: float = 0.1
    plate_stiffness: float = 2e7
    plate_friction: float = 1.0
    crop_depth: float = 0.0
    time_step: float = 0.1e-6
    inertial_scale: float = 100.0
    smallest_inertial_mass: float = 25e-15
    sampling_steps: int = 100
    criterion: StationarityCriterion = field(default_factory=lambda: StationarityCriterion("pressure", 1e-2, 0.05))
    force_field: ForceField = field(default=DRIED_FORCE_FIELD, repr=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.degree <= HIGHEST_DEGREE:
            raise InputError("calendering.degree", self.degree, f"0 to {HIGHEST_DEGREE}")
        for name in ("increments", "plate_speed", "plate_stiffness", "time_step", "inertial_scale"):
            if not getattr(self, name) > 0:
                raise InputError(f"calendering.{name}", getattr(self, name), "a positive number")
        if not self.crop_depth >= 0.0:
            raise InputError("calendering.crop_depth", self.crop_depth, "0 or more")

    def run(self, beads: BeadTable, dried: Configuration, workplace: Workplace) -> StageResult:
        """Return the film between its crop planes, which are the z faces of the box.

        Raises:
            InputError: the crop planes meet.
            StageError: LAMMPS failed, the film did not come to rest, or a bead passed through a plate.
        """
        plates = Plates(self._plate_contact(), dried, self.plate_speed)
        thickness = plates.position(self.degree) - plates.position(1.0)
        if not 2.0 * self.crop_depth < thickness:
            raise InputError("calendering.crop_depth", self.crop_depth, f"less than half of {thickness:.3g} m")
        with LammpsEngine(workplace.comm, STAGE, self.time_step, self.inertial_scale) as engine:
            press = _Press(self, engine, beads, plates, workplace)
            press.close_in(dried)
            press.compress()
            state = press.settle()
            pressure = press.measure(self.degree)["pressure_z_Pa"]
            film = plates.between(engine, self.degree)
        _check_centres(film)
        report = self._report(beads, film, workplace.voxel)
        report |= {"pressure_z_Pa": pressure, "stationarity": stationarity_report(state)}
        return StageResult(self._crop(film), report, press.curves)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the numbers of this stage that no source prints for this use."""
        stiffness = "Pa; with the printed contact (1e5 Pa) beads pass through the plates"
        return (
            Assumption("calendering.plate_stiffness", self.plate_stiffness, "assumed", stiffness),
            Assumption("calendering.plate_friction", self.plate_friction, "assumed", "Coulomb coefficient"),
            Assumption("calendering.plate_speed", self.plate_speed, "numerical", "m/s"),
            Assumption("calendering.inertial_scale", self.inertial_scale, "numerical", "factor on masses"),
            Assumption("calendering.crop_depth", self.crop_depth, "assumed", "m from each plate to its crop plane"),
        )

    def _plate_contact(self) -> Contact:
        return Contact(self.plate_stiffness / PRESSURE, self.force_field.contact.damping, self.plate_friction)

    def _crop(self, film: Configuration) -> Configuration:
        depth = np.array([0.0, 0.0, self.crop_depth])
        return Configuration(film.centres, film.lower + depth, film.upper - depth)

    def _report(self, beads: BeadTable, film: Configuration, voxel: float) -> dict[str, Any]:
        """Return the figures between the crop planes; the density is that between the plates."""
        electrode = self._crop(film)
        fractions = dry_fractions(beads, electrode, plates=True, voxel=voxel)
        whole = dry_fractions(beads, film, plates=True, voxel=voxel)
        left = (1.0 - fractions.void) * electrode.volume / ((1.0 - whole.void) * film.volume)
        return {
            "degree": self.degree,
            "porosity": fractions.porosity(),
            "porosity_without_nanopores": fractions.porosity_without_nanopores,
            "volume_fraction": asdict(fractions),
            "density_g_cm3": beads.dry_mass / film.volume / 1000.0,
            "thickness_um": float(electrode.size[2]) / 1e-6,
            "cropped_solid_share": 1.0 - left,
            "plate_distance_um": float(film.size[2]) / 1e-6,
            "box_um": (electrode.size / 1e-6).tolist(),
        }


@dataclass(frozen=True)
class _Press:
    """A film between plates while it is compressed."""

    settings: CalenderingStage
    engine: LammpsEngine
    beads: BeadTable
    plates: Plates
    workplace: Workplace
    curves: Curves = field(default_factory=lambda: {name: [] for name in CURVES})

    def close_in(self, dried: Configuration) -> None:
        """Put the film into a higher box, open along z, and bring the plates to its faces."""
        settings = self.settings
        margin = START_DISTANCE * float(self.beads.dry_radii.max())
        room = np.array([0.0, 0.0, 2.0 * margin])
        box = Configuration(dried.centres, dried.lower - room, dried.upper + room)
        smallest = settings.smallest_inertial_mass
        set_up_dry_beads(self.engine, self.beads, box, settings.force_field, smallest, "p p f")
        drag = DRAG * settings.inertial_scale
        self.engine.command(f"fix drag all viscous {drag:.6g}", "fix move all nve/sphere")
        self.plates.close_in(self.engine, margin)

    def compress(self) -> None:
        """Move the top plate to the degree in increments, then stop it."""
        degrees = np.linspace(0.0, self.settings.degree, self.settings.increments + 1)
        for index, degree in enumerate(degrees):
            self.plates.press(self.engine, float(degrees[max(index - 1, 0)]), float(degree))
            porosity = self.measure(float(degree))["porosity"]
            done = PRESSING_SHARE * (index + 1) / len(degrees)
            self.workplace.reporter.advance(STAGE, done, f"degree {degree:.2f}, porosity {porosity:.3f}")
        self.plates.hold(self.engine, self.settings.degree)

    def settle(self) -> Stationarity:
        """Wait between standing plates until the pressure is stationary."""
        diameters = np.array([c.dry_diameter for c in self.beads.classes])
        interval = self.settings.sampling_steps * self.settings.time_step
        count = itertools.count(1)

        def advance() -> Sample:
            """Run on between the resting plates and return the pressure."""
            self.engine.run(self.settings.sampling_steps)
            pressure = self.pressure(self.plates.between(self.engine, self.settings.degree))
            return Sample(pressure, relative_speed(self.engine, diameters, self.beads.counts), next(count) * interval)

        return come_to_rest(STAGE, self.settings.criterion, self.workplace.reporter, advance, PRESSING_SHARE)

    def measure(self, degree: float) -> dict[str, float]:
        """Append the state between the plates to the curves and return it."""
        film = self.plates.between(self.engine, degree)
        fractions = dry_fractions(self.beads, film, plates=True, voxel=self.workplace.voxel)
        density = self.beads.dry_mass / film.volume / 1000.0
        values = (
            degree,
            float(film.size[2]) / 1e-6,
            self.pressure(film),
            density,
            fractions.porosity(),
            fractions.porosity_without_nanopores,
        )
        row = dict(zip(CURVES, values, strict=True))
        for name, value in row.items():
            self.curves[name].append(value)
        return row

    def pressure(self, film: Configuration) -> float:
        """Return the normal stress of the film [Pa]; LAMMPS divides by its box, which is higher than the film."""
        return self.engine.pressure("pzz") * self.engine.volume() / film.volume


def _check_centres(film: Configuration) -> None:
    outside = (film.centres[:, 2] < film.lower[2]) | (film.centres[:, 2] > film.upper[2])
    if outside.any():
        raise StageError(f"{STAGE}: {int(outside.sum())} beads passed through a plate; raise plate_stiffness")
