"""The three error bars of an effective property: elements, shape of the mesh, choice of the sample (Eqs. 20-23).

- discretisation: guaranteed bounds of the exact result on the (finest) mesh, one-sided where the value is a bound;
- geometry: error bar of the extrapolation over cell sizes (``convergence_fit``);
- statistics: half width of Student's interval over seeds, or over directions of one packing.

They are added: value - (value - lower bound) - geometry - statistics to value + (upper bound - value) + geometry +
statistics. The first two are errors of unknown sign, not random ones, so that a root of squares would be too small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .schema import (
    BricksGeometry,
    Case,
    CheckerboardGeometry,
    ImageGeometry,
    LayersGeometry,
    ManufacturedGeometry,
    PackingGeometry,
    RandomGeometry,
    SpheresGeometry,
)

RULE = "added linearly: discretisation and geometry are not random"
PARTS = ("discretisation", "geometry", "statistics")
MISSING = {
    "discretisation": "not asked for: conduction.NAME.bounds = true encloses the exact result on the mesh",
    "geometry": "one cell size: a study over mesh.cell_size with [study.convergence] extrapolates",
    "statistics": "one sample: a study with seeds tells how packings of one recipe scatter",
}


@dataclass(frozen=True)
class ErrorBars:
    """A value and what is known of its error; None where nothing is, with the reason in ``missing``."""

    value: float
    discretisation: tuple[float, float] | None = None  # how far the exact result lies below and above, both >= 0
    geometry: float | None = None  # half width
    statistics: float | None = None  # half width
    sample: str = ""  # what the statistics are over
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end with every part that is known."""
        below, above = self.discretisation or (0.0, 0.0)
        both = (self.geometry or 0.0) + (self.statistics or 0.0)
        return self.value - below - both, self.value + above + both

    @property
    def complete(self) -> bool:
        """Whether all three parts are known."""
        return not self.missing

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        lower, upper = self.interval
        parts = asdict(self)
        if self.discretisation is not None:
            parts["discretisation"] = {"below": self.discretisation[0], "above": self.discretisation[1]}
        return {**parts, "lower": lower, "upper": upper, "rule": RULE}

    def __str__(self) -> str:
        parts = []
        if self.discretisation is not None:
            parts.append("elements -{:.2g} +{:.2g}".format(*self.discretisation))
        if self.geometry is not None:
            parts.append(f"geometry ± {self.geometry:.2g}")
        if self.statistics is not None:
            parts.append(f"{self.sample or 'sample'} ± {self.statistics:.2g}")
        lower, upper = self.interval
        text = f"{self.value:.5g}, between {lower:.5g} and {upper:.5g}"
        text += f" ({', '.join(parts)})" if parts else ""
        return text + (f"; not known: {', '.join(self.missing)}" if self.missing else "")


def error_bars(
    value: float,
    bounds: tuple[float, float] | None = None,
    geometry: float | None = None,
    statistics: float | None = None,
    reasons: Mapping[str, str] | None = None,
    computed: float | None = None,
    sample: str = "",
) -> ErrorBars:
    """Return the error bars of a value.

    Args:
        value: the result, extrapolated where possible.
        bounds: of the exact result on the mesh.
        geometry: error bar of the shape of the mesh.
        statistics: half width of the interval over samples.
        reasons: why a part is missing, instead of ``MISSING``.
        computed: result on the mesh of the bounds, where ``value`` is extrapolated.
        sample: what the statistics are over.
    """
    there = value if computed is None else computed
    discretisation = None
    if bounds is not None:
        discretisation = (max(there - bounds[0], 0.0), max(bounds[1] - there, 0.0))
    given = {"discretisation": discretisation, "geometry": geometry, "statistics": statistics}
    missing = {part: (reasons or {}).get(part, MISSING[part]) for part in PARTS if given[part] is None}
    return ErrorBars(value, discretisation, geometry, statistics, sample if statistics is not None else "", missing)


def bounds_of(solve: Mapping[str, Any], name: str) -> tuple[float, float] | None:
    """Return the bounds of a figure of a conduction solve, None where there are none."""
    found = (solve.get("bounds") or {}).get(name)
    return None if found is None else (found["lower"], found["upper"])


def is_property(name: str) -> bool:
    """Return whether a figure of a conduction solve is an effective property with error bars."""
    conductivity = name.startswith("effective_conductivity_") and "_by_flux_" not in name
    return conductivity or name == "tortuosity_factor"


def shape_and_sample(case: Case) -> tuple[bool, bool]:
    """Return whether flat facets give the exact shape of a geometry, and whether it is one sample of many."""
    flat = isinstance(case.geometry, LayersGeometry | BricksGeometry | CheckerboardGeometry)
    samples = ManufacturedGeometry | PackingGeometry | RandomGeometry | SpheresGeometry | ImageGeometry
    return flat, isinstance(case.geometry, samples)


def error_bars_of_run(solve: Mapping[str, Any], exact_shape: bool, random: bool) -> dict[str, Any]:
    """Return the error bars of the effective properties of one conduction solve.

    Args:
        solve: its figures.
        exact_shape: the mesh has the shape of the geometry, so that there is no error of the geometry.
        random: the geometry is a sample of many.
    """
    geometry, statistics = 0.0 if exact_shape else None, None if random else 0.0
    found = {
        name: error_bars(solve[name], bounds_of(solve, name), geometry, statistics).as_dict()
        for name in solve
        if is_property(name) and solve.get("percolates") and solve[name] is not None
    }
    directions = solve.get("by_direction", {})
    if len(directions) > 1:
        each = {name: error_bars_of_run(one, exact_shape, random) for name, one in directions.items()}
        found["by_direction"] = each
    return found
