"""What has passed through the cell since the run began, and what it took to compute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .integrator import StepResult

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ledger:
    """Sums over the accepted steps, by the quadrature of the integrator."""

    exchanged: FloatArray  # (surfaces,) with the lithium that left each active material [C]
    passed: float = 0.0  # through the cell, positive on discharge [C]
    throughput: float = 0.0  # in either direction [C]
    energy: float = 0.0  # delivered [J]
    newton_iterations: int = 0
    linear_iterations: int = 0
    rejected_steps: int = 0

    def after(self, result: StepResult, working: int, rejected: int) -> Ledger:
        """Return the sums once a step is accepted.

        Args:
            result: the step.
            working: index of the surface of the working electrode.
            rejected: steps that were computed before this one and not kept.
        """
        return Ledger(
            self.exchanged + result.lithium_passed,
            self.passed - float(result.charge_passed[working]),
            self.throughput + abs(float(result.charge_passed[working])),
            self.energy - float(result.energy_passed[working]),
            self.newton_iterations + result.newton_iterations,
            self.linear_iterations + result.linear_iterations,
            self.rejected_steps + rejected,
        )
