"""The table of the case file that asks for the morphology of the electrode."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .schema_section import Positive, Section


class MorphologySection(Section):
    """Morphology of the electrode: profiles, chords, inscribed spheres, two-point correlation, networks."""

    spacing: Positive | None = Field(None, description="of lines and grid points; 5e5 points without [m]")
    layers: Annotated[int, Field(ge=1)] = Field(40, description="of the profiles along z")
    bins: Annotated[int, Field(ge=2)] = Field(40, description="of the distributions of chords and inscribed diameters")
