"""The shipped materials by name."""

from __future__ import annotations

from manufacturing.errors import InputError

from .carbon_binder import CARBON_BINDER
from .description import describe
from .li6ps5cl import LI6PS5CL
from .lipon import LIPON
from .lithium_cobalt_oxide import LICOO2, LICOO2_THIN_FILM
from .lithium_indium import LITHIUM_INDIUM
from .lithium_metal import LITHIUM_METAL
from .llzo import LLZO
from .nmc622 import NMC622
from .nmc811 import NMC811
from .nmc811_lg_m50 import NMC811_LG_M50
from .overrides import fields, with_overrides
from .types import Material

MATERIALS: dict[str, Material] = {
    entry.name: entry
    for entry in (
        NMC622,
        NMC811,
        NMC811_LG_M50,
        LICOO2,
        LICOO2_THIN_FILM,
        LI6PS5CL,
        LLZO,
        LIPON,
        CARBON_BINDER,
        LITHIUM_METAL,
        LITHIUM_INDIUM,
    )
}


def material(name: str, where: str = "material") -> Material:
    """Return the shipped material of a name.

    Args:
        name: one of the keys of ``MATERIALS``.
        where: key of the case file, for the message.

    Raises:
        InputError: no such material; the message lists the names.
    """
    if name not in MATERIALS:
        raise InputError(where, repr(name), f"one of {', '.join(MATERIALS)}")
    return MATERIALS[name]


__all__ = ["MATERIALS", "describe", "fields", "material", "with_overrides"]
