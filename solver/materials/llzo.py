"""LLZO, cubic garnet Li7La3Zr2O12."""

from __future__ import annotations

from .quantity import Quantity
from .types import Electrolyte

LLZO = Electrolyte(
    name="LLZO",
    density=Quantity(
        5100.0, "kg/m3", "crystal density of cubic Li7La3Zr2O12 (lattice constant 1.297 nm)", "without pores"
    ),
    ionic_conductivity=Quantity(
        0.03,
        "S/m",
        "R. Murugan, V. Thangadurai, W. Weppner, Angew. Chem. Int. Ed. 46 (2007) 7778: 3e-4 S/cm",
        "sintered pellet with its grain boundaries, 298 K; doped garnets reach 0.1 S/m",
    ),
)
