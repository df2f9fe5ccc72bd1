"""LiPON, lithium phosphorus oxynitride glass."""

from __future__ import annotations

from .quantity import Quantity
from .types import Electrolyte

LIPON = Electrolyte(
    name="LiPON",
    density=Quantity(2300.0, "kg/m3", "assumed; lithium phosphate glasses, 2.2-2.5 g/cm3", "sputtered film"),
    ionic_conductivity=Quantity(
        2.43e-4,
        "S/m",
        "Nernst-Einstein with Table A1 of E. Yildiz et al., A Comparative Review of Models for "
        "All-Solid-State Li-Ion Batteries: 0.18 x 6.01e4 mol/m3 mobile lithium, 5.10e-15 + 0.90e-15 m2/s",
        "298.5 K, no concentration gradient; measured: 2e-4 S/m (J. B. Bates et al., J. Power Sources 43 (1993) 103)",
    ),
)
