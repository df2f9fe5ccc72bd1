"""Charge of two insertion electrodes without gradients, in closed form, and the same cell as a case.

Both stoichiometries change linearly in time; i = i_0(x) sinh(F eta/2RT) at each interface gives its overpotential.
Published with the code echemAMR as the case CEAcharging, voltages printed to 2e-6 V.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .half_cell_1d import FARADAY, GAS_CONSTANT

AREA, VOLUME, CURRENT, TEMPERATURE = 19.1406e-12, 334.961e-18, 20.0, 300.0  # [m2, m3, A/m2 of charge, K]
TIMES = (0.0, 100.0, 200.0, 300.0, 400.0)  # [s]
PRINTED = (0.854472, 1.037044, 1.223365, 1.412423, 1.603682)  # [V]
SCALE = 2.0 * GAS_CONSTANT * TEMPERATURE / FARADAY  # [V]
CATHODE = {"maximum": 40000.0, "start": 0.75, "potential": 5.0, "exchange": 20.0}
ANODE = {"maximum": 20000.0, "start": 0.20, "potential": 0.8, "exchange": 24.0}
SEPARATOR = 5e-6  # [m]
CONDUCTIVITY, DIFFUSIVITY = 100.0, 1e-7  # [S/m, m2/s], so large that every gradient costs less than 0.01 mV
POINTS = 401  # of the tables of i_0


def stoichiometry(electrode: dict[str, float], time: float) -> float:
    """x of an electrode [-]: it falls in the cathode and rises in the anode."""
    change = CURRENT * AREA * time / (FARADAY * VOLUME * electrode["maximum"])
    return electrode["start"] + (change if electrode is ANODE else -change)


def voltage(time: float) -> float:
    """Cell voltage [V]: U_c(1 - x_c) + eta_c - U_a(1 - x_a) - eta_a."""
    total = 0.0
    for electrode, sign in ((CATHODE, 1.0), (ANODE, -1.0)):
        x = stoichiometry(electrode, time)
        eta = sign * SCALE * math.asinh(CURRENT / (electrode["exchange"] * (x - x**2)))
        total += sign * (electrode["potential"] * (1.0 - x) + eta)
    return total


def omitted_drops() -> dict[str, float]:
    """What the closed form leaves out [V]: ohmic drops of three layers, diffusion j L/(3 D c_max) |dU/dx| of two."""
    thickness = VOLUME / AREA
    drops = {
        "separator": CURRENT * SEPARATOR / CONDUCTIVITY,
        "cathode, ohmic": CURRENT * thickness / CONDUCTIVITY,
        "anode, ohmic": CURRENT * thickness / CONDUCTIVITY,
    }
    for name, electrode in (("cathode", CATHODE), ("anode", ANODE)):
        rise = CURRENT / FARADAY * thickness / (3.0 * DIFFUSIVITY * electrode["maximum"])
        drops[f"{name}, diffusion"] = rise * electrode["potential"]
    return drops


def case(tolerance: float = 1e-4) -> dict[str, Any]:
    """Three layers and four steps of 100 s."""
    x = np.linspace(0.0, 1.0, POINTS)

    def material(electrode: dict[str, float], charged: float, discharged: float) -> dict[str, Any]:
        return {
            "name": "NMC622",
            "reference_temperature": TEMPERATURE,  # else i_0 follows the activation energy of NMC622
            "electronic_conductivity": CONDUCTIVITY,
            "diffusivity": DIFFUSIVITY,
            "maximum_concentration": electrode["maximum"],
            "stoichiometry_charged": charged,
            "stoichiometry_discharged": discharged,
            "open_circuit_potential": [[0.0, 1.0], [electrode["potential"], 0.0]],
            "exchange_current_density": [x.tolist(), (electrode["exchange"] * (x - x**2)).tolist()],
        }

    thickness = VOLUME / AREA
    slabs = [("anode", thickness, 4), ("separator", SEPARATOR, 2), ("AM", thickness, 4)]
    sinh = {"kinetics": "sinh", "scale": SCALE}
    return {
        "geometry": {
            "source": "layers",
            "width": math.sqrt(AREA),
            "layers": [{"phase": p, "thickness": t, "cells": n} for p, t, n in slabs],
        },
        "cell": {"temperature": TEMPERATURE},
        "materials": {
            "AM": material(CATHODE, 0.2, CATHODE["start"]),
            "anode": material(ANODE, ANODE["start"], 0.9),
            "separator": {"name": "Li6PS5Cl", "ionic_conductivity": CONDUCTIVITY},
        },
        "interfaces": {"AM|SE": sinh, "SE|anode": sinh},
        "conduction": {},
        "protocol": {"tolerance": tolerance, "steps": [{"current_density": -CURRENT, "until": {"time": 100.0}}] * 4},
        "output": {"fields": False, "plots": False},
    }


def voltages(summary: dict[str, Any]) -> list[float]:
    """V at the printed times [V]: right after the current is switched on, then at the end of each step."""
    steps = summary["protocol"]
    return [steps[0]["initial_voltage_V"], *(step["final_voltage_V"] for step in steps)]
