"""The part of the case file that sweeps keys and seeds: ``granode study`` reads it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from .schema_curves import CurvesSection
from .schema_section import Positive, Section
from .schema_trend import DerivedFigureSection, TrendSection

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class ConvergenceSection(Section):
    """Observed order, extrapolated value and error bar of figures over a swept size, count or element order."""

    key: str = Field("mesh.cell_size", description="swept size; integers (cells, element order) count as size 1/value")
    figures: tuple[str, ...] = Field(description="dotted figures of `summary.json`", min_length=1)
    plausible_order: tuple[Positive, Positive] = Field(
        (0.5, 2.1), description="an observed order outside is replaced by the nearer limit and triples the error bar"
    )

    @model_validator(mode="after")
    def _increasing(self) -> ConvergenceSection:
        if self.plausible_order[0] >= self.plausible_order[1]:
            raise ValueError("plausible_order as lower and upper limit")
        return self


class StudySection(Section):
    """A sweep; `granode run` ignores it. Keys are dotted as for `--set`; forms that are given together are combined."""

    grid: dict[str, Any] = Field({}, description="list of values by key; every combination is a point")
    list: dict[str, Any] = Field({}, description="lists of equal length by key, varied together")
    table: str | tuple[dict[str, Any], ...] = Field(
        (), description="rows of values by key, or a CSV file of them beside the case; empty cells change nothing"
    )
    seeds: Annotated[int, Field(ge=1)] | tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (), description="seeds, or their number, counted from 1"
    )
    seed_key: str = Field("geometry.seed", description="key that the seeds set")
    figures: tuple[str, ...] = Field((), description="figures of `summary.json` in the tables; all numbers by default")
    pool: dict[str, tuple[str, ...]] = Field(
        {},
        description="figures averaged at every point before all else, such as a property along x, y and z of one "
        "packing; the mean is the figure `pool.NAME`",
    )
    confidence: Share = Field(0.95, description="level of the intervals over seeds (Student's t)")
    convergence: ConvergenceSection | None = Field(None, description="none: no extrapolation")
    derived: dict[str, DerivedFigureSection] = Field({}, description="figures made of others, `derived.NAME` elsewhere")
    trend: TrendSection | None = Field(None, description="none: no figures over a swept key")
    curves: CurvesSection | None = Field(None, description="none: curves are not laid over each other")
