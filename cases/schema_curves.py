"""The part of a study that lays the curves of all its discharges over each other."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .schema_section import Finite, Fraction, NotNegative, Section

CapacityUnit = Literal["mAh/g", "Ah/m2", "utilisation"]


class CurvesSection(Section):
    """Voltage of every point over its capacity and its lithium along z, means and bands over seeds."""

    key: str = Field("", description="swept key that the colours and the legend tell; none: `names` tell all")
    label: str = Field("", description="title of the legend, a name with unit; the key with its unit by default")
    factor: Finite = Field(1.0, description="factor from a numeric value of the key to the unit of the legend")
    names: tuple[str, ...] = Field(
        (), description="names in the legend, one for each set of values besides the seed, in their order"
    )
    capacity: CapacityUnit = Field("mAh/g", description="unit of the horizontal axis, per gram of active material")
    utilisation: Fraction | None = Field(
        None, description="lithium at the first kept fields from here on (`output.snapshots`); none: at the end"
    )
    layers: int = Field(20, ge=5, multiple_of=5, description="of equal thickness, for the lithium along z")
    even_within: NotNegative = Field(
        0.02, description="differences of x between parts of the electrode that the sentences call even"
    )
