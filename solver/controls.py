"""What is done to the terminals: a prescribed current, potential or power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Galvanostatic:
    """Prescribed cell current; the collector potential is unknown."""

    current: float  # [A] positive on discharge

    @property
    def heading(self) -> float:
        """1 on discharge, -1 on charge, 0 at rest."""
        return float(np.sign(self.current))

    def current_at(self, voltage: FloatArray) -> FloatArray:
        """Return I at a cell voltage [A], shape of the voltage."""
        return np.full_like(voltage, self.current)

    def slope_at(self, voltage: FloatArray) -> FloatArray:
        """Return dI/dV [S], shape of the voltage."""
        return np.zeros_like(voltage)


@dataclass(frozen=True)
class ConstantPower:
    """Prescribed power I V = P; current and collector potential are unknown."""

    power: float  # [W] positive on discharge

    @property
    def heading(self) -> float:
        """1 on discharge, -1 on charge."""
        return float(np.sign(self.power))

    def current_at(self, voltage: FloatArray) -> FloatArray:
        """Return I = P/V [A], shape of the voltage."""
        return np.asarray(self.power / voltage)

    def slope_at(self, voltage: FloatArray) -> FloatArray:
        """Return dI/dV = -P/V^2 [S], shape of the voltage."""
        return np.asarray(-self.power / voltage**2)


@dataclass(frozen=True)
class Potentiostatic:
    """Prescribed collector potential; the current follows."""

    voltage: float  # [V]

    @property
    def heading(self) -> float:
        """0: the current may have either sign."""
        return 0.0


Control = Galvanostatic | ConstantPower | Potentiostatic
