"""Meshes against exact spheres, and meshes of many packings: ``granode validate meshing``."""

from __future__ import annotations

import sys
from pathlib import Path

from cases.check_store import Groups, run_groups

from .meshing_accuracy import necks, packing, spheres
from .meshing_robustness import degenerate, packings

GROUPS: Groups = {
    "sphere": spheres,
    "degenerate": degenerate,
    "necks": necks,
    "packing of 1,000 particles": packing,
    "packings": packings,
}


def main(folder: Path) -> int:
    """Print the tables; what finished before is read from the folder."""
    return run_groups("meshing", GROUPS, folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
