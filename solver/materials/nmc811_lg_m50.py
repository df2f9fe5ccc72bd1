"""NMC811 of the LG M50 cell: diffusivity by lithiation, activation energies and entropy of the same publication."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .curve import FunctionCurve
from .nmc811 import NMC811
from .quantity import Quantity

_OREGAN = "K. O'Regan et al., Electrochim. Acta 425 (2022) 140700 (LG M50), as in PyBaMM ORegan2022"
_RANGE = (0.215685, 1.0)  # of the potential curve of the data set that this one completes


def _diffusivity(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return D(x) [m2/s] of the fit, with the printed correcting factor 2.7."""
    exponent: npt.NDArray[Any] = (
        -13.96
        - 0.9231 * np.exp(-((x - 0.3216) ** 2) / 0.002534)
        - 0.4066 * np.exp(-((x - 0.4532) ** 2) / 0.003926)
        - 0.993 * np.exp(-((x - 0.8098) ** 2) / 0.09924)
    )
    return np.asarray(2.7 * 10.0**exponent)


def _entropy(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return dU/dT(x) [V/K] of the fit."""
    change: npt.NDArray[Any] = 1e-3 * (
        0.04006 * np.exp(-((x - 0.2828) ** 2) / 0.0009855) - 0.06656 * np.exp(-((x - 0.8032) ** 2) / 0.02179)
    )
    return change


NMC811_LG_M50 = replace(
    NMC811,
    name="NMC811-LG-M50",
    diffusivity=FunctionCurve(
        function=_diffusivity,
        expression=(
            "2.7 x 10^(-13.96 - 0.9231 exp(-(x - 0.3216)^2/0.002534) - 0.4066 exp(-(x - 0.4532)^2/0.003926) "
            "- 0.993 exp(-(x - 0.8098)^2/0.09924))"
        ),
        range=_RANGE,
        unit="m2/s",
        source=_OREGAN,
        valid="298.15 K; fit, x on the scale of that cell; taken here over the range of the potential curve",
    ),
    diffusivity_activation_energy=Quantity(12048.0, "J/mol", f"{_OREGAN}: 1449 K times R", "around 298 K"),
    exchange_current=Quantity(
        1.056e-9,
        "m/s",
        f"{_OREGAN}: 5.028 A/m2 in i_0 = 5.028 x^0.43 (1 - x)^0.57, divided by F c_max; substitute: liquid electrolyte",
        "298.15 K; 2.5 A/m2 at x = 0.5",
    ),
    transfer_coefficient_anodic=Quantity(0.57, "-", f"{_OREGAN}: 1 - 0.43", "298.15 K"),
    exchange_current_activation_energy=Quantity(24010.0, "J/mol", _OREGAN, "around 298 K; liquid electrolyte"),
    entropy_coefficient=FunctionCurve(
        function=_entropy,
        expression="1e-3 (0.04006 exp(-(x - 0.2828)^2/0.0009855) - 0.06656 exp(-(x - 0.8032)^2/0.02179))",
        range=_RANGE,
        unit="V/K",
        source=_OREGAN,
        valid="298.15 K; x on the scale of that cell",
    ),
    substitutes=(
        "exchange_current: NMC811 in liquid electrolyte (O'Regan 2022)",
        "open_circuit_potential and maximum_concentration: NMC811 of the MJ1 cell (Sturm 2019, Zhuo 2023)",
    ),
)
