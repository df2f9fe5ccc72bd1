"""Calibration of a few force-field parameters to a target flow curve and density."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares, minimize

from .assumption import Assumption
from .beads import BeadTable
from .collective import run_on
from .configuration import Configuration
from .errors import InputError, StageError
from .flow_curve import fingerprint
from .force_field import ForceField
from .parameter_sets import ATMOSPHERE, PRINTED
from .settings_key import plain
from .shear import ShearTest
from .stage import Workplace

FloatArray = npt.NDArray[np.float64]

STAGE = "calibration"
PARAMETERS = ("energy", "damping", "friction", "pressure")
VISCOSITY_FACTOR = 1.5  # a viscosity off by this factor counts as 1 in the objective
DENSITY_TOLERANCE = 30.0  # [kg/m3] a density off by this much counts as 1


@dataclass(frozen=True)
class Target:
    """What the slurry should do.

    Args:
        viscosities: shear rate [1/s] -> viscosity [Pa s].
        density: of the slurry [kg/m3].
    """

    viscosities: Mapping[float, float]
    density: float

    def __post_init__(self) -> None:
        values = [*self.viscosities, *self.viscosities.values(), self.density]
        if not self.viscosities or not all(np.isfinite(v) and v > 0.0 for v in values):
            raise InputError("calibration.target", dict(self.viscosities), "positive rates, viscosities and density")


# The printed range over 10-1000 1/s, joined by a power law.
PRINTED_RANGE = Target({10.0: 0.6, 100.0: 0.245, 1000.0: 0.1}, 1890.0)


@dataclass(frozen=True)
class Evaluation:
    """One set of parameters and how the slurry behaves with it."""

    parameters: dict[str, float]  # factor on the base force field; pressure in units of energy x 1 atm
    viscosities: dict[str, float]  # rate [1/s] as text -> [Pa s]
    errors: dict[str, float]  # standard errors, same keys
    density: float  # [kg/m3] mean over the rates
    objective: float  # mean of the squared deviations, 1 at the tolerances
    steady: bool  # whether every rate was

    def line(self) -> str:
        """Return the evaluation as a line for the log."""
        parameters = ", ".join(f"{name} {value:.4g}" for name, value in self.parameters.items())
        curve = ", ".join(f"{eta:.3g} at {rate}" for rate, eta in self.viscosities.items())
        return f"objective {self.objective:.4f}: {parameters}: viscosity {curve} 1/s, density {self.density:.1f} kg/m3"


@dataclass(frozen=True)
class CalibrationResult:
    """The best evaluation and the path to it."""

    best: Evaluation
    path: tuple[Evaluation, ...]
    converged: bool  # whether the optimiser met its tolerances within its steps

    def assumptions(self, base: ForceField) -> tuple[Assumption, ...]:
        """Return the calibrated values beside those of the base force field."""
        originals = {
            "energy": ("slurry.energy_scale", 1.0, "factor on Lennard-Jones energies, k_n and skeleton pressure"),
            "damping": ("slurry.damping", base.contact.damping, "1/(um us), gamma_n"),
            "friction": ("slurry.friction", base.contact.friction, "Coulomb coefficient"),
            "pressure": ("slurry.skeleton_pressure_ratio", 1.0, "pressure over energy scale x 1 atm"),
        }
        return tuple(
            Assumption(name, original * self.best.parameters[key], "calibrated", f"{note}; base {original:g}")
            for key, (name, original, note) in originals.items()
            if key in self.best.parameters
        )


@dataclass(frozen=True)
class Calibration:
    r"""Fits factors on a force field by least squares in the logarithms of the factors (scipy, trust region).

    The objective is the mean of (ln(eta / eta_target) / ln 1.5)^2 over the rates and of
    ((density - target) / 30 kg/m3)^2; below 1 the fit is inside its tolerances on average.
    Derivatives come from steps that are large beside the statistical error. Without inertia
    tau = energy f(damping rate / energy): one curve predicts all others of its kind, so a start close
    to the target is found by shifting a single measured curve along its axes (:func:`start_by_similarity`).

    Args:
        target: what to reach.
        start: first value of each parameter that is fitted, factors on ``base`` by name (see PARAMETERS).
            With ``pressure`` the volume follows a normal stress of pressure x energy x 1 atm, so the
            density is a result; without it the slurry is sheared at the target density.
        base: force field that the factors refer to.
        shear: settings of every test; its force field, density and normal stress are replaced.
        step: for the derivatives, in natural logarithms.
        tolerance: the search has converged when its steps are smaller than this, in natural logarithms.
        maximum_steps: after which the best evaluation is taken.
    """

    target: Target = PRINTED_RANGE
    start: Mapping[str, float] = field(default_factory=lambda: {"energy": 1e-3, "damping": 0.1})
    base: ForceField = field(default=PRINTED.slurry, repr=False)
    shear: ShearTest = field(default_factory=lambda: ShearTest(minimum_strain=2.0, maximum_strain=4.0))
    step: float = 0.3
    tolerance: float = 0.05
    maximum_steps: int = 6

    def __post_init__(self) -> None:
        unknown = [name for name in self.start if name not in PARAMETERS]
        if unknown or not self.start:
            raise InputError("calibration.start", unknown or "nothing", f"some of {list(PARAMETERS)}")
        for name, value in self.start.items():
            if not (np.isfinite(value) and value > 0.0):
                raise InputError(f"calibration.start.{name}", value, "a positive factor")

    def run(
        self, beads: BeadTable, slurry: Configuration, workplace: Workplace, path: Path | None = None
    ) -> CalibrationResult:
        """Return the best parameters; evaluations that ``path`` holds are not repeated.

        Args:
            beads: of the slurry.
            slurry: periodic and not sheared.
            workplace: where to run and report.
            path: JSON-lines file that receives every evaluation; None: nothing is kept.
        """
        store = _Store(path, fingerprint(self.shear, beads, slurry) + self._key(), workplace)

        def evaluate(parameters: dict[str, float]) -> Evaluation:
            """Return the evaluation from the store or measure it."""
            known = store.find(parameters)
            evaluation = self.evaluate(parameters, beads, slurry, workplace) if known is None else known
            if known is None:
                store.add(evaluation)
            workplace.reporter.line(f"{STAGE}: {evaluation.line()}")
            return evaluation

        return self.search(evaluate)

    def search(self, evaluate: Callable[[dict[str, float]], Evaluation]) -> CalibrationResult:
        """Return the best of the evaluations that the optimiser asks for."""
        names, path = list(self.start), dict[tuple[float, ...], Evaluation]()

        def at(logarithms: FloatArray) -> Evaluation:
            """Return the evaluation at the logarithms of the parameters, each measured once."""
            # Nine digits are enough for the search and let a stored evaluation be found again.
            values = tuple(float(f"{np.exp(v):.9g}") for v in logarithms)
            if values not in path:
                path[values] = evaluate(dict(zip(names, values, strict=True)))
            return path[values]

        def slopes(logarithms: FloatArray) -> FloatArray:
            """Return the derivatives from steps that are large beside the noise, shape (targets, parameters)."""
            here = self.deviations(at(logarithms))
            ahead = [self.deviations(at(logarithms + self.step * unit)) for unit in np.eye(len(names))]
            return np.array([(there - here) / self.step for there in ahead]).T

        first = np.log([self.start[name] for name in names])
        result = least_squares(
            lambda logarithms: self.deviations(at(logarithms)),
            first,
            jac=slopes,
            xtol=self.tolerance / (1.0 + float(np.linalg.norm(first))),
            ftol=1e-2,
            max_nfev=self.maximum_steps,
        )
        evaluations = tuple(path.values())
        return CalibrationResult(min(evaluations, key=lambda e: e.objective), evaluations, bool(result.success))

    def deviations(self, evaluation: Evaluation) -> FloatArray:
        """Return the deviation from every viscosity and from the density, 1 at the tolerance."""
        return self._deviations(evaluation.viscosities, evaluation.density)

    def evaluate(
        self, parameters: dict[str, float], beads: BeadTable, slurry: Configuration, workplace: Workplace
    ) -> Evaluation:
        """Shear the slurry at every rate of the target with the given factors."""
        test = self._test(parameters)
        points = [test.run(beads, slurry, workplace, rate).point for rate in sorted(self.target.viscosities)]
        viscosities = {f"{p.rate:g}": p.viscosity for p in points}
        errors = {f"{p.rate:g}": p.viscosity_error for p in points}
        density = float(np.mean([p.density for p in points]))
        steady = all(p.converged for p in points)
        return Evaluation(parameters, viscosities, errors, density, self.objective(viscosities, density), steady)

    def objective(self, viscosities: Mapping[str, float], density: float) -> float:
        """Return the mean squared deviation, 1 at the tolerances."""
        return float(np.mean(np.square(self._deviations(viscosities, density))))

    def _deviations(self, viscosities: Mapping[str, float], density: float) -> FloatArray:
        wanted = {f"{rate:g}": eta for rate, eta in self.target.viscosities.items()}
        # A viscosity that is not positive is a fluctuation; it counts as very low.
        ratios = [max(viscosities[rate], 1e-6 * eta) / eta for rate, eta in wanted.items()]
        terms = [np.log(ratio) / np.log(VISCOSITY_FACTOR) for ratio in ratios]
        terms.append((density - self.target.density) / DENSITY_TOLERANCE)
        return np.array(terms)

    def _test(self, parameters: dict[str, float]) -> ShearTest:
        energy = parameters.get("energy", 1.0)
        factors = (energy, parameters.get("damping", 1.0), parameters.get("friction", 1.0))
        test = replace(self.shear, force_field=self.base.scaled(*factors))
        if "pressure" in parameters:
            normal = parameters["pressure"] * energy * ATMOSPHERE
            return replace(test, density=None, normal_stress=normal)
        return replace(test, density=self.target.density, normal_stress=None)

    def _key(self) -> str:
        wanted = sorted(self.target.viscosities.items())
        return json.dumps([wanted, self.target.density, plain(self.base)], sort_keys=True)


def start_by_similarity(rates: npt.ArrayLike, stresses: npt.ArrayLike, target: Target) -> tuple[float, float]:
    r"""Return the factors on energy and damping that bring a measured curve nearest to the target.

    Without inertia tau(rate; e, g) = e f(g rate / e) for energies times e and damping times g. In
    logarithms the measured curve is shifted by (ln(e/g), ln e); the shift of least squares is found by
    the Nelder-Mead method on the interpolated curve. Rates outside the measured range are extrapolated
    along the last chord, so measure a wide curve.

    Args:
        rates: of the measured curve, rising, shape (points,) [1/s].
        stresses: shape (points,) [Pa].
        target: viscosities at some rates.
    """
    x, y = np.log(np.asarray(rates, dtype=np.float64)), np.log(np.asarray(stresses, dtype=np.float64))
    wanted_rate = np.log(list(target.viscosities))
    wanted = wanted_rate + np.log(list(target.viscosities.values()))

    def misfit(shift: FloatArray) -> float:
        """Return the squared misfit for the logarithms of the factors."""
        energy, damping = shift
        return float(((energy + _extrapolated(wanted_rate + damping - energy, x, y) - wanted) ** 2).sum())

    best = minimize(misfit, np.zeros(2), method="Nelder-Mead", options={"maxiter": 2000, "xatol": 1e-6, "fatol": 1e-12})
    return float(np.exp(best.x[0])), float(np.exp(best.x[1]))


def _extrapolated(at: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    inside = np.interp(at, x, y)
    below = y[0] + (at - x[0]) * (y[1] - y[0]) / (x[1] - x[0])
    above = y[-1] + (at - x[-1]) * (y[-1] - y[-2]) / (x[-1] - x[-2])
    return np.asarray(np.where(at < x[0], below, np.where(at > x[-1], above, inside)))


@dataclass(frozen=True)
class _Store:
    """JSON-lines file of evaluations; rank 0 reads and writes."""

    path: Path | None
    key: str
    workplace: Workplace

    def find(self, parameters: dict[str, float]) -> Evaluation | None:
        """Return the stored evaluation of these parameters."""
        return run_on(self.workplace.comm, 1, lambda: self._find(parameters))

    def add(self, evaluation: Evaluation) -> None:
        """Append an evaluation."""
        run_on(self.workplace.comm, 1, lambda: self._add(evaluation))

    def _find(self, parameters: dict[str, float]) -> Evaluation | None:
        if self.path is None or not self.path.exists():
            return None
        for line in self.path.read_text().splitlines():
            entry = _parsed(line)
            if entry.get("key") == self.key and entry["evaluation"]["parameters"] == parameters:
                return Evaluation(**entry["evaluation"])
        return None

    def _add(self, evaluation: Evaluation) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as stream:
                # The line break comes first, so that a line cut short by a kill spoils only itself.
                stream.write("\n" + json.dumps({"key": self.key, "evaluation": asdict(evaluation)}))
        except OSError as error:
            raise StageError(f"{self.path} cannot be written: {error}") from error


def _parsed(line: str) -> dict[str, Any]:
    """Return a stored line; one that a kill cut short counts as not there."""
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return entry if isinstance(entry, dict) else {}
