"""LiCoO2: powder of a liquid-electrolyte cell, and the thin film of the Li | LiPON microbattery."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .curve import FunctionCurve
from .quantity import Quantity
from .types import ActiveMaterial

_DUALFOIL = "J. Newman, Dualfoil; as in PyBaMM Marquis2019 (S. Marquis et al., J. Electrochem. Soc. 166 (2019) A3693)"
_YILDIZ = "E. Yildiz et al., A Comparative Review of Models for All-Solid-State Li-Ion Batteries, Table A1"


def _potential(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return U(x) [V vs Li] of the Dualfoil fit."""
    s = 1.062 * x
    potential: npt.NDArray[Any] = (
        2.16216
        + 0.07645 * np.tanh(30.834 - 54.4806 * s)
        + 2.1581 * np.tanh(52.294 - 50.294 * s)
        - 0.14169 * np.tanh(11.0923 - 19.8543 * s)
        + 0.2051 * np.tanh(1.4684 - 5.4888 * s)
        + 0.2531 * np.tanh((0.56478 - s) / 0.1316)
        - 0.02167 * np.tanh((s - 0.525) / 0.006)
    )
    return potential


LICOO2 = ActiveMaterial(
    name="LiCoO2",
    density=Quantity(5013.0, "kg/m3", "maximum concentration times 97.87 g/mol", "dense; crystal 5.05 g/cm3"),
    electronic_conductivity=Quantity(
        10.0,
        "S/m",
        "S. Marquis et al., J. Electrochem. Soc. 166 (2019) A3693",
        "value of a cell model, all states of charge",
    ),
    diffusivity=Quantity(1.0e-13, "m2/s", _DUALFOIL, "one value for all x, 298 K"),
    maximum_concentration=Quantity(51218.0, "mol/m3", _DUALFOIL, "scale of x in the potential curve"),
    open_circuit_potential=FunctionCurve(
        function=_potential,
        expression=(
            "s = 1.062 x; 2.16216 + 0.07645 tanh(30.834 - 54.4806 s) + 2.1581 tanh(52.294 - 50.294 s) "
            "- 0.14169 tanh(11.0923 - 19.8543 s) + 0.2051 tanh(1.4684 - 5.4888 s) "
            "+ 0.2531 tanh((0.56478 - s)/0.1316) - 0.02167 tanh((s - 0.525)/0.006)"
        ),
        range=(0.43, 0.985),
        unit="V vs Li",
        source=_DUALFOIL,
        valid="298 K; fitted to data for 0.5 < x < 0.99",
    ),
    exchange_current=Quantity(
        1.967e-10,
        "m/s",
        f"{_DUALFOIL}: 6e-7 A/m2 (m3/mol)^1.5 at 1000 mol/m3 salt; substitute: liquid electrolyte",
        "298 K; 0.49 A/m2 at x = 0.5",
    ),
    stoichiometry_charged=Quantity(0.50, "-", _DUALFOIL, "4.19 V vs Li; lower x is not reversible"),
    stoichiometry_discharged=Quantity(
        0.9691, "-", "x at U = 2.80 V of the potential curve", "lower cut-off 2.8 V vs Li"
    ),
    transfer_coefficient_anodic=Quantity(0.5, "-", _DUALFOIL, "298 K"),
    substitutes=("exchange_current: LiCoO2 in liquid electrolyte (Dualfoil)",),
    diffusivity_activation_energy=Quantity(18550.0, "J/mol", _DUALFOIL, "value of a cell model"),
    exchange_current_activation_energy=Quantity(
        39570.0, "J/mol", _DUALFOIL, "value of a cell model, liquid electrolyte"
    ),
)

LICOO2_THIN_FILM = replace(
    LICOO2,
    name="LiCoO2-thin-film",
    diffusivity=Quantity(1.76e-15, "m2/s", _YILDIZ, "298.5 K; sputtered film of 0.32 um"),
    maximum_concentration=Quantity(
        23400.0, "mol/m3", _YILDIZ, "sputtered film; the full range 12000 to 23400 mol/m3 stores 1e-5 Ah in 3.2e-11 m3"
    ),
    exchange_current=Quantity(
        8.57e-4,
        "m/s",
        f"{_YILDIZ}: k_1 = 5.10e-6 m2.5/(mol0.5 s) times (5120 mol/m3)^0.6, the mobile lithium of LiPON",
        "as printed; so fast (1e6 A/m2) that charge transfer costs no voltage; printed unit for an exponent of 0.5",
    ),
    stoichiometry_charged=Quantity(0.513, "-", f"{_YILDIZ}: initial 12000 of 23400 mol/m3", "4.17 V vs Li"),
    transfer_coefficient_anodic=Quantity(0.6, "-", _YILDIZ, "298.5 K"),
    substitutes=(
        "open_circuit_potential: LiCoO2 powder (Dualfoil); the film's own spline is not printed",
        "electronic_conductivity and density: LiCoO2 powder",
    ),
    diffusivity_activation_energy=None,
    exchange_current_activation_energy=None,
)
