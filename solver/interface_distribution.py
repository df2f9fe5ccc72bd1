"""How evenly the reaction spreads over the reactive surface: local current density by area."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase
from meshing.facets import triangle_areas
from meshing.labelled_mesh import LabelledMesh

from .active_network import ActiveNetwork
from .lithiation import Columns, SurfaceState
from .weighted_quantiles import weighted_quantiles

FloatArray = npt.NDArray[np.float64]

PERCENTILES = (5, 25, 50, 75, 95)
CARRIED = 0.9  # of the current
SHARE_KEY = "area_share_of_90_percent"
NO_CURRENT = 1e-3  # of what flows in either direction
LEVELS = np.linspace(0.0, 1.0, 201)  # of the area, in the cumulative curve


def current_distribution(mesh: LabelledMesh, network: ActiveNetwork, surface: SurfaceState) -> dict[str, float | None]:
    """Return percentiles by area of the current through the working surface, over its mean, and how few carry it.

    Args:
        mesh: labelled mesh.
        network: what takes part.
        surface: of the working electrode.
    """
    current, weights = _at_corners(mesh, network, surface)
    mean = _mean(current, weights)
    if _no_mean(mean, current, weights):
        names = [*(f"p{p}_over_mean" for p in PERCENTILES), SHARE_KEY]
        return {"mean_A_m2": mean, **dict.fromkeys(names)}
    relative: FloatArray = np.asarray(current / mean)
    found = weighted_quantiles(relative, weights, np.array(PERCENTILES) / 100.0)
    order = np.argsort(relative)[::-1]
    flow, area = np.cumsum((weights * relative)[order]), np.cumsum(weights[order]) / weights.sum()
    one_way = bool((relative > 0.0).all())
    carrying = float(np.interp(CARRIED, flow / weights.sum(), area)) if one_way else None
    percentiles = {f"p{p}_over_mean": float(v) for p, v in zip(PERCENTILES, found, strict=True)}
    return {"mean_A_m2": mean, **percentiles, SHARE_KEY: carrying}


def current_by_area(mesh: LabelledMesh, network: ActiveNetwork, surface: SurfaceState) -> Columns:
    """Return the cumulative curve: on which share of the area the current density over its mean lies below a value.

    Args:
        mesh: labelled mesh.
        network: what takes part.
        surface: of the working electrode.

    Returns:
        Share of the area, current density over its mean (ascending; NaN where the mean is nothing beside what flows
        in either direction) and current density [A/m2], positive out of the active material.
    """
    current, weights = _at_corners(mesh, network, surface)
    mean = _mean(current, weights)
    if _no_mean(mean, current, weights):
        density = weighted_quantiles(current, weights, LEVELS)
        relative: FloatArray = np.full(LEVELS.shape, np.nan)
    else:
        relative = weighted_quantiles(np.asarray(current / mean), weights, LEVELS)
        density = relative * mean
    return {"area_share": LEVELS, "current_density_over_mean": relative, "current_density_A_m2": density}


def _at_corners(mesh: LabelledMesh, network: ActiveNetwork, surface: SurfaceState) -> tuple[FloatArray, FloatArray]:
    """Return the current density at the corners of the facets [A/m2] and the area that each stands for [m2]."""
    sides = next(s.sides for s in network.surfaces if s.material == Phase.AM)
    return surface.current.ravel(), np.repeat(triangle_areas(mesh.vertices, sides.first) / 3.0, 3)


def _mean(current: FloatArray, weights: FloatArray) -> float:
    return float(weights @ current / weights.sum())


def _no_mean(mean: float, current: FloatArray, weights: FloatArray) -> bool:
    """Return whether lithium only changes places, as at rest."""
    return abs(mean) <= NO_CURRENT * _mean(np.abs(current), weights)
