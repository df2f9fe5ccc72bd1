"""Li6PS5Cl, argyrodite sulphide electrolyte."""

from __future__ import annotations

from .quantity import Quantity
from .types import Electrolyte

LI6PS5CL = Electrolyte(
    name="Li6PS5Cl",
    density=Quantity(
        1640.0,
        "kg/m3",
        "assumed with the recipe of M. Alabdali et al., wet manufacturing model",
        "crystal 1.64-1.86 g/cm3",
    ),
    ionic_conductivity=Quantity(
        0.125,
        "S/m",
        "M. Alabdali et al., Experimental and Computational Analysis of Slurry-Based Manufacturing of "
        "Solid-State Battery Composite Cathode: 1.25 mS/cm, supplier",
        "bulk, room temperature",
    ),
)
