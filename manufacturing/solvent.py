"""Solvent in the slurry: where it sits, and how it swells the beads that hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .errors import InputError
from .phases import Phase
from .powder import Powder, check_positive, sphere_volume


@dataclass(frozen=True)
class Solvent:
    """Liquid of a slurry.

    Args:
        name: for logs.
        density: at the temperature of mixing [kg/m3].
    """

    name: str
    density: float

    def __post_init__(self) -> None:
        check_positive("recipe.solvent.density", self.density)


# CRC Handbook of Chemistry and Physics, 20-25 C.
BUTYL_ACETATE = Solvent("butyl acetate", 882.0)
PARA_XYLENE = Solvent("p-xylene", 861.0)


def soaked(
    powders: Sequence[Powder],
    solids_content: float,
    solvent: Solvent,
    carrier: Phase = Phase.CBD,
    wet_diameter: float | None = None,
) -> tuple[Powder, ...]:
    r"""Return the powders with all solvent of the slurry in the beads of one phase.

    The solvent's mass is m_s = m (1 - c) / c for a dry mass m and a solids content c. Every carrier bead takes a
    share in proportion to its dry mass, s = (1 - c) / (c w) per kg with the weight fraction w of the carrier. Its
    volume in the slurry is that of its solid without nanopores plus that of its solvent,

        V_wet = m_b (1 / rho_solid + s / rho_solvent),

    because the nanopores form as the solvent leaves: in the slurry the solvent fills them. A carrier of several size
    classes is returned as one powder per class. A given ``wet_diameter`` replaces the volume balance but not the mass
    balance, so the solids content holds and the bead's density differs from that of its contents.

    Args:
        powders: dry, weight fractions of all dry solids.
        solids_content: mass of the dry solids over the mass of the slurry, 0-1.
        solvent: that fills the beads.
        carrier: phase whose beads hold it.
        wet_diameter: as printed somewhere [m]; None: by volume balance.

    Raises:
        InputError: solids content not within 0-1, no carrier, a carrier that is wet already, or a wet diameter for
            several carriers or classes.
    """
    if not 0.0 < solids_content < 1.0:
        raise InputError("recipe.solids_content", solids_content, "above 0, below 1")
    share = sum(p.weight_fraction for p in powders if p.phase is carrier)
    if share == 0.0:
        raise InputError(
            "recipe.powders", f"no {carrier.name}", f"a powder of phase {carrier.name} to hold the solvent"
        )
    solvent_per_mass = (1.0 - solids_content) / (solids_content * share)
    result: list[Powder] = []
    for powder in powders:
        parts = _single_classes(powder) if powder.phase is carrier else [powder]
        result += [_filled(p, solvent_per_mass, solvent, wet_diameter) if p.phase is carrier else p for p in parts]
    carriers = sum(p.phase is carrier for p in result)
    if wet_diameter is not None and carriers > 1:
        raise InputError(f"recipe.{carrier.name}.wet_diameter", f"one for {carriers} classes", "a single class")
    return tuple(result)


def _filled(powder: Powder, solvent_per_mass: float, solvent: Solvent, wet_diameter: float | None) -> Powder:
    if powder.wet_diameter is not None:
        raise InputError(f"recipe.{powder.label}.wet_diameter", f"{powder.wet_diameter:g} m", "a dry powder")
    bead = powder.mean_bead_mass
    volume = bead / (powder.solid_density or powder.density) + bead * solvent_per_mass / solvent.density
    diameter = float(np.cbrt(volume / sphere_volume(1.0))) if wet_diameter is None else wet_diameter
    check_positive(f"recipe.{powder.label}.wet_diameter", diameter)
    wet_density = bead * (1.0 + solvent_per_mass) / float(sphere_volume(diameter))
    return replace(powder, wet_diameter=diameter, wet_density=wet_density)


def _single_classes(powder: Powder) -> list[Powder]:
    """Split a powder into one powder per size class; the weight goes by volume, the density being one."""
    if len(powder.diameters) == 1:
        return [powder]
    sizes = powder.sizes
    return [
        replace(
            powder,
            weight_fraction=powder.weight_fraction * float(share),
            diameters=(diameter,),
            number_fractions=(1.0,),
            name=f"{powder.label} {diameter * 1e6:.3g} um",
        )
        for diameter, share in zip(sizes.diameters, sizes.volume_fractions, strict=True)
    ]
