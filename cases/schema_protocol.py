"""Keys of charge and discharge: one step in short form, or a protocol of steps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from .schema_section import Finite, Fraction, Positive, Section

DRIVES = ("current", "c_rate", "current_density", "hold_voltage", "rest", "power", "power_density")


class SteppingSection(Section):
    """What every kind of charge and discharge has."""

    initial_stoichiometry: Fraction | None = Field(None, description="x at the start; x_100 on discharge, else x_0")
    tolerance: Positive = Field(5e-5, description="local error of the stoichiometry per time step")
    first_step: Positive = Field(1e-2, description="first time step [s]")
    smallest_step: Positive = Field(1e-6, description="below this the run is given up [s]")
    largest_step: Positive = Field(600.0, description="longest time step [s]")

    @model_validator(mode="after")
    def _ordered_steps(self) -> SteppingSection:
        if not self.smallest_step <= self.first_step <= self.largest_step:
            raise ValueError("smallest_step <= first_step <= largest_step")
        return self


class DischargeSection(SteppingSection):
    """One galvanostatic (or potentiostatic) step; currents are positive on discharge."""

    c_rate: Finite | None = Field(None, description="1 delivers F c_max |x_0 - x_100| V_AM in one hour [1/h]")
    current_density: Finite | None = Field(None, description="per electrode area [A/m2]")
    hold_voltage: Finite | None = Field(None, description="fixed collector potential against the counter electrode [V]")
    cutoff_voltage: Finite | None = Field(None, description="ends the step [V]")
    maximum_time: Positive | None = Field(
        None, description="ends the step [s]; 36000 where there is no cutoff_voltage to end it"
    )

    @model_validator(mode="after")
    def _one_control(self) -> DischargeSection:
        if sum(v is not None for v in (self.c_rate, self.current_density, self.hold_voltage)) != 1:
            raise ValueError("exactly one of c_rate, current_density and hold_voltage")
        if 0.0 in (self.c_rate, self.current_density):
            raise ValueError("a current other than 0")
        if self.hold_voltage is not None and self.cutoff_voltage is not None:
            raise ValueError("no cutoff_voltage with hold_voltage")
        return self


class EndsSection(Section):
    """What ends a protocol step; the first that is reached does."""

    voltage: Finite | None = Field(None, description="cell voltage, from above on discharge, from below on charge [V]")
    time: Positive | None = Field(None, description="since the step began [s]")
    capacity: Positive | None = Field(None, description="passed since the step began, in either direction [Ah/m2]")
    capacity_share: Positive | None = Field(None, description="the same as a share of the theoretical capacity")
    c_rate: Positive | None = Field(None, description="hold or power: magnitude of the current falls below this [1/h]")
    current_density: Positive | None = Field(None, description="hold or power: it falls below this [A/m2]")
    stoichiometry: Fraction | None = Field(None, description="mean x of the active material")


class ProtocolStepSection(Section):
    """One step with what drives it (positive on discharge) and `until`, or a group: `steps`, run `repeat` times."""

    name: str = Field("", description="of the step, in curve, summary and log")
    current: Finite | None = Field(None, description="of the whole cell [A]")
    c_rate: Finite | None = Field(None, description="1 delivers the theoretical capacity in one hour [1/h]")
    current_density: Finite | None = Field(None, description="per electrode area [A/m2]")
    hold_voltage: Finite | None = Field(None, description="fixed cell voltage [V]")
    rest: Positive | None = Field(None, description="no current for this long; `until` may end it earlier [s]")
    power: Finite | None = Field(None, description="I V of the whole cell [W]")
    power_density: Finite | None = Field(None, description="I V per electrode area [W/m2]")
    until: EndsSection | None = Field(None, description="ends of the step; needed but for a rest")
    repeat: Annotated[int, Field(ge=1)] = Field(1, description="how often the steps of a group are run")
    steps: tuple[ProtocolStepSection, ...] | None = Field(None, description="steps of the group, groups among them")

    @property
    def drive(self) -> str | None:
        """Key that drives the step; None for a group."""
        return next((name for name in DRIVES if getattr(self, name) is not None), None)

    @model_validator(mode="after")
    def _step_or_group(self) -> ProtocolStepSection:
        drives = sum(getattr(self, name) is not None for name in DRIVES)
        if self.steps is None and self.repeat != 1:
            raise ValueError("repeat with steps")
        if self.steps is not None and (drives or self.until is not None):
            raise ValueError("a group with repeat and steps alone")
        if self.steps is not None and not self.steps:
            raise ValueError("a group with at least one step")
        if self.steps is None and drives != 1:
            raise ValueError(f"exactly one of {', '.join(DRIVES)}, or steps")
        return self


class ProtocolSection(SteppingSection):
    """An ordered list of steps: CC-CV charge, GITT, rate tests, cycles."""

    steps: Annotated[tuple[ProtocolStepSection, ...], Field(min_length=1)] = Field(
        description="steps and repeated groups, in order"
    )
