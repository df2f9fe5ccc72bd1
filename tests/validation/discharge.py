"""Charge and discharge against exact answers: ``granode validate discharge``."""

from __future__ import annotations

import sys
from pathlib import Path

from cases.check_store import Groups, run_groups

from .discharge_cycles import conservation, cycles
from .discharge_layers import layers, well_mixed
from .discharge_manufactured import manufactured
from .discharge_neutral import neutral
from .discharge_particle import constant_flux, particle
from .discharge_planar import orders, rates
from .discharge_ranks import ranks

GROUPS: Groups = {
    "layers": layers,
    "two well-mixed electrodes": well_mixed,
    "planar half cell, 0.1C to 5C": rates,
    "planar half cell, orders": orders,
    "single particle": particle,
    "sphere under constant flux": constant_flux,
    "manufactured fields": manufactured,
    "neutral particles": neutral,
    "charge and discharge": cycles,
    "conservation": conservation,
    "ranks": ranks,
}


def main(folder: Path) -> int:
    """Print the tables; what finished before is read from the folder."""
    return run_groups("discharge", GROUPS, folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
