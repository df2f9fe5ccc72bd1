"""Flow curve of a slurry: steady shear at a list of rates, kept rate by rate, and the laws fitted to it."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from .beads import BeadTable
from .collective import run_on
from .configuration import Configuration
from .errors import InputError, StageError
from .flow_fit import FlowFit, fit_herschel_bulkley, fit_power_law
from .journal import forget
from .lammps_instance import lammps_version
from .shear import LARGEST_DAMPING_STRAIN, ShearPoint, ShearTest
from .stage import Workplace
from .stage_record import StageRecord
from .time_step import DAMPED_SHARE, STIFF_ANGLE, TYPICAL_OVERLAP

DEFAULT_RATES = tuple(float(rate) for rate in np.logspace(-1.0, 3.0, 9))  # [1/s]
FORMAT = 1  # raise when the same settings lead to another curve
HEADER = "# flow curve, settings "

# Column of the CSV file, field of ShearPoint, unit factor.
COLUMNS: tuple[tuple[str, str, float], ...] = (
    ("shear_rate_1_s", "rate", 1.0),
    ("shear_stress_Pa", "stress", 1.0),
    ("shear_stress_error_Pa", "stress_error", 1.0),
    ("viscosity_Pa_s", "viscosity", 1.0),
    ("viscosity_error_Pa_s", "viscosity_error", 1.0),
    ("contact_stress_Pa", "contact", 1.0),
    ("attraction_stress_Pa", "attraction", 1.0),
    ("kinetic_stress_Pa", "kinetic", 1.0),
    ("normal_stress_Pa", "normal_stress", 1.0),
    ("density_g_cm3", "density", 1e-3),
    ("strain", "strain", 1.0),
    ("discarded_strain", "discarded_strain", 1.0),
    ("drift", "drift", 1.0),
    ("inertial_share", "inertial_share", 1.0),
    ("damping_strain", "damping_strain", 1.0),
    ("inertial_scale", "inertial_scale", 1.0),
    ("smallest_inertial_mass_pg", "smallest_inertial_mass", 1e15),
    ("time_step_s", "time_step", 1.0),
    ("steps", "steps", 1.0),
    ("converged", "converged", 1.0),
    ("core_seconds", "core_seconds", 1.0),
)


@dataclass(frozen=True)
class FlowPoint:
    """A point of the curve and what it cost."""

    shear: ShearPoint
    core_seconds: float

    def row(self) -> dict[str, float]:
        """Return the columns of the CSV file."""
        values = {"core_seconds": self.core_seconds}
        return {c: float(values.get(n, getattr(self.shear, n, 0.0))) * factor for c, n, factor in COLUMNS}

    @classmethod
    def from_row(cls, row: dict[str, str]) -> FlowPoint:
        """Return the point that a row of the CSV file stands for."""
        names = {f.name for f in fields(ShearPoint)}
        values: dict[str, Any] = {n: float(row[c]) / factor for c, n, factor in COLUMNS if n in names}
        values |= {"steps": int(values["steps"]), "converged": bool(values["converged"])}
        return cls(ShearPoint(**values), float(row["core_seconds"]))


@dataclass(frozen=True)
class FlowCurve:
    """Points in order of the rate, and the laws fitted to them; None: too few points."""

    points: tuple[FlowPoint, ...]
    herschel_bulkley: FlowFit | None
    power_law: FlowFit | None

    @property
    def converged(self) -> bool:
        """Whether every point is steady."""
        return all(point.shear.converged for point in self.points)

    def as_dict(self) -> dict[str, Any]:
        """Return points and fits for the summary of a run."""
        fits = {"herschel_bulkley": self.herschel_bulkley, "power_law": self.power_law}
        return {
            "points": [
                {name: value if math.isfinite(value) else None for name, value in point.row().items()}
                for point in self.points
            ],
            **{name: None if fit is None else fit.as_dict() for name, fit in fits.items()},
            "converged": self.converged,
        }

    def table(self) -> str:
        """Return the curve as text: rate, viscosity with error, stress in its parts, normal stress."""
        lines = [
            f"{'rate 1/s':>9}{'eta Pa s':>11}{'+-':>9}{'tau Pa':>10}{'contact':>10}{'attract.':>10}"
            f"{'normal':>9}{'strain':>8}{'steady':>8}{'core s':>8}"
        ]
        for point in self.points:
            p = point.shear
            lines.append(
                f"{p.rate:>9.4g}{p.viscosity:>11.4g}{p.viscosity_error:>9.2g}{p.stress:>10.4g}{p.contact:>10.4g}"
                f"{p.attraction:>10.4g}{p.normal_stress:>9.4g}{p.strain:>8.3g}{('yes' if p.converged else 'no'):>8}"
                f"{point.core_seconds:>8.0f}"
            )
        for fit in (self.herschel_bulkley, self.power_law):
            if fit is not None:
                lines.append(_fit_line(fit))
        return "\n".join(lines)


@dataclass(frozen=True)
class FlowCurveTest:
    """Settings of a flow curve: every rate starts from the same slurry.

    Args:
        shear: settings of each point.
        rates: [1/s], in any order.
        strict: whether a rate that is not steady is an error; otherwise it is marked and kept.
    """

    shear: ShearTest = field(default_factory=ShearTest)
    rates: Sequence[float] = DEFAULT_RATES
    strict: bool = False

    def __post_init__(self) -> None:
        rates = np.asarray(self.rates, dtype=np.float64)
        if rates.size == 0 or not np.all(np.isfinite(rates) & (rates > 0.0)):
            raise InputError("flow_curve.rates", list(self.rates), "positive shear rates [1/s]")
        if len(np.unique(rates)) != rates.size:
            raise InputError("flow_curve.rates", list(self.rates), "rates that differ")

    def run(self, beads: BeadTable, slurry: Configuration, workplace: Workplace, path: Path | None = None) -> FlowCurve:
        """Return the curve; rates that ``path`` holds for the same slurry and settings are not run again.

        Args:
            beads: of the slurry.
            slurry: periodic and not sheared.
            workplace: where to run and report; with a record, every rate leaves its LAMMPS input there.
            path: CSV file that receives every rate as soon as it is done; None: nothing is kept.

        Raises:
            StageError: LAMMPS failed, or a rate is not steady and ``strict`` is set; finished rates are kept.
        """
        store = None if path is None else _Store(path, fingerprint(self.shear, beads, slurry), workplace)
        known = {} if store is None else store.read()
        points = []
        for rate in sorted(float(r) for r in self.rates):
            point = known.get(_key(rate))
            if point is None:
                point = self._measure(beads, slurry, workplace, rate)
                if store is not None:
                    store.add(point)
                    _forget_journal(workplace, rate)
            self._report(workplace, point)
            points.append(point)
        return flow_curve(points)

    def _measure(self, beads: BeadTable, slurry: Configuration, workplace: Workplace, rate: float) -> FlowPoint:
        start = time.process_time()
        point = self.shear.run(beads, slurry, self._place(beads, slurry, workplace, rate), rate).point
        return FlowPoint(point, workplace.comm.allreduce(time.process_time() - start))

    def _place(self, beads: BeadTable, slurry: Configuration, workplace: Workplace, rate: float) -> Workplace:
        """Return the workplace with a record of this rate only: its journal must not depend on other rates."""
        if workplace.record is None:
            return workplace
        key = f"{fingerprint(self.shear, beads, slurry)} {_key(rate)}"
        return replace(workplace, record=StageRecord(workplace.record.folder, key, workplace.record.header))

    def _report(self, workplace: Workplace, point: FlowPoint) -> None:
        p = point.shear
        text = f"{p.viscosity:.4g} +- {p.viscosity_error:.2g} Pa s at {p.rate:.4g} 1/s, strain {p.strain:.3g}"
        workplace.reporter.line(f"flow curve: {text}{'' if p.converged else ', NOT STEADY'}")
        if self.strict and not p.converged:
            raise StageError(f"flow curve: {text}: not steady, drift {p.drift:+.1%}; raise shear.maximum_strain")


def _forget_journal(workplace: Workplace, rate: float) -> None:
    """Remove what a finished rate needs no longer: the CSV file holds it, its LAMMPS input stays."""
    workplace.comm.barrier()
    if workplace.comm.rank == 0 and workplace.record is not None and workplace.record.folder is not None:
        forget(workplace.record.folder, f"shear_{rate:g}")


def flow_curve(points: Sequence[FlowPoint]) -> FlowCurve:
    """Return the points in order of the rate with the fitted laws, where there are enough points."""
    ordered = tuple(sorted(points, key=lambda point: point.shear.rate))
    usable = [p.shear for p in ordered if p.shear.stress > 0.0]
    data = ([p.rate for p in usable], [p.stress for p in usable], [p.stress_error for p in usable])
    return FlowCurve(
        ordered,
        fit_herschel_bulkley(*data) if len(usable) >= 4 else None,
        fit_power_law(*data) if len(usable) >= 3 else None,
    )


def read_flow_curve(path: Path) -> FlowCurve:
    """Return the curve that a CSV file of :meth:`FlowCurveTest.run` holds.

    Raises:
        InputError: the file cannot be read as a flow curve.
    """
    try:
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        points = [FlowPoint.from_row(row) for row in csv.DictReader(lines)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(str(path), f"a file that cannot be read ({error!r})", "a CSV file of a flow curve") from error
    return flow_curve(points)


def fingerprint(shear: ShearTest, beads: BeadTable, slurry: Configuration) -> str:
    """Return a hash of everything that decides about a point except its rate."""
    digest = hashlib.sha256()
    numerics = (STIFF_ANGLE, DAMPED_SHARE, TYPICAL_OVERLAP, LARGEST_DAMPING_STRAIN)
    settings = {
        "format": FORMAT,
        "lammps": lammps_version(),
        "shear": asdict(shear),
        "beads": [asdict(c) for c in beads.classes],
        "numerics": numerics,
    }
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for array in (slurry.centres, slurry.lower, slurry.upper):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class _Store:
    """CSV file with one line per finished rate; rank 0 reads and writes."""

    path: Path
    fingerprint: str
    workplace: Workplace

    def read(self) -> dict[str, FlowPoint]:
        """Return the stored points by rate; a file of other settings starts afresh."""
        return run_on(self.workplace.comm, 1, self._read)

    def add(self, point: FlowPoint) -> None:
        """Append a point."""
        run_on(self.workplace.comm, 1, lambda: self._add(point))

    def _read(self) -> dict[str, FlowPoint]:
        if not self.path.exists() or not self.path.read_text().startswith(HEADER + self.fingerprint):
            return {}
        return {_key(point.shear.rate): point for point in read_flow_curve(self.path).points}

    def _add(self, point: FlowPoint) -> None:
        try:
            known = self._read()
            known[_key(point.shear.rate)] = point
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Written beside and renamed: a full disk or a kill leaves the last good file.
            beside = self.path.with_name(self.path.name + ".part")
            with beside.open("w", newline="") as stream:
                stream.write(f"{HEADER}{self.fingerprint}\n")
                writer = csv.DictWriter(stream, [column for column, _, _ in COLUMNS])
                writer.writeheader()
                writer.writerows(known[key].row() for key in sorted(known, key=float))
            beside.replace(self.path)
        except OSError as error:
            raise StageError(f"{self.path} cannot be written: {error}") from error


def _key(rate: float) -> str:
    return f"{rate:.9g}"


def _fit_line(fit: FlowFit) -> str:
    parts = [
        f"K = {fit.consistency:.4g} +- {fit.errors[-2]:.2g} Pa s^n",
        f"n = {fit.exponent:.4g} +- {fit.errors[-1]:.2g}",
    ]
    if len(fit.errors) == 3:
        parts.insert(0, f"tau_y = {fit.yield_stress:.4g} +- {fit.errors[0]:.2g} Pa")
    return f"{fit.law}: " + ", ".join(parts) + f", chi2 {fit.chi_square:.3g}"
