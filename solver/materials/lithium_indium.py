"""Lithium-indium alloy counter electrode, two-phase region In | InLi."""

from __future__ import annotations

from dataclasses import replace

from .lithium_metal import LITHIUM_METAL
from .quantity import Quantity

LITHIUM_INDIUM = replace(
    LITHIUM_METAL,
    name="lithium-indium",
    density=Quantity(7310.0, "kg/m3", "CRC Handbook of Chemistry and Physics, indium", "293 K; low lithium content"),
    potential=Quantity(
        0.62,
        "V vs Li",
        "A. L. Santhosha et al., Batteries & Supercaps 2 (2019) 524",
        "298 K; In | InLi two-phase region",
    ),
    entropy_coefficient=None,
    substitutes=("exchange_current_density: lithium in liquid electrolyte (Xu 2019)", "density: indium"),
)
