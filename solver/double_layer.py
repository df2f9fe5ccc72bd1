"""Double layers at the reactive surfaces: what charges them besides the charge transfer (Eqs. D6-D8).

The voltage over the layer is v = phi_e - phi_i - i R, the film R lying outside it, and

    i = i_n(v - U(x), x) + C_dl dv/dt.

An implicit stage has dv/dt = (v - base)/duration with a base that is frozen over the stage, as for the lithium.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# [s] in which the terminals are switched over: by then the layers have hardly changed (i 1e-7 s/C_dl), and what
# rounding makes of a layer's voltage is still far below its current.
SWITCHING_TIME = 1e-7


@dataclass(frozen=True)
class LayerStage:
    """One implicit stage of the double layer of one surface."""

    duration: float  # gamma dt [s]
    base: FloatArray  # (points,) [V]


@dataclass(frozen=True)
class LayerStages:
    """One implicit stage of the double layers of all surfaces."""

    duration: float  # [s]
    bases: tuple[FloatArray, ...]  # per surface, (points,) [V]

    @property
    def switching(self) -> bool:
        """Whether this is the instant of a switch, after which the layers have the voltages of the bases."""
        return self.duration == SWITCHING_TIME

    def of(self, surface: int) -> LayerStage:
        """Return the stage of one surface."""
        return LayerStage(self.duration, self.bases[surface])

    def next(self, share: float, voltages: tuple[FloatArray, ...]) -> LayerStages:
        """Return the stage of the same duration whose base adds a share of the change in this one.

        Args:
            share: of the change; (1 - gamma)/gamma for the second stage of a step.
            voltages: at the end of this stage [V].
        """
        bases = tuple(
            np.asarray(base + share * (voltage - base)) for base, voltage in zip(self.bases, voltages, strict=True)
        )
        return LayerStages(self.duration, bases)


@dataclass(frozen=True)
class LayerTerms:
    """What a double layer adds to the relation of current and overpotential at its points.

    With c = C_dl/duration and s = U - base the layer takes c (eta + s). In series with the film,
    eta + R [f(eta) + c (eta + s)] = drive is eta + R' f(eta) = drive' with R' = R/(1 + R c) and
    drive' = (drive - R c s)/(1 + R c): the equation of a film alone.
    """

    conductance: float  # c [S/m2]
    shift: FloatArray  # s [V]

    def film(self, resistance: float) -> float:
        """Return R' [Ohm m2]."""
        return resistance / (1.0 + resistance * self.conductance)

    def drive(self, drive: FloatArray, resistance: float) -> FloatArray:
        """Return drive' [V]."""
        return np.asarray((drive - resistance * self.conductance * self.shift) / (1.0 + resistance * self.conductance))

    def current(self, eta: FloatArray) -> FloatArray:
        """Return C_dl dv/dt [A/m2]."""
        return np.asarray(self.conductance * (eta + self.shift))


def layer_terms(capacitance: float, stage: LayerStage | None, potential: FloatArray) -> LayerTerms:
    """Return the terms of a layer; none without a stage, when the cell is at rest.

    Args:
        capacitance: C_dl [F/m2].
        stage: duration and base.
        potential: U at the points [V].
    """
    if stage is None or capacitance == 0.0:
        return LayerTerms(0.0, np.zeros_like(potential))
    return LayerTerms(capacitance / stage.duration, np.asarray(potential - stage.base))
