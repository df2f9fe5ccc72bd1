"""One step of a protocol, marched in time steps of controlled error to the first of its ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .controls import Control
from .event_location import STEP_TOLERANCE, Trial, locate
from .integrator import CellIntegrator, CellPoint, StepResult
from .newton import NotConvergedError
from .protocol import End, Reading, Watch
from .range_guard import LeftRangeError
from .time_stepping import StepController

# Of the largest step: where shorter ones still lead out of the range, the surface is full. Much shorter ones would
# drown the balances in the rounding of x/dt.
FULL_SHARE = 1e-6

Reader = Callable[[StepResult], Reading]


class SmallestStepError(Exception):
    """No step of the smallest size converges or meets the tolerance; the message says why."""


@dataclass(frozen=True)
class Advance:
    """An accepted time step."""

    result: StepResult
    proposal: float  # for the next step [s]
    reached: End | None  # the end on which the step was made to end
    rejected: int  # steps that were computed before and not kept


class March:
    """Moves the cell through one protocol step, an accepted time step at a time.

    Args:
        integrator: computes time steps.
        controller: chooses their lengths.
        control: what is done to the terminals.
        watch: the ends of the protocol step.
    """

    def __init__(self, integrator: CellIntegrator, controller: StepController, control: Control, watch: Watch) -> None:
        self.integrator, self.controller = integrator, controller
        self.control, self.watch = control, watch

    def advance(self, point: CellPoint, now: Reading, step: float, read: Reader) -> Advance:
        """Return the next accepted step; where it leads past an end it stops there.

        Args:
            point: the cell.
            now: what the ends see of it.
            step: length to begin with [s].
            read: what the ends see after a computed step.

        Raises:
            SmallestStepError: no step of the smallest size is accepted.
        """
        rejected = 0
        horizon = self.watch.horizon(now, self.control)
        while True:
            trial, proposal, again = self._attempt(point, min(step, horizon), read)
            rejected += again
            start = self.watch.nearest(now)[0]
            if trial.distance <= 0.0 and not self._ends(start, trial):
                return Advance(trial.outcome, proposal, None, rejected)
            try:
                found = self._stop(point, start, trial, read)
            except NotConvergedError:  # too far away: approach the end in shorter steps
                rejected += 1
                step = self._checked(0.25 * trial.step, "the end of the protocol step was not located")
                continue
            return Advance(found.outcome, proposal, self.watch.nearest(read(found.outcome))[1], rejected)

    def _ends(self, start: float, trial: Trial[StepResult]) -> bool:
        """Return whether a step that was cut to end on an end does so, up to rounding."""
        return bool(trial.distance >= -STEP_TOLERANCE * abs(trial.distance - start))

    def _stop(self, point: CellPoint, start: float, trial: Trial[StepResult], read: Reader) -> Trial[StepResult]:
        """Return the step to the end; each trial starts from the step that leads past it."""
        longest = trial.outcome

        def attempt(step: float) -> Trial[StepResult]:
            return self._trial(self.integrator.advance(point, step, self.control, longest), read)

        return trial if trial.distance <= 0.0 else locate(start, trial, attempt)

    def _trial(self, result: StepResult, read: Reader) -> Trial[StepResult]:
        return Trial(result.step, self.watch.nearest(read(result))[0], result)

    def _attempt(self, point: CellPoint, step: float, read: Reader) -> tuple[Trial[StepResult], float, int]:
        """Repeat a step with smaller sizes until it converges and meets the tolerance; count the repetitions."""
        rejected = 0
        while True:
            reason, least = "the error estimate is above the tolerance", self.controller.smallest_step
            proposal = self.controller.shrink * step
            try:
                result = self.integrator.advance(point, step, self.control)
                proposal = self.controller.next_step(step, result.error)
                if self.controller.accepts(result.error):
                    return self._trial(result, read), proposal, rejected
            except NotConvergedError as error:
                reason = str(error)
                if isinstance(error, LeftRangeError):
                    least = max(least, FULL_SHARE * self.controller.largest_step)
            step = self._checked(min(proposal, 0.5 * step), reason, least)
            rejected += 1

    def _checked(self, step: float, reason: str, least: float = 0.0) -> float:
        """Return a step that is not too small [s]."""
        smallest = max(least, self.controller.smallest_step)
        if not np.isfinite(step) or step < smallest:
            raise SmallestStepError(f"failed with the smallest step {smallest:g} s: {reason}")
        return step
