"""A film between the plates of a calender while it is compressed, held and released."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .beads import BeadTable
from .configuration import Configuration
from .drying import set_up_dry_beads
from .errors import StageError
from .film_state import FilmState, plate_pressure
from .force_field import pair_coefficients
from .lammps_engine import LENGTH, LammpsEngine
from .plates import Plates
from .settling import drag, inertial_masses, steps
from .stage import Curves, Workplace, come_to_rest, relative_speed
from .stationarity import Sample, Stationarity

if TYPE_CHECKING:
    from .calendering import CalenderingStage

STAGE = "calendering"
# Distance at which the plates start, in radii of the largest bead: beads cut by a periodic face stick out.
START_DISTANCE = 1.2
PRESSING_SHARE = 0.6  # of the stage's wall time, for progress displays
DRAG_SCALE = 100.0  # inertial scale at which drag_time holds; the drag's force does not change with the scale
LOWEST_DEGREE = -0.1  # a film that dried under a load may become a little thicker without it
RELEASE_STEP = 0.005  # of the dried thickness, by which the plate goes up between two looks at its load
CURVES = (
    *("degree", "thickness_um", "pressure_z_Pa", "plate_pressure_Pa", "density_g_cm3"),
    *("porosity", "porosity_without_nanopores", "nominal_porosity", "nanoporosity"),
)


@dataclass
class Press:
    """A film between plates in a running simulation.

    Args:
        settings: of the stage.
        engine: that holds the beads.
        beads: of the film.
        plates: that press it.
        workplace: where the stage reports.
    """

    settings: CalenderingStage
    engine: LammpsEngine
    beads: BeadTable
    plates: Plates
    workplace: Workplace
    degree: float = 0.0  # of the top plate now
    closed: float = 0.0  # largest degree so far: nanopores do not open again
    curves: Curves = field(default_factory=lambda: {name: [] for name in CURVES})
    snapshots: dict[str, Configuration] = field(default_factory=dict)

    def close_in(self, dried: Configuration) -> None:
        """Put the film into a higher box, open along z, and bring the plates to its faces."""
        settings = self.settings
        margin = START_DISTANCE * float(self.beads.dry_radii.max())
        room = np.array([0.0, 0.0, 2.0 * margin])
        box = Configuration(dried.centres, dried.lower - room, dried.upper + room)
        smallest = settings.smallest_inertial_mass
        set_up_dry_beads(self.engine, self.beads, box, settings.force_field, smallest, "p p f")
        slow = drag(self.beads, [smallest] * len(self.beads.classes), settings.drag_time, DRAG_SCALE)
        self.engine.command(slow, "fix move all nve/sphere")
        self.plates.close_in(self.engine, margin)

    def compress(self) -> None:
        """Move the top plate from degree to degree, hold it at each if asked, and measure."""
        degrees = self.settings.all_degrees
        for number, degree in enumerate(degrees, start=1):
            self.shrink(degree)
            self._move(degree)
            if self.settings.hold_time > 0.0:
                self._hold(self.settings.hold_time)
            state = self.measure()
            message = f"degree {degree:.2f}, porosity {self.curves['porosity'][-1]:.3f}"
            self.workplace.reporter.advance(STAGE, PRESSING_SHARE * number / len(degrees), message)
            self.snapshots[snapshot_name(degree)] = state.film
        self.plates.hold(self.engine, self.degree)

    def shrink(self, degree: float) -> None:
        """Close nanopores: carbon-binder beads get the diameter of the coming degree, contacts are kept."""
        if self.settings.nanopores.rate == 0.0 or degree <= self.closed:
            return
        diameters = self.settings.nanopores.diameters(self.beads, degree)
        masses = inertial_masses([c.dry_mass for c in self.beads.classes], self.settings.smallest_inertial_mass)
        self.engine.set_beads(list(diameters), masses, self.beads.counts)
        phases = [c.phase for c in self.beads.classes]
        pairs = pair_coefficients(self.settings.force_field, phases, list(diameters / LENGTH))
        self.engine.command(*(pair.command() for pair in pairs))

    def settle(self) -> Stationarity:
        """Wait between standing plates until the stress is stationary."""
        interval = self.settings.sampling_time
        count = itertools.count(1)
        diameters = self._diameters()

        def advance() -> Sample:
            """Run on between the resting plates and return the stress."""
            self.engine.run(steps(self.engine, interval))
            speed = relative_speed(self.engine, diameters, self.beads.counts)
            return Sample(self.film_stress(self.film()), speed, next(count) * interval)

        return come_to_rest(STAGE, self.settings.criterion, self.workplace.reporter, advance, PRESSING_SHARE)

    def release(self) -> None:
        """Raise the top plate in small steps until it carries next to nothing and the film stays below it.

        Raises:
            StageError: the plate is well above the dried thickness and still carries a load.
        """
        limit = self.settings.release_share * self.plate_pressure()
        pause = self.settings.criterion.window * self.settings.sampling_time
        while self.plate_pressure() > limit or self._rested_load(pause) > limit:
            if self.degree <= LOWEST_DEGREE:
                raise StageError(f"{STAGE}: the released film is {-LOWEST_DEGREE:.0%} thicker than the dried one")
            self._move(self.degree - RELEASE_STEP)
            self.plates.hold(self.engine, self.degree)
        self.measure()

    def measure(self) -> FilmState:
        """Append the state between the plates to the curves and return it.

        Raises:
            StageError: a bead centre lies beyond a plate.
        """
        state = self.settings.state(self.beads, self.film(), self.closed, self.workplace.voxel)
        if state.outside():
            raise StageError(f"{STAGE}: {state.outside()} beads passed through a plate; raise plate_stiffness")
        row = {
            "degree": self.degree,
            "thickness_um": float(state.film.size[2]) / LENGTH,
            "pressure_z_Pa": self.film_stress(state.film),
            "plate_pressure_Pa": self.plate_pressure(),
            "density_g_cm3": state.density / 1000.0,
            "nanoporosity": state.nanoporosity,
            **state.porosities(),
        }
        for name in CURVES:
            self.curves[name].append(row[name])
        return state

    def film(self) -> Configuration:
        """Return the beads in a box whose z faces are the plates."""
        return self.plates.between(self.engine, self.degree)

    def film_stress(self, film: Configuration) -> float:
        r"""Return the normal stress of the forces between beads, sum z f_z / volume of the film [Pa].

        The plates push at bead surfaces, not centres, so it is smaller than their pressure by about a bead diameter
        over the thickness. LAMMPS divides by its box, which is higher than the film.
        """
        return self.engine.pressure("pzz") * self.engine.volume() / film.volume

    def plate_pressure(self) -> float:
        """Return the elastic load of the top plate over its area [Pa]."""
        return plate_pressure(self.film(), 0.5 * self._diameters()[self.beads.class_index], self.plates.contact)

    def _rested_load(self, pause: float) -> float:
        """Return the mean load of the top plate [Pa] while the film rests for a while."""
        loads = []
        for _ in range(self.settings.criterion.window):
            self.engine.run(steps(self.engine, pause / self.settings.criterion.window))
            loads.append(self.plate_pressure())
        return float(np.mean(loads))

    def _move(self, degree: float) -> None:
        self.plates.press(self.engine, self.degree, degree)
        self.degree, self.closed = degree, max(self.closed, degree)

    def _hold(self, duration: float) -> None:
        self.plates.hold(self.engine, self.degree)
        self.engine.run(steps(self.engine, duration))

    def _diameters(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return self.settings.nanopores.diameters(self.beads, self.closed)


def snapshot_name(degree: float) -> str:
    """Return the name of the film at a degree: `calendered_05` for 0.05, `calendered_12.5` for 0.125."""
    whole, _, rest = f"{100.0 * degree:.4f}".rstrip("0").partition(".")
    return f"calendered_{whole:0>2}" + (f".{rest}" if rest else "")
