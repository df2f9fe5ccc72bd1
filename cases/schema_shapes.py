"""Tables of the case file for shapes whose volumes and areas are known exactly."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .schema_section import DomainPhase, ParticlePhase, Positive, Section

Count = Annotated[int, Field(ge=1)]


class LatticeGeometry(Section):
    """A cubic lattice of equal spheres, periodic in x, y and z."""

    source: Literal["lattice"]
    kind: Literal["SC", "BCC", "FCC"] = Field(description="simple, body-centred or face-centred")
    edge: Positive = Field(description="edge of the cube [m]")
    counts: tuple[Count, Count, Count] = Field((2, 2, 2), description="cubes along x, y and z")
    radius_ratio: Positive = Field(1.0, description="radius over the radius at which neighbours touch")
    phase: ParticlePhase = Field("AM", description="phase of the spheres")
    matrix: DomainPhase = Field("SE", description="phase between the spheres")


class HemisphereGeometry(Section):
    """A hemisphere in the middle of the collector, periodic in x and y."""

    source: Literal["hemisphere"]
    box: tuple[Positive, Positive, Positive] = Field(description="edge lengths of the electrode [m]")
    radius: Positive = Field(description="radius [m]")
    phase: ParticlePhase = Field("AM", description="phase of the hemisphere")
    matrix: DomainPhase = Field("SE", description="phase around it")


class DiscsGeometry(Section):
    """A square array of discs in the plane x-z, cylinders along y in a box of four cells."""

    source: Literal["discs"]
    fraction: Positive = Field(description="area fraction of the discs")
    edge: Positive = Field(description="distance of neighbouring centres [m]")
    counts: tuple[Count, Count] = Field((1, 1), description="discs along x and z")
    phase: ParticlePhase = Field("AM", description="phase of the discs")
    matrix: DomainPhase = Field("SE", description="phase around them")


class ConesGeometry(Section):
    """A square array of cones that stand on the collector and point at the counter electrode."""

    source: Literal["cones"]
    base_radius: Positive = Field(description="radius of the circles on the collector [m]")
    height: Positive = Field(description="distance from the collector to the tips [m]")
    edge: Positive = Field(description="distance of neighbouring axes [m]")
    counts: tuple[Count, Count] = Field((1, 1), description="cones along x and y")
    thickness: Positive = Field(description="thickness of the electrode [m]")
    phase: ParticlePhase = Field("AM", description="phase of the cones")
    matrix: DomainPhase = Field("SE", description="phase around them")


class BricksGeometry(Section):
    """A wall of bricks of one phase in running bond, each a particle; `mesh.contact_planes` names the joints."""

    source: Literal["bricks"]
    brick: tuple[Positive, Positive, Positive] = Field(description="edge lengths of a brick [m]")
    counts: tuple[Count, Count, Count] = Field((2, 2, 4), description="bricks along x and y, courses along z")
    cells: Count = Field(2, description="cells across half a brick")
    phase: ParticlePhase = Field("SE", description="phase of the bricks")


class CheckerboardGeometry(Section):
    """Squares of two phases in the plane x-z, one cell deep along y; the first and the last row are half as high."""

    source: Literal["checkerboard"]
    edge: Positive = Field(description="edge of a square [m]")
    counts: tuple[Count, Count] = Field((2, 2), description="squares along x (even) and z, half ones together")
    cells: Count = Field(8, description="cells across a square, even")
    phases: tuple[DomainPhase, DomainPhase] = Field(("AM", "SE"), description="phases of neighbouring squares")
