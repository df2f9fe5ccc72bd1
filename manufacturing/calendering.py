"""Calendering: two plates compress the dried film degree by degree, hold it and, if asked, let it go."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .assumption import Assumption, kind_of
from .beads import BeadTable
from .configuration import Configuration
from .errors import InputError
from .film_state import FilmState
from .force_field import DRIED_FORCE_FIELD, Contact, ForceField
from .force_field_assumptions import force_field_assumptions
from .lammps_engine import PRESSURE
from .nanopores import NanoporeCompression
from .parameter_sets import CALIBRATED, ParameterSet
from .plates import Plates
from .porosity import CBD_NANOPOROSITY
from .press import STAGE, Press, snapshot_name
from .settling import check_positive
from .stage import StageResult, Workplace, stationarity_report
from .stationarity import StationarityCriterion

FloatArray = npt.NDArray[np.float64]

HIGHEST_DEGREE = 0.6
LOAD_SCALE = 7e3  # [Pa] the load under which films dry; a loose film hardly carries anything when it is pressed
POSITIVE = (
    *("increments", "plate_speed", "plate_stiffness", "time_step", "inertial_scale", "smallest_inertial_mass"),
    *("drag_time", "sampling_time", "release_share"),
)


@dataclass(frozen=True)
class CalenderingStage:
    """Settings of the calendering stage.

    Args:
        degree: reduction of the thickness over the dried thickness, 0-1.
        increments: number of equal steps of the degree at which the film is measured and kept.
        degrees: increasing degrees at which it is instead; the last one replaces ``degree``.
        hold_time: for which the plates stand at each degree before it is measured [s].
        release: what happens at the end: `none`, the film stays between the plates, or `elastic`, the top plate
            goes back up until it carries nothing and the film is what has recovered.
        release_share: of the load at the last degree, below which the plate counts as free.
        nanopores: how the nanopores of the CBD close.
        plate_speed: [m/s].
        plate_stiffness: Hertz stiffness of the plates [Pa].
        plate_friction: Coulomb coefficient of the plates.
        crop_depth: by which each crop plane lies inside its plate [m].
        time_step: [s].
        inertial_scale: factor on the inertial masses.
        smallest_inertial_mass: lighter beads move as if they had this mass [kg].
        drag_time: in which drag stops a bead of the smallest inertia at an inertial scale of 100 [s].
        sampling_time: between two samples while the plates stand [s].
        criterion: ends the stage.
        force_field: between beads.
    """

    degree: float = 0.30
    increments: int = 6
    degrees: tuple[float, ...] = ()
    hold_time: float = 0.0
    release: str = "none"
    release_share: float = 0.01
    nanopores: NanoporeCompression = field(default_factory=NanoporeCompression)
    plate_speed: float = 0.1
    plate_stiffness: float = 1e8
    plate_friction: float = 1.0
    crop_depth: float = 0.0
    time_step: float = 0.1e-6
    inertial_scale: float = 100.0
    smallest_inertial_mass: float = 100e-15
    drag_time: float = 500e-6
    sampling_time: float = 10e-6
    criterion: StationarityCriterion = field(
        default_factory=lambda: StationarityCriterion("pressure", 1e-2, 0.05, scale=LOAD_SCALE)
    )
    force_field: ForceField = field(default=DRIED_FORCE_FIELD, repr=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.degree <= HIGHEST_DEGREE:
            raise InputError("calendering.degree", self.degree, f"0 to {HIGHEST_DEGREE}")
        increasing = all(a < b for a, b in zip((-1.0, *self.degrees), self.degrees, strict=False))
        if self.degrees and not (increasing and 0.0 <= self.degrees[0] and self.degrees[-1] <= HIGHEST_DEGREE):
            raise InputError("calendering.degrees", self.degrees, f"increasing values from 0 to {HIGHEST_DEGREE}")
        if self.release not in ("none", "elastic"):
            raise InputError("calendering.release", self.release, "one of ['none', 'elastic']")
        check_positive(STAGE, self, POSITIVE)
        for name in ("crop_depth", "hold_time"):
            if not getattr(self, name) >= 0.0:
                raise InputError(f"calendering.{name}", getattr(self, name), "0 or more")

    @classmethod
    def from_parameters(cls, parameters: ParameterSet) -> CalenderingStage:
        """Return the stage of a parameter set."""
        return cls(
            plate_speed=parameters.plate_speed,
            plate_stiffness=parameters.plate_stiffness,
            plate_friction=parameters.plate_friction,
            inertial_scale=parameters.calendering_inertial_scale,
            force_field=parameters.dried,
        )

    @property
    def all_degrees(self) -> tuple[float, ...]:
        """Degrees at which the film is measured, from 0 to the last one."""
        if self.degrees:
            return self.degrees if self.degrees[0] == 0.0 else (0.0, *self.degrees)
        return tuple(float(d) for d in np.linspace(0.0, self.degree, self.increments + 1))

    def run(self, beads: BeadTable, dried: Configuration, workplace: Workplace) -> StageResult:
        """Return the film between its crop planes, which are the z faces of the box.

        Its snapshots are the films at each degree, between crop planes as well; that of the last degree is settled.

        Raises:
            InputError: the crop planes meet.
            StageError: LAMMPS failed, the film did not come to rest, or a bead passed through a plate.
        """
        plates = Plates(self._plate_contact(), dried, self.plate_speed)
        last = self.all_degrees[-1]
        thickness = plates.position(last) - plates.position(1.0)
        if not 2.0 * self.crop_depth < thickness:
            raise InputError("calendering.crop_depth", self.crop_depth, f"less than half of {thickness:.3g} m")
        with workplace.engine(STAGE, self.time_step, self.inertial_scale) as engine:
            press = Press(self, engine, beads, plates, workplace)
            press.close_in(dried)
            press.compress()
            settled = press.settle()
            state = press.measure()
            report = self._report(press, state, workplace.voxel)
            press.snapshots[snapshot_name(last)] = state.film
            if self.release == "elastic":
                press.release()
                report = self._after_release(press, report, workplace.voxel)
            film = press.film()
        snapshots = {name: self._crop(snapshot) for name, snapshot in press.snapshots.items()}
        report |= {"stationarity": stationarity_report(settled)}
        return StageResult(self._crop(film), report, press.curves, snapshots=snapshots)

    def radii(self, beads: BeadTable, degree: float | None = None) -> FloatArray:
        """Return the radius of every bead at a degree, None: the last one, shape (n,) [m]."""
        return self.nanopores.radii(beads, self.all_degrees[-1] if degree is None else degree)

    def state(self, beads: BeadTable, film: Configuration, closed: float, voxel: float) -> FilmState:
        """Measure a film whose largest degree so far is ``closed``."""
        return FilmState.measured(beads, film, self.radii(beads, closed), self.nanopores.nanoporosity(closed), voxel)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the numbers of this stage that no source prints for this use."""
        stiffness = "Pa; with the printed contact (1e5 Pa) beads pass through the plates"
        closing = "share of the CBD's nanopores that closes per degree; paper 003 says they do, not how fast"
        assumed = {
            "plate_stiffness": stiffness,
            "plate_friction": "Coulomb coefficient",
            "crop_depth": "m from each plate to its crop plane",
            "release": "none: the film stays as thick as under the plates; elastic: it recovers",
            "hold_time": "s, for which the plates stand at each degree",
        }
        numerical = {
            "plate_speed": "m/s; half of 0.1 changes porosity by less than 0.01, measured with 5089 beads",
            "inertial_scale": "factor on masses",
            "smallest_inertial_mass": "kg; inertia only",
            "time_step": "s",
            "drag_time": "s, in which drag stops a bead of the smallest inertia at an inertial scale of 100",
            "sampling_time": "s, between two samples while the plates stand",
        }
        pores = self.nanopores.initial
        pores_kind = kind_of(pores, CBD_NANOPOROSITY, CBD_NANOPOROSITY)
        return (
            *force_field_assumptions(STAGE, self.force_field, DRIED_FORCE_FIELD, CALIBRATED.dried),
            *(Assumption(f"calendering.{n}", getattr(self, n), "assumed", note) for n, note in assumed.items()),
            Assumption("calendering.nanopores.initial", pores, pores_kind, "share of the dry CBD bead"),
            Assumption("calendering.nanopores.rate", self.nanopores.rate, "assumed", closing),
            *(Assumption(f"calendering.{n}", getattr(self, n), "numerical", note) for n, note in numerical.items()),
        )

    def _plate_contact(self) -> Contact:
        return Contact(self.plate_stiffness / PRESSURE, self.force_field.contact.damping, self.plate_friction)

    def _crop(self, film: Configuration) -> Configuration:
        depth = np.array([0.0, 0.0, self.crop_depth])
        return Configuration(film.centres, film.lower + depth, film.upper - depth)

    def _report(self, press: Press, whole: FilmState, voxel: float) -> dict[str, Any]:
        """Return the figures between the crop planes; the density is that between the plates."""
        electrode = whole
        if self.crop_depth > 0.0:
            film = self._crop(whole.film)
            electrode = self.state(press.beads, film, press.closed, voxel)
        left = (1.0 - electrode.fractions.void) * electrode.film.volume
        return {
            "degree": press.degree,
            **electrode.porosities(),
            # The spheres of a cropped film are not all inside it.
            "nominal_porosity": whole.porosities()["nominal_porosity"],
            "volume_fraction": asdict(electrode.fractions),
            "nanoporosity": whole.nanoporosity,
            "density_g_cm3": whole.density / 1000.0,
            "thickness_um": float(electrode.film.size[2]) / 1e-6,
            "cropped_solid_share": 1.0 - left / ((1.0 - whole.fractions.void) * whole.film.volume),
            "plate_distance_um": float(whole.film.size[2]) / 1e-6,
            "box_um": (electrode.film.size / 1e-6).tolist(),
            "pressure_z_Pa": press.curves["pressure_z_Pa"][-1],
            "plate_pressure_Pa": press.curves["plate_pressure_Pa"][-1],
        }

    def _after_release(self, press: Press, pressed: dict[str, Any], voxel: float) -> dict[str, Any]:
        """Return the figures of the recovered film, with those under load beside them."""
        film = self.state(press.beads, press.film(), press.closed, voxel)
        names = ("degree", "thickness_um", "porosity", "porosity_without_nanopores", "plate_pressure_Pa")
        return {
            **self._report(press, film, voxel),
            "under_load": {name: pressed[name] for name in names},
            "recovered_share": 1.0 - press.degree / pressed["degree"] if pressed["degree"] > 0.0 else 0.0,
        }
