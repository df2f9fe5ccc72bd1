"""The two granular plates of a calender, as LAMMPS wall regions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .configuration import Configuration
from .force_field import Contact
from .lammps_engine import LENGTH, SPEED, TIME, LammpsEngine

NAMES = ("bottom", "top")
NORMALS = {"bottom": "0 0 1", "top": "0 0 -1"}


@dataclass(frozen=True)
class Plates:
    """Plates at the lower and upper z face of a film.

    Args:
        contact: Hertz contact between plate and bead.
        film: the film before calendering; its z faces are where the plates start to press.
        speed: of a moving plate, at most [m/s].
    """

    contact: Contact
    film: Configuration
    speed: float

    def position(self, degree: float) -> float:
        """Return z of the top plate [m] at a degree 0-1."""
        return float(self.film.upper[2] - degree * self.film.size[2])

    def close_in(self, engine: LammpsEngine, margin: float) -> None:
        """Bring both plates from outside, at a distance [m], to the faces of the film.

        Beads that stuck out of a periodic face are pushed in.
        """
        lower, upper = float(self.film.lower[2]), float(self.film.upper[2])
        self._move(engine, {"bottom": (lower - margin, lower), "top": (upper + margin, upper)})
        self.hold(engine, 0.0)

    def press(self, engine: LammpsEngine, start: float, end: float) -> None:
        """Move the top plate from one degree to another; the bottom plate stands."""
        if end > start:
            self._move(engine, {"top": (self.position(start), self.position(end))})

    def hold(self, engine: LammpsEngine, degree: float) -> None:
        """Stop both plates, the top one at a degree."""
        for name, height in zip(NAMES, (float(self.film.lower[2]), self.position(degree)), strict=True):
            self._replace(engine, name, f"region {name} plane 0 0 {height / LENGTH:.10g} {NORMALS[name]} side in")

    def between(self, engine: LammpsEngine, degree: float) -> Configuration:
        """Return the beads in a box whose z faces are the plates."""
        now = engine.configuration()
        lower = np.array([now.lower[0], now.lower[1], self.film.lower[2]])
        upper = np.array([now.upper[0], now.upper[1], self.position(degree)])
        return Configuration(now.centres, lower, upper).wrapped((True, True, False))

    def _move(self, engine: LammpsEngine, paths: dict[str, tuple[float, float]]) -> None:
        longest = max(abs(end - start) for start, end in paths.values())
        steps = max(1, math.ceil(longest / (self.speed * engine.time_step)))
        engine.command("reset_timestep 0")
        for name, (start, end) in paths.items():
            speed = (end - start) / (steps * engine.time_step) / SPEED
            self._replace(
                engine,
                name,
                f"region {name} plane 0 0 {start / LENGTH:.10g} {NORMALS[name]} side in move NULL NULL v_{name}",
                f"variable {name} equal {speed:.10g}*step*{engine.time_step / TIME:.10g}",
            )
        engine.run(steps)

    def _replace(self, engine: LammpsEngine, name: str, region: str, *before: str) -> None:
        if engine.has_fix(f"plate_{name}"):
            engine.command(f"unfix plate_{name}", f"region {name} delete")
        law = self.contact.coefficients(engine.inertial_scale)
        engine.command(*before, region, f"fix plate_{name} all wall/gran/region hertz/history {law} region {name}")
