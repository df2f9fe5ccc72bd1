"""The case of a single particle beside the particle that is resolved along its radius."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .particle_1d import Particle1D, ParticleHistory, particle_history
from .shipped_cases import insertion_laws

FloatArray = npt.NDArray[np.float64]


def reference(data: dict[str, Any], duration: float) -> ParticleHistory:
    """The whole sphere of a case with a hemisphere; its current density is that of the cell on 2 pi R^2."""
    active, geometry = data["materials"]["AM"], data["geometry"]
    potential, exchange = insertion_laws(active)
    particle = Particle1D(
        geometry["radius"],
        active["diffusivity"],
        active["maximum_concentration"],
        active["stoichiometry_charged"],
        potential,
        exchange,
        active["transfer_coefficient_anodic"],
        data["interfaces"]["AM|SE"]["resistance"],
    )
    current = data["discharge"]["current_density"] * geometry["box"][0] * geometry["box"][1]
    return particle_history(particle, current / (2.0 * np.pi * geometry["radius"] ** 2), duration)


def omitted_drops(data: dict[str, Any]) -> dict[str, float]:
    """What the particle leaves out, from above [V]: the layer below the particle, and the spreading around and in it.

    I/(2 pi R sigma) is what a hemisphere loses towards a far electrode.
    """
    geometry, materials = data["geometry"], data["materials"]
    density = data["discharge"]["current_density"]
    current, radius = density * geometry["box"][0] * geometry["box"][1], geometry["radius"]
    ionic, electronic = materials["SE"]["ionic_conductivity"], materials["AM"]["electronic_conductivity"]
    return {
        "electrolyte, layer": density * geometry["box"][2] / ionic,
        "electrolyte, spreading": current / (2.0 * np.pi * radius * ionic),
        "particle": current / (2.0 * np.pi * radius * electronic),
    }


def differences(rows: dict[str, FloatArray], data: dict[str, Any]) -> FloatArray:
    """Cell voltage less that of the reference at every row of a curve [V]."""
    times = np.asarray(rows["time_s"])
    return np.asarray(np.asarray(rows["voltage_V"]) - reference(data, 1.001 * float(times[-1])).voltage(times))
