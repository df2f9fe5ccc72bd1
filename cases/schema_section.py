"""What all tables of the case file share: strictness, and the types of their values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ParticlePhase = Literal["AM", "SE", "CBD"]
DomainPhase = Literal["AM", "SE", "CBD", "void", "separator", "anode"]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Diameter = Annotated[float, Field(gt=0.0, le=1e-3, description="metres")]
Density = Annotated[float, Field(ge=20.0, le=30000.0, description="kg/m3")]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Vector = tuple[Finite, Finite, Finite]


class Section(BaseModel):
    """A table of the case file; values are fixed once read and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
