"""Volume fractions along z of the packings of a study, mean over seeds at each value of the swept key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.packing import Packing, load_packing
from manufacturing.phases import PARTICLE_PHASES
from manufacturing.porosity import CBD_NANOPOROSITY
from manufacturing.profile import height_profile

from .plots_style import MICROMETRE
from .study_plan import StudyPlan
from .study_points import value_text
from .study_results import StudyRow
from .study_run import points_folder
from .trends import series_positions

FloatArray = npt.NDArray[np.float64]
LAYERS = 20
NAMES = (*(phase.name for phase in PARTICLE_PHASES), "void", "porosity")


@dataclass(frozen=True)
class MeanProfile:
    """Shares of layers of equal thickness, means over the packings of one position on the axis."""

    series: str
    x: float
    count: int
    height: FloatArray  # (layers,) middle of each layer above the lower plane, mean [m]
    shares: dict[str, FloatArray]  # of each phase, the void, and the void with nanopores: (layers,)


def mean_profiles(plan: StudyPlan, rows: Sequence[StudyRow], out: Path) -> list[MeanProfile]:
    """Return the profiles of all finished points; packings that several points share count once.

    Args:
        plan: the study.
        rows: its points.
        out: directory of the study.
    """
    section = plan.study.trend
    assert section is not None
    found: dict[tuple[str, float], dict[str, Path]] = {}
    for row, planned in zip(rows, plan.points, strict=True):
        path = points_folder(out) / row.point.name / "packing.h5"
        if not row.figures or not path.exists():
            continue
        for series, positions in series_positions(section, rows).items():
            x = positions.get(value_text(row.point.values.get(section.key, "")))
            if x is not None:
                found.setdefault((series, x), {})[planned.keys["manufacturing"]] = path
    return [_mean(series, x, [load_packing(path) for path in paths.values()]) for (series, x), paths in found.items()]


def _mean(series: str, x: float, packings: Sequence[Packing]) -> MeanProfile:
    profiles = [height_profile(packing, LAYERS) for packing in packings]
    heights = [profile.middle - packing.lower[2] for profile, packing in zip(profiles, packings, strict=True)]
    shares = {name: np.mean([getattr(p, name) for p in profiles], axis=0) for name in NAMES[:-1]}
    pores = [packing.provenance.get("nanoporosity", CBD_NANOPOROSITY) for packing in packings]
    shares[NAMES[-1]] = np.mean([p.porosity(n) for p, n in zip(profiles, pores, strict=True)], axis=0)
    return MeanProfile(series, x, len(packings), np.mean(heights, axis=0), shares)


def profile_table(profiles: Sequence[MeanProfile]) -> list[list[Any]]:
    """Return a header and one row per layer of each profile."""
    table: list[list[Any]] = [["series", "x", "packings", "z_um", *NAMES]]
    for profile in profiles:
        for layer, height in enumerate(profile.height):
            shares = [float(profile.shares[name][layer]) for name in NAMES]
            table.append([profile.series, profile.x, profile.count, float(height) / MICROMETRE, *shares])
    return table
