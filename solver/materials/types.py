"""Kinds of material: active material, electrolyte, binder and counter electrode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.constants import physical_constants

from manufacturing.errors import InputError

from .curve import ConstantCurve, Curve, FloatArray, check_range
from .quantity import Quantity

FARADAY = float(physical_constants["Faraday constant"][0])  # [C/mol], CODATA
GAS_CONSTANT = float(physical_constants["molar gas constant"][0])  # [J/(mol K)], CODATA
ROOM_TEMPERATURE = Quantity(298.15, "K", "assumed; the shipped numbers hold at 298 K or room temperature", "all")


@dataclass(frozen=True)
class ActiveMaterial:
    """An insertion material: conducts electrons, stores lithium.

    x = c/c_max is small when charged. Exchange current density, one of
    i_0 = F k (c_max - c)^alpha_a c^alpha_c with alpha_a + alpha_c = 1 (k [m/s], the constant
    electrolyte concentration inside), or i_0(x) as a curve [A/m2]. All hold at the reference temperature.
    """

    name: str
    density: Quantity  # [kg/m3]
    electronic_conductivity: Quantity | Curve  # [S/m], a number or sigma_e(x)
    diffusivity: Quantity | Curve  # of lithium [m2/s], a number or D(x)
    maximum_concentration: Quantity  # [mol/m3]
    open_circuit_potential: Curve  # U(x) [V vs Li]
    exchange_current: Quantity | Curve  # k [m/s] or i_0(x) [A/m2]
    stoichiometry_charged: Quantity  # x at 100 % charge [-]
    stoichiometry_discharged: Quantity  # x at 0 % charge [-]
    transfer_coefficient_anodic: Quantity  # alpha_a [-]
    substitutes: tuple[str, ...] = field(default=())  # properties borrowed from another material, and from which
    reference_temperature: Quantity = ROOM_TEMPERATURE  # [K] at which the properties hold
    diffusivity_activation_energy: Quantity | None = None  # [J/mol]; None: no dependence on temperature is known
    electronic_conductivity_activation_energy: Quantity | None = None  # [J/mol]
    exchange_current_activation_energy: Quantity | None = None  # of k or i_0 [J/mol]
    entropy_coefficient: Quantity | Curve | None = None  # dU/dT [V/K]

    def __post_init__(self) -> None:
        window = (self.stoichiometry_charged.value, self.stoichiometry_discharged.value)
        if not window[0] < window[1]:
            raise InputError(
                f"{self.name}.stoichiometry_charged", window[0], f"below stoichiometry_discharged {window[1]}"
            )
        for name, curve in self.curves().items():
            check_range(curve, window, f"{self.name}: stoichiometry window in {name}")

    def curves(self) -> dict[str, Curve]:
        """Return what is given as a function of the stoichiometry, by name of the property."""
        names = (
            "open_circuit_potential",
            "exchange_current",
            "diffusivity",
            "electronic_conductivity",
            "entropy_coefficient",
        )
        entries = {name: getattr(self, name) for name in names}
        return {name: entry for name, entry in entries.items() if isinstance(entry, Curve)}

    def transport(self, name: str) -> float | Curve:
        """Return ``diffusivity`` [m2/s] or ``electronic_conductivity`` [S/m]: a number, or a function of x."""
        entry: Quantity | Curve = getattr(self, name)
        return entry.value if isinstance(entry, Quantity) else entry

    @property
    def entropy(self) -> Curve | None:
        """Return dU/dT(x) [V/K], None where it is not known."""
        entry = self.entropy_coefficient
        return ConstantCurve(entry.value, entry.unit, entry.source) if isinstance(entry, Quantity) else entry

    @property
    def transfer_coefficient_cathodic(self) -> float:
        """Return alpha_c = 1 - alpha_a [-]."""
        return 1.0 - self.transfer_coefficient_anodic.value

    @property
    def rate_constant(self) -> float | None:
        """Return k [m/s], or None where i_0(x) is a curve."""
        return self.exchange_current.value if isinstance(self.exchange_current, Quantity) else None

    @property
    def capacity_density(self) -> float:
        """Return the charge between x_100 and x_0 per volume, F c_max |x_0 - x_100| [C/m3]."""
        window = self.stoichiometry_discharged.value - self.stoichiometry_charged.value
        return FARADAY * self.maximum_concentration.value * abs(window)

    def exchange_current_density(self, x: npt.ArrayLike) -> FloatArray:
        """Return i_0(x) [A/m2], same shape as x; zero outside 0..1 in the rate-constant form."""
        if not isinstance(self.exchange_current, Quantity):
            return self.exchange_current.value(x)
        alpha = self.transfer_coefficient_anodic.value
        filled = np.clip(np.asarray(x, dtype=np.float64), 0.0, 1.0)
        scale = FARADAY * self.exchange_current.value * self.maximum_concentration.value
        return np.asarray(scale * (1.0 - filled) ** alpha * filled ** (1.0 - alpha), dtype=np.float64)

    def exchange_current_slope(self, x: npt.ArrayLike) -> FloatArray:
        """Return d i_0/dx [A/m2], same shape as x; unbounded at 0 and 1 in the rate-constant form."""
        if not isinstance(self.exchange_current, Quantity):
            return self.exchange_current.slope(x)
        alpha = self.transfer_coefficient_anodic.value
        filled = np.asarray(x, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithmic = (1.0 - alpha) / filled - alpha / (1.0 - filled)
            return np.asarray(self.exchange_current_density(filled) * logarithmic, dtype=np.float64)


@dataclass(frozen=True)
class Electrolyte:
    """A single-ion conductor without concentration gradients."""

    name: str
    density: Quantity  # [kg/m3]
    ionic_conductivity: Quantity  # [S/m]
    substitutes: tuple[str, ...] = field(default=())
    reference_temperature: Quantity = ROOM_TEMPERATURE  # [K]
    ionic_conductivity_activation_energy: Quantity | None = None  # [J/mol]


@dataclass(frozen=True)
class Binder:
    """The carbon-binder domain: conducts electrons only."""

    name: str
    density: Quantity  # of the dry domain with its nanopores [kg/m3]
    electronic_conductivity: Quantity  # [S/m]
    substitutes: tuple[str, ...] = field(default=())
    reference_temperature: Quantity = ROOM_TEMPERATURE  # [K]
    electronic_conductivity_activation_energy: Quantity | None = None  # [J/mol]


@dataclass(frozen=True)
class CounterElectrode:
    """A counter electrode of constant potential with Butler-Volmer kinetics and a resistance in series."""

    name: str
    density: Quantity  # [kg/m3]
    potential: Quantity  # [V vs Li]
    exchange_current_density: Quantity  # [A/m2]
    transfer_coefficient_anodic: Quantity  # alpha_a [-]
    interface_resistance: Quantity  # in series with the charge transfer [Ohm m2]
    substitutes: tuple[str, ...] = field(default=())
    reference_temperature: Quantity = ROOM_TEMPERATURE  # [K]
    exchange_current_activation_energy: Quantity | None = None  # [J/mol]
    entropy_coefficient: Quantity | None = None  # dU/dT of the potential against lithium [V/K]

    @property
    def transfer_coefficient_cathodic(self) -> float:
        """Return alpha_c = 1 - alpha_a [-]."""
        return 1.0 - self.transfer_coefficient_anodic.value


Material: TypeAlias = ActiveMaterial | Electrolyte | Binder | CounterElectrode
