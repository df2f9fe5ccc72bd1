"""Bounds of sigma_eff that follow from volume fractions and conductivities alone (Eqs. 3c, 3e)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from manufacturing.errors import StageError

from .conduction_problem import ConductionProblem, is_conducting
from .electrode import electrode_cells

FloatArray = npt.NDArray[np.float64]

BOUND_TOLERANCE = 1e-9  # relative: rounding and solver tolerance, not discretisation (energy bounds from above)


def wiener_bounds(problem: ConductionProblem, axis: int) -> tuple[float, float]:
    r"""Return the lower and upper Wiener bound of sigma_eff along an axis.

    1/<(sigma^-1)_dd> <= sigma_eff <= <sigma_dd>, averaged over the volume of the electrode. The lower one is 0
    where a part insulates, where interfaces resist or where current enters through a part of the plane only.

    Reference: O. Wiener, Abh. Math.-Phys. Kl. Koenigl. Saechs. Ges. 32 (1912) 509.
    """
    mesh, sigma = problem.mesh, problem.conductivity
    inside = electrode_cells(mesh)
    weights = problem.volumes[inside]
    along = (sigma if sigma.ndim == 1 else sigma[:, axis, axis])[inside]
    upper = float(weights @ along / weights.sum())
    if problem.resistances or not is_conducting(sigma)[inside].all() or not problem.drive.whole_planes(mesh):
        return 0.0, upper
    resistivity = 1.0 / along if sigma.ndim == 1 else np.linalg.inv(sigma[inside])[:, axis, axis]
    return float(weights.sum() / (weights @ resistivity)), upper


def check_wiener(value: float, bounds: tuple[float, float], unit: str) -> None:
    """Raise StageError when a result leaves the Wiener bounds of the same mesh."""
    lower, upper = bounds
    if not lower * (1.0 - BOUND_TOLERANCE) <= value <= upper * (1.0 + BOUND_TOLERANCE):
        raise StageError(
            f"effective conductivity {value:.6e} {unit} breaks the Wiener bounds {lower:.6e} to {upper:.6e} {unit}"
        )


def hashin_shtrikman_bounds(fractions: FloatArray, conductivities: FloatArray) -> tuple[float, float]:
    """Return the Hashin-Shtrikman bounds of an isotropic composite of isotropic phases (Eq. 3e).

    sigma_HS = 1/sum(f_i/(sigma_i + 2 s)) - 2 s with s the smallest and the largest conductivity. With one
    insulating phase the upper bound is sigma_0 2 eps/(3 - eps), a tortuosity factor of (3 - eps)/2.

    Args:
        fractions: volume fractions of all phases (n,), insulating ones included.
        conductivities: of the phases (n,).

    Reference: Z. Hashin and S. Shtrikman, J. Appl. Phys. 33 (1962) 3125.
    """

    def bound(s: float) -> float:
        """Return the conductivity for a comparison medium 2 s."""
        shifted = conductivities + 2.0 * s
        return 0.0 if (shifted <= 0.0).any() else float(1.0 / (fractions / shifted).sum() - 2.0 * s)

    return bound(float(conductivities.min())), bound(float(conductivities.max()))
