"""Tables of the case file for conduction solves."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from .schema_section import DomainPhase, NotNegative, Section, Vector

FROM_MATERIALS = ("electronic", "ionic")  # carriers whose conductivities the materials bring
UNITS = {"thermal": "W/(m K)"}  # of carriers that are not counted in S/m

Tensor = tuple[Vector, Vector, Vector]
Interface = Literal["AM|AM", "AM|SE", "AM|CBD", "SE|SE", "SE|CBD", "CBD|CBD"]
Direction = Literal["x", "y", "z"]


class ConductionSection(Section):
    """One conduction solve through the electrode, along one direction or several."""

    carrier: str | None = Field(
        None,
        description="what is conducted; `electronic` and `ionic` take the materials' conductivities where none are "
        "given, any other name (`thermal`, ...) needs them",
    )
    unit: str | None = Field(
        None, description="of the conductivity, it ends the keys of the summary; `S/m`, or `W/(m K)` for `thermal`"
    )
    conductivity: dict[DomainPhase, NotNegative | Tensor] = Field(
        {}, description="conductivity of each phase: a number, or a symmetric tensor as three rows [`unit`]"
    )
    conductivity_file: str | None = Field(
        None,
        description="conductivities that go before those of the phases, relative to the case file; .csv: header "
        "`particle_id,conductivity`, or `particle_id,xx,yy,zz,xy,xz,yz`; .npy, or .h5 with a data set `conductivity`: "
        "one number or tensor for each cell of `mesh.h5`",
    )
    resistance: dict[Interface, Annotated[float, Field(ge=0.0)]] = Field(
        {},
        description="of interfaces such as `AM|CBD`, and of contact planes such as `SE|SE` where `mesh.contact_planes` "
        "makes them [Ohm m2], for heat [m2 K/W]; 0 is a perfect contact, `inf` insulates; `electronic` and `ionic` "
        "solves take those of `[interfaces]` where none is given",
    )
    order: Annotated[int, Field(ge=1, le=3)] = Field(2, description="polynomial order of the elements")
    directions: tuple[Direction, ...] = Field(
        ("z",), description="directions of the current; x and y need periodic walls there", min_length=1
    )
    lateral: Literal["periodic", "insulated"] | None = Field(
        None, description="condition on the x and y walls; that of `cell.lateral` by default"
    )
    z_walls: Literal["fixed", "periodic"] = Field(
        "fixed",
        description="current along z: between fixed potentials on both planes, or by a mean gradient on a mesh that is "
        "periodic along z too (with all three directions: the full tensor)",
    )
    currents: bool = Field(
        True, description="shares of phases in current and power, statistics and field of the current density, profile"
    )
    bounds: bool = Field(False, description="guaranteed lower and upper bound on the exact result of the mesh")
    flux_order: Annotated[int, Field(ge=0, le=1)] | None = Field(
        None,
        description="polynomial order of the fluxes behind the lower bound: 0 costs half as much as second-order "
        "elements, 1 three times as much and is 15 to 50 times closer on smooth shapes, 2 to 3 times in packings; "
        "`order` - 1, at most 1, by default",
    )

    @model_validator(mode="after")
    def _has_conductivities(self) -> ConductionSection:
        given = bool(self.conductivity) or self.conductivity_file is not None
        if not given and self.carrier is None:
            raise ValueError("either carrier or conductivity")
        if not given and self.carrier not in FROM_MATERIALS:
            raise ValueError(f"conductivity or conductivity_file, because no material brings that of {self.carrier}")
        if len(set(self.directions)) != len(self.directions):
            raise ValueError("each direction once")
        if self.flux_order is not None and not self.bounds:
            raise ValueError("flux_order with bounds = true only")
        return self

    @model_validator(mode="after")
    def _positive_tensors(self) -> ConductionSection:
        for phase, value in self.conductivity.items():
            tensor = np.asarray(value)
            if tensor.ndim and not (np.array_equal(tensor, tensor.T) and np.linalg.eigvalsh(tensor).min() > 0.0):
                raise ValueError(f"a symmetric, positive definite tensor for {phase}")
        return self

    @property
    def quantity(self) -> str:
        """What is conducted."""
        return self.carrier or "electronic"

    @property
    def walls(self) -> Literal["periodic", "insulated"]:
        """Condition on the x and y walls, periodic where neither the solve nor the cell says otherwise."""
        return self.lateral or "periodic"

    @property
    def conductivity_unit(self) -> str:
        """Unit of the conductivity."""
        return self.unit or UNITS.get(self.quantity, "S/m")

    @property
    def bounding_order(self) -> int | None:
        """Order of the fluxes of the lower bound; None without bounds."""
        if not self.bounds:
            return None
        return min(self.order - 1, 1) if self.flux_order is None else self.flux_order
