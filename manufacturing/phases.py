"""The table of phases: every name and integer of a domain, an interface and a face, defined once."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """Domains of a cell, in the order in which interface names are sorted."""

    AM = 1  # active material
    SE = 2  # solid electrolyte inside the electrode
    CBD = 3  # carbon-binder domain
    void = 4  # residual pores
    separator = 5  # solid electrolyte between counter electrode and composite
    anode = 6  # active material of a second insertion electrode


PARTICLE_PHASES = (Phase.AM, Phase.SE, Phase.CBD)

# Where particles overlap, the earlier phase owns the shared volume.
OVERLAP_PRIORITY = (Phase.AM, Phase.CBD, Phase.SE)

COUNTER = "counter"  # z = 0
COLLECTOR = "collector"  # z = top
COLLECTOR_UNCOVERED = "collector_uncovered"  # the part of z = top that the collector does not touch
ELECTRODE_BOTTOM = "electrode_bottom"  # internal plane between separator and electrode
WALLS = ("x-", "x+", "y-", "y+")
DELAMINATED = "_delaminated"  # ending of the name of an interface that has come apart and does not react


def interface_name(first: int, second: int) -> str:
    """Return the name ``A|B`` of the interface between two domains, sorted by phase integer."""
    low, high = sorted((Phase(first), Phase(second)))
    return f"{low.name}|{high.name}"
