"""The cell at a wanted instant inside an accepted time step: a step from the same start that ends there.

Its state obeys all equations, as if the run had stopped there; the run itself goes on from the accepted step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .controls import Control
from .event_location import DISTANCE_TOLERANCE, Trial, locate
from .integrator import CellIntegrator, StepResult
from .newton import NotConvergedError
from .progress import Progress


@dataclass(frozen=True)
class Instant:
    """A value that a quantity of the run takes."""

    quantity: str  # key of QUANTITIES
    value: float  # [s], 1 of the theoretical capacity in either direction, or [V]


Quantity = Callable[[Progress, CellIntegrator, float], float]
QUANTITIES: dict[str, Quantity] = {
    "time": lambda progress, integrator, capacity: progress.point.time,
    "utilisation": lambda progress, integrator, capacity: abs(progress.ledger.passed) / capacity,
    "voltage": lambda progress, integrator, capacity: integrator.cell.voltage(progress.point.state),
}


@dataclass(frozen=True)
class Landing:
    """Finds instants inside one accepted step; every method is collective.

    Args:
        integrator: computes time steps.
        control: what the terminals did.
        before: the run at the start of the step.
        step: as accepted.
        working: index of the surface of the working electrode.
        capacity: theoretical capacity [C].
    """

    integrator: CellIntegrator
    control: Control
    before: Progress
    step: StepResult
    working: int
    capacity: float

    def at(self, instant: Instant) -> Progress:
        """Return the run at an instant; the end of the step where no shorter step converges."""
        start, end = (self._quantity(instant, progress) for progress in (self.before, self._after(self.step)))
        scale = self.step.step if instant.quantity == "time" else 1.0
        heading = (1.0 if end >= start else -1.0) / scale

        def trial(result: StepResult) -> Trial[StepResult]:
            """Return how far past the instant a step leads."""
            reached = self._quantity(instant, self._after(result))
            return Trial(result.step, heading * (reached - instant.value), result)

        def attempt(length: float) -> Trial[StepResult]:
            """Compute the step of a length [s]."""
            return trial(self.integrator.advance(self.before.point, length, self.control, self.step))

        last = trial(self.step)
        if last.distance <= DISTANCE_TOLERANCE:
            return self._after(self.step)
        try:
            return self._after(locate(heading * (start - instant.value), last, attempt).outcome)
        except NotConvergedError:
            return self._after(self.step)

    def _after(self, result: StepResult) -> Progress:
        return replace(self.before, point=result.point, ledger=self.before.ledger.after(result, self.working, 0))

    def _quantity(self, instant: Instant, progress: Progress) -> float:
        return QUANTITIES[instant.quantity](progress, self.integrator, self.capacity)
