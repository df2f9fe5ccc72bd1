"""Conduction against exact answers: ``granode validate conduction``."""

from __future__ import annotations

import sys
from pathlib import Path

from cases.check_store import Groups, run_groups

from .conduction_arrays import checkerboards, discs, lattices
from .conduction_bounds import lattice_bounds
from .conduction_interfaces import brick_wall, neutral, tensor
from .conduction_layers import layers
from .conduction_packings import packings
from .percolation import thresholds

GROUPS: Groups = {
    "layers": layers,
    "simple cubic lattices": lattices,
    "square arrays of discs": discs,
    "checkerboards": checkerboards,
    "bounds of meshes of a lattice": lattice_bounds,
    "neutral inclusions": neutral,
    "brick wall": brick_wall,
    "anisotropic body": tensor,
    "bounds of random packings": packings,
    "thresholds of continuum percolation": lambda store: thresholds(),
}


def main(folder: Path) -> int:
    """Print the tables; what finished before is read from the folder."""
    return run_groups("conduction", GROUPS, folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
