"""Lithium metal counter electrode."""

from __future__ import annotations

from .quantity import Quantity
from .types import CounterElectrode

LITHIUM_METAL = CounterElectrode(
    name="lithium metal",
    density=Quantity(534.0, "kg/m3", "CRC Handbook of Chemistry and Physics", "293 K"),
    potential=Quantity(0.0, "V vs Li", "by definition", "any"),
    exchange_current_density=Quantity(
        70.6,
        "A/m2",
        "substitute liquid electrolyte: S. Xu et al., J. Electrochem. Soc. 166 (2019) A3456, as in PyBaMM "
        "Xu2019: 3.5e-8 F (76900 mol/m3)^0.7 (1000 mol/m3)^0.3",
        "298 K; 3.6 Ohm cm2 of charge transfer",
    ),
    transfer_coefficient_anodic=Quantity(0.5, "-", "PyBaMM Xu2019", "assumed"),
    interface_resistance=Quantity(0.0, "Ohm m2", "assumed: no interphase", "fresh, well pressed contact"),
    entropy_coefficient=Quantity(
        0.0, "V/K", "by definition: potentials are against lithium at their temperature", "any"
    ),
    substitutes=("exchange_current_density: lithium in liquid electrolyte (Xu 2019)",),
)
