"""Tables of the case file for interfaces: charge transfer, contact resistances, necks of active material."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from pydantic import ConfigDict, Field, model_validator

from .schema_section import NotNegative, Positive, Section

ELECTRONIC_CONTACTS = ("AM|AM", "AM|CBD", "CBD|CBD")
IONIC_CONTACTS = ("SE|SE", "SE|separator")


class KineticsSection(Section):
    """Charge-transfer law of an interface."""

    kinetics: Literal["butler_volmer", "linear", "sinh", "marcus"] = Field("butler_volmer", description="law i(eta)")
    scale: Positive = Field(1.0, description="V_0 of the sinh law [V]")
    reorganisation_energy: Annotated[float, Field(ge=1e3, le=1e6)] | None = Field(
        None, description="lambda of the marcus law, which needs it; 1 eV is 96485 J/mol [J/mol]"
    )
    resistance: NotNegative = Field(0.0, description="film resistance in series [Ohm m2]")
    double_layer_capacitance: NotNegative = Field(
        0.0, description="of the double layer beside the charge transfer, behind the film; not of `counter` [F/m2]"
    )

    @model_validator(mode="after")
    def _marcus_has_its_energy(self) -> KineticsSection:
        if (self.kinetics == "marcus") != (self.reorganisation_energy is not None):
            raise ValueError('reorganisation_energy and kinetics = "marcus" go together')
        return self


class ContactSection(Section):
    """Contact of two conductors, which charge passes as it is."""

    resistance: Annotated[float, Field(ge=0.0)] = Field(
        0.0, description="contact resistance [Ohm m2]; 0 is a perfect contact, `inf` insulates"
    )


class NeckSection(ContactSection):
    """Contact of two particles of active material; without planes between them lithium diffuses through it."""

    lithium: Literal["passes", "blocked"] = Field("passes", description="diffusion from particle to particle")


# A functional definition, because the names are no identifiers.
InterfacesSection = TypedDict(
    "InterfacesSection",
    {
        "AM|SE": Annotated[KineticsSection, Field(description="active material and electrolyte, separator included")],
        "SE|anode": Annotated[KineticsSection, Field(description="electrolyte and second insertion electrode")],
        "counter": Annotated[KineticsSection, Field(description="electrolyte and metal counter electrode")],
        "AM|AM": Annotated[NeckSection, Field(description="between particles of active material")],
        "AM|CBD": Annotated[ContactSection, Field(description="active material and carbon-binder domain")],
        "CBD|CBD": Annotated[ContactSection, Field(description="between particles of the carbon-binder domain")],
        "SE|SE": Annotated[ContactSection, Field(description="between particles of electrolyte, grain boundaries")],
        "SE|separator": Annotated[ContactSection, Field(description="electrolyte of the electrode and separator")],
    },
    total=False,
)
InterfacesSection.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
InterfacesSection.__doc__ = (
    "Interfaces by name. Those of a phase with itself lie between its particles, where `mesh.contact_planes` makes "
    "planes, or between slabs of `layers`. Conduction solves with `carrier` `electronic` or `ionic` have the same "
    "contact resistances unless their own `resistance` gives another."
)
