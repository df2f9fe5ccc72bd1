"""Conductivities of a packing's voxels at several resolutions: ``python -m tests.validation.voxel_reference``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from manufacturing.packing import load_packing
from manufacturing.phases import Phase

from .voxel_conduction import label_voxels, voxel_flow


def main(path: Path, phase: Phase, periodic: bool, counts: list[int]) -> None:
    """Print sigma_eff over that of the phase by the number of voxels along x."""
    packing = load_packing(path)
    found = {}
    for count in counts:
        labels = label_voxels(packing, count)
        edge = packing.size / np.array(labels.shape)
        found[count] = voxel_flow(labels, edge, int(phase), (periodic, periodic)).conductivity
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Phase[sys.argv[2]], sys.argv[3] == "periodic", [int(count) for count in sys.argv[4:]])
