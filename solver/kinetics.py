"""Charge-transfer laws: interface current density as a function of overpotential (Eqs. 9-11).

The current density i [A/m2] is positive from the active material into the electrolyte
(de-lithiation). Every law returns i and its derivatives, so that Newton's method needs no symbols.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .constants import FARADAY, GAS_CONSTANT
from .double_layer import LayerStage, layer_terms
from .materials import Curve
from .range_closure import barrier_potential, closing_factor

FloatArray = npt.NDArray[np.float64]

MAXIMUM_EXPONENT = 120.0  # beyond it exp() is continued by a straight line so that no iterate overflows
FILM_ITERATIONS = 60
END_OF_RANGE = 1e-9  # closest approach of the exchange current to an empty or full lattice


class KineticsLaw(Protocol):
    """i(eta, i_0) with derivatives with respect to both."""

    def __call__(self, eta: FloatArray, exchange: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return i [A/m2], di/deta [S/m2] and di/di_0 [-]."""
        ...


@dataclass(frozen=True)
class ButlerVolmer:
    """i = i_0 [exp(alpha_a F eta/RT) - exp(-alpha_c F eta/RT)]."""

    alpha_a: float = 0.5
    alpha_c: float = 0.5
    temperature: float = 298.15  # [K]

    def __call__(self, eta: FloatArray, exchange: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return i [A/m2], di/deta [S/m2] and di/di_0 [-]."""
        thermal = FARADAY / (GAS_CONSTANT * self.temperature)
        anodic, anodic_slope = bounded_exponential(self.alpha_a * thermal * eta)
        cathodic, cathodic_slope = bounded_exponential(-self.alpha_c * thermal * eta)
        shape = anodic - cathodic
        slope = thermal * (self.alpha_a * anodic_slope + self.alpha_c * cathodic_slope)
        return exchange * shape, exchange * slope, shape


@dataclass(frozen=True)
class LinearKinetics:
    """i = i_0 F eta/RT, the limit of small overpotential."""

    temperature: float = 298.15  # [K]

    def __call__(self, eta: FloatArray, exchange: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return i [A/m2], di/deta [S/m2] and di/di_0 [-]."""
        thermal = FARADAY / (GAS_CONSTANT * self.temperature)
        return exchange * thermal * eta, exchange * thermal * np.ones_like(eta), thermal * eta


@dataclass(frozen=True)
class SinhKinetics:
    """i = i_0 sinh(eta/V_0) with a free scale V_0."""

    scale: float = 1.0  # [V]

    def __call__(self, eta: FloatArray, exchange: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return i [A/m2], di/deta [S/m2] and di/di_0 [-]."""
        up, up_slope = bounded_exponential(np.asarray(eta / self.scale))
        down, down_slope = bounded_exponential(np.asarray(-eta / self.scale))
        shape = 0.5 * (up - down)
        slope = np.asarray(exchange * 0.5 * (up_slope + down_slope) / self.scale)
        return exchange * shape, slope, shape


def bounded_exponential(argument: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return exp and its derivative, continued linearly above MAXIMUM_EXPONENT."""
    inside = np.minimum(argument, MAXIMUM_EXPONENT)
    slope = np.exp(inside)
    return slope * (1.0 + argument - inside), slope


class ExchangeCurrent(Protocol):
    """i_0 as a function of the surface stoichiometry."""

    @property
    def range(self) -> tuple[float, float]:
        """Stoichiometries for which i_0 is known."""
        ...

    def __call__(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return i_0 [A/m2] and di_0/dx [A/m2]."""
        ...


@dataclass(frozen=True)
class RateConstant:
    """i_0 = F k (c_max - c)^alpha_a c^alpha_c with alpha_a + alpha_c = 1."""

    rate: float  # k [m/s]
    maximum_concentration: float  # c_max [mol/m3]
    alpha_a: float = 0.5
    alpha_c: float = 0.5

    @property
    def range(self) -> tuple[float, float]:
        """Stoichiometries for which i_0 is known."""
        return 0.0, 1.0

    def __call__(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return i_0 [A/m2] and di_0/dx [A/m2]; iterates outside (0, 1) see the value at the end."""
        inside = np.clip(x, END_OF_RANGE, 1.0 - END_OF_RANGE)
        value = FARADAY * self.rate * self.maximum_concentration * (1.0 - inside) ** self.alpha_a * inside**self.alpha_c
        slope = value * (self.alpha_c / inside - self.alpha_a / (1.0 - inside))
        return value, np.where(inside == x, slope, 0.0)


@dataclass(frozen=True)
class CurveExchange:
    """i_0(x) from a curve or a constant."""

    curve: Curve  # [A/m2]

    @property
    def range(self) -> tuple[float, float]:
        """Stoichiometries for which i_0 is known."""
        return self.curve.range

    def __call__(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return i_0 [A/m2] and di_0/dx [A/m2]."""
        return self.curve.value(x), self.curve.slope(x)


@dataclass(frozen=True)
class InterfaceCurrent:
    """State of a reaction at interface points, all arrays of shape (points,)."""

    current: FloatArray  # i [A/m2], what the electrolyte and the conductors see
    by_drop: FloatArray  # di/d(phi_e - phi_i) [S/m2]
    by_stoichiometry: FloatArray  # di/dx [A/m2]
    overpotential: FloatArray  # eta [V]
    open_circuit: FloatArray  # U [V]
    faradaic: FloatArray  # i_n [A/m2], what the lithium sees; i without a double layer
    faradaic_by_drop: FloatArray  # [S/m2]
    faradaic_by_stoichiometry: FloatArray  # [A/m2]

    @property
    def layer_voltage(self) -> FloatArray:
        """Return the voltage over the double layer, phi_e - phi_i - i R = eta + U [V]."""
        return self.overpotential + self.open_circuit


@dataclass(frozen=True)
class InsertionReaction:
    """Charge transfer at a surface of active material beside a double layer, a film resistance in series.

    i = i_n + C_dl d(eta + U)/dt, i_n = f(eta, i_0(x)), eta = drop - U(x) - i R with drop = phi_e - phi_i.
    """

    law: KineticsLaw
    exchange_current: ExchangeCurrent
    open_circuit_potential: Curve  # U(x) [V]
    resistance: float = 0.0  # R [Ohm m2]
    capacitance: float = 0.0  # C_dl [F/m2]
    narrower_range: tuple[float, float] | None = None  # of stoichiometries, where other functions of x need it

    @property
    def allowed_range(self) -> tuple[float, float]:
        """Stoichiometries at whose ends charge transfer closes."""
        return self.narrower_range or self.known_range

    @property
    def known_range(self) -> tuple[float, float]:
        """Stoichiometries for which both U(x) and i_0(x) are known."""
        low, high = self.open_circuit_potential.range
        exchange = self.exchange_current.range
        return max(low, exchange[0]), min(high, exchange[1])

    def __call__(self, drop: FloatArray, x: FloatArray, stage: LayerStage | None = None) -> InterfaceCurrent:
        """Evaluate the reaction at potential drops [V] and surface stoichiometries.

        Args:
            drop: phi_e - phi_i [V].
            x: stoichiometry of the surface.
            stage: of the double layer; None: it is not charged.
        """
        potential, potential_slope = self._potential(x)
        layer, film = layer_terms(self.capacitance, stage, potential), self.resistance
        drive = layer.drive(drop - potential, film)
        exchange, exchange_slope = self._exchange(x, drive)
        faradaic, slope, by_exchange = current_through_film(self.law, drive, exchange, layer.film(film))
        eta = drive - layer.film(film) * faradaic
        # eta (1 + R c) + R f(eta, i_0) = drop - U - R c (U - base), differentiated by the drop and by x.
        by_drop = 1.0 / (1.0 + film * (layer.conductance + slope))
        by_x = -(potential_slope * (1.0 + film * layer.conductance) + film * by_exchange * exchange_slope) * by_drop
        faradaic_by_x = slope * by_x + by_exchange * exchange_slope
        return InterfaceCurrent(
            faradaic + layer.current(eta),
            (slope + layer.conductance) * by_drop,
            faradaic_by_x + layer.conductance * (by_x + potential_slope),
            eta,
            potential,
            faradaic,
            slope * by_drop,
            faradaic_by_x,
        )

    def _potential(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return U [V] and dU/dx [V], diverging at the very ends of the range."""
        barrier, barrier_slope = barrier_potential(x, self.allowed_range)
        curve = self.open_circuit_potential
        return np.asarray(curve.value(x) + barrier), np.asarray(curve.slope(x) + barrier_slope)

    def _exchange(self, x: FloatArray, drive: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return i_0 [A/m2] and di_0/dx [A/m2], closing at the end towards which lithium goes."""
        value, slope = self.exchange_current(x)
        factor, factor_slope = closing_factor(x, drive, self.allowed_range)
        return value * factor, slope * factor + value * factor_slope


@dataclass(frozen=True)
class MetalReaction:
    """Charge transfer at a metal counter electrode of constant potential and exchange current."""

    law: KineticsLaw
    exchange_current_density: float  # i_0 [A/m2]
    equilibrium_potential: float = 0.0  # U [V] against lithium
    resistance: float = 0.0  # R [Ohm m2]

    def __call__(self, drop: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return i [A/m2] from metal into electrolyte and di/d(drop) for drop = phi_metal - phi_i."""
        exchange = np.full_like(drop, self.exchange_current_density)
        overall = drop - self.equilibrium_potential
        current, slope, _ = current_through_film(self.law, overall, exchange, self.resistance)
        return current, slope / (1.0 + self.resistance * slope)


def current_through_film(
    law: KineticsLaw, drive: FloatArray, exchange: FloatArray, resistance: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Solve i = f(drive - i R, i_0) for i and return i, df/deta and df/di_0 at the solution.

    Newton's method on the overpotential, kept between 0 and the drive, where the root lies.

    Points where it does not converge are returned as not a number: the residual is then not finite on
    every rank, and the step is repeated with a smaller one.
    """
    if resistance == 0.0:
        return law(drive, exchange)
    low, high = np.minimum(drive, 0.0), np.maximum(drive, 0.0)
    eta, last = np.zeros_like(drive), high - low
    for _ in range(FILM_ITERATIONS):
        current, slope, by_exchange = law(eta, exchange)
        residual = eta + resistance * current - drive
        change = residual / (1.0 + resistance * slope)
        small = np.abs(residual) <= 1e-13 * (1.0 + np.abs(drive))
        done = small | (np.abs(change) <= 1e-16 * (1.0 + np.abs(eta)))
        if np.all(done):
            return current, slope, by_exchange
        low, high = np.where(residual < 0.0, eta, low), np.where(residual > 0.0, eta, high)
        step = eta - change
        # On the steep side Newton's steps all have the size RT/F: halve the bracket unless they shrink.
        slow = (step < low) | (step > high) | (np.abs(change) > 0.5 * last)
        last = np.where(slow, 0.5 * (high - low), np.abs(change))
        eta = np.where(done, eta, np.where(slow, 0.5 * (low + high), step))
    return np.where(done, current, np.nan), slope, by_exchange
