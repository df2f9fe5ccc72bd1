"""The part of a study that draws figures over one swept key beside printed numbers, and tests their trends."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .schema_section import Finite, Section

Direction = Literal["rising", "falling", "none"]


class DerivedFigureSection(Section):
    """A figure made of others: offset + factor x product of figures / product of figures."""

    product: tuple[str, ...] = Field(description="dotted figures of `summary.json` that are multiplied", min_length=1)
    over: tuple[str, ...] = Field((), description="figures that divide")
    factor: Finite = Field(1.0, description="factor of the quotient")
    offset: Finite = Field(0.0, description="added to it")


class TrendSeriesSection(Section):
    """A line of a diagram: values of the swept key that stand for numbers on the horizontal axis."""

    name: str = Field(description="name in legends")
    positions: dict[str, Finite] = Field(description="position on the axis by value of the swept key", min_length=1)


class PrintedSection(Section):
    """What a publication prints about a figure."""

    series: str = Field("", description="name of the series that it is about; all of them without")
    low: Finite | None = Field(None, description="lower end of a printed range")
    high: Finite | None = Field(None, description="upper end of a printed range")
    points: dict[str, Finite] = Field({}, description="printed values by position on the axis")
    direction: Direction | None = Field(None, description="printed trend along the axis")
    peak: Finite | None = Field(None, description="position of a printed maximum")
    note: str = Field("", description="where it is printed, and what is wrong with it")

    @model_validator(mode="after")
    def _range(self) -> PrintedSection:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high together")
        return self


class TrendPanelSection(Section):
    """One diagram."""

    figure: str = Field(description="dotted figure of `summary.json`, or `derived.NAME`")
    beside: dict[str, str] = Field({}, description="further figures in the same diagram, by name in the legend")
    name: str = Field("", description="name of `figure` in the legend where there are further ones")
    label: str = Field(description="name with unit, for the axis")
    factor: Finite = Field(1.0, description="factor to the unit of the label")
    normalise: bool = Field(False, description="divide by the largest mean of the line")
    printed: tuple[PrintedSection, ...] = Field((), description="ranges, values and trends in print")

    @property
    def figures(self) -> dict[str, str]:
        """Every figure of the diagram by its name."""
        return {self.name: self.figure, **self.beside}


class TrendSection(Section):
    """Figures over a swept key: a picture with the print beside it, tests over seeds, a sentence per trend."""

    key: str = Field(description="swept key of the horizontal axis")
    label: str = Field(description="name with unit of the axis")
    factor: Finite = Field(1.0, description="factor from a numeric value of the key to the axis")
    series: tuple[TrendSeriesSection, ...] = Field((), description="lines where the values are names")
    labels: dict[str, str] = Field({}, description="names in legends of values of the other keys")
    panels: tuple[TrendPanelSection, ...] = Field(description="the diagrams", min_length=1)
    significance: Finite = Field(0.05, description="level of the tests, after Holm's correction in each diagram")
    profiles: bool = Field(False, description="volume fractions along z of the packings too")
