"""Carbon-binder domain: conductive carbon, polymer and their nanopores as one phase."""

from __future__ import annotations

from .quantity import Quantity
from .types import Binder

CARBON_BINDER = Binder(
    name="carbon-binder",
    density=Quantity(
        390.0,
        "kg/m3",
        "calibrated with the recipe of M. Alabdali et al. to their slurry density of 1.89 g/cm3",
        "dry domain with its nanopores",
    ),
    electronic_conductivity=Quantity(
        15.93,
        "S/m",
        "M. Alabdali et al., Three-Dimensional Physical Modeling of the Wet Manufacturing Process of "
        "Solid-State Battery Electrodes",
        "their slurry study fits 9.88 S/m instead (AM_1, NMC811)",
    ),
)
