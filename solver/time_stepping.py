"""Second-order, L-stable, adaptive time stepping; knows numbers only, no mesh and no PETSc.

Alexander's two-stage singly diagonally implicit Runge-Kutta method (SIAM J. Numer. Anal. 14, 1977)
with gamma = 1 - 1/sqrt(2): both stages solve u - gamma dt f(u) = base, the second one is the step.
Its local error is (GAMMA_ERROR) dt^3 u''' for slow modes; it is estimated by comparison with the
explicit two-step Adams-Bashforth prediction (Milne's device).
"""

from __future__ import annotations

from dataclasses import dataclass

GAMMA = 1.0 - 0.5**0.5
STAGE_WEIGHTS = (1.0 - GAMMA, GAMMA)  # quadrature weights of the two stage derivatives
# Taylor coefficient of dt^3 in exp(z) - R(z), R(z) = (1 + (1 - 2 gamma) z)/(1 - gamma z)^2
SDIRK_ERROR = abs(1.0 / 6.0 - (4.0 * GAMMA**3 + 3.0 * (1.0 - 2.0 * GAMMA) * GAMMA**2))


def milne_factor(step: float, previous_step: float) -> float:
    """Return the ratio of the method's local error to (solution - Adams-Bashforth prediction).

    The prediction u + dt u' + dt^2/2 (u' - u'_prev)/dt_prev misses (1/6 + r/4) dt^3 u''' with
    r = dt_prev/dt.
    """
    prediction = 1.0 / 6.0 + 0.25 * previous_step / step
    return SDIRK_ERROR / (prediction + SDIRK_ERROR)


@dataclass(frozen=True)
class StepController:
    """Choice of the next step from the error of the last one."""

    tolerance: float
    first_step: float  # [s]
    smallest_step: float  # [s]
    largest_step: float  # [s]
    safety: float = 0.85
    growth: float = 2.0
    shrink: float = 0.2

    def next_step(self, step: float, error: float) -> float:
        """Return the step [s] for which the local error would meet the tolerance: dt (tol/err)^(1/3)."""
        factor = self.safety * (self.tolerance / max(error, 1e-30)) ** (1.0 / 3.0)
        return min(step * min(self.growth, max(self.shrink, factor)), self.largest_step)

    def accepts(self, error: float) -> bool:
        """Return whether a step of this error is kept."""
        return error <= self.tolerance
