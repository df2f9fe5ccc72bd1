"""Keeps the stoichiometry in the range in which the functions of the active material are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .half_cell import LITHIUM_FIELD, HalfCell
from .newton import NotConvergedError
from .range_closure import BARRIER_SHARE, CLOSING_SHARE, DEEPEST

FloatArray = npt.NDArray[np.float64]

ROUNDING = 1e-12  # of x, by which a surface at rest at an end may lie beyond


class LeftRangeError(NotConvergedError):
    """A step that carries a surface to an end of its range; shorter ones stop before, unless the surface is full."""


class RangeGuard:
    """The known range at each lithium unknown and on each reactive surface."""

    def __init__(self, cell: HalfCell) -> None:
        self.cell = cell
        self.low = np.zeros(cell.sizes[LITHIUM_FIELD])
        self.high = np.ones(cell.sizes[LITHIUM_FIELD])
        for surface, reaction in zip(cell.network.surfaces, cell.reactions, strict=True):
            low, high = reaction.allowed_range
            member = cell.members(surface.material) > 0.0
            margin = CLOSING_SHARE * (high - low)
            self.low[member], self.high[member] = low + margin, high - margin

    def inside(self, x: FloatArray, now: FloatArray) -> FloatArray:
        """Return a guess of the stoichiometry that goes no further towards an end than where charge transfer closes.

        Args:
            x: (owned lithium unknowns,) the guess.
            now: where the unknowns are, and may stay.
        """
        return np.clip(x, np.minimum(self.low, now), np.maximum(self.high, now))

    def left(self, state: FloatArray, start: FloatArray) -> str:
        """Say which surface has come too close to an end in a step, or nothing (collective).

        The diverging open-circuit potential brings surfaces back (Eq. 11c), unless the law of charge transfer is
        bounded: then the second stage, which extrapolates the first one, can leave the range, and shorter steps do not.

        Args:
            state: at the end of the step.
            start: at its start; a surface may stay where it was.
        """
        ranges, before = self.cell.surface_ranges(state), self.cell.surface_ranges(start)
        for k, surface in enumerate(self.cell.network.surfaces):
            low, high = self.cell.reactions[k].allowed_range
            verge = (1.0 - DEEPEST) * BARRIER_SHARE * (high - low)
            lowest = max(low, min(low + verge, before[k][0])) - ROUNDING
            highest = min(high, max(high - verge, before[k][1])) + ROUNDING
            if ranges[k][0] < lowest or ranges[k][1] > highest:
                return (
                    f"the surface stoichiometry of {surface.material.name}, {ranges[k][0]:.6g} to {ranges[k][1]:.6g}, "
                    f"leaves the range {low:g} to {high:g} of its curves"
                )
        return ""
