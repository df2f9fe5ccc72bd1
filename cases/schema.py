"""The case file: every key, its type, unit, default and meaning, in one place.

TOML, SI units, fractions 0-1. Unknown keys are errors. ``docs/case_file.md`` is generated from here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .schema_conduction import ConductionSection
from .schema_image import ImageGeometry
from .schema_interfaces import InterfacesSection, KineticsSection
from .schema_manufacturing import ManufacturedGeometry, PowderSection, RandomGeometry, RheologySection
from .schema_morphology import MorphologySection
from .schema_protocol import DischargeSection, ProtocolSection
from .schema_section import DomainPhase, Finite, Fraction, NotNegative, ParticlePhase, Positive, Section, Vector
from .schema_shapes import (
    BricksGeometry,
    CheckerboardGeometry,
    ConesGeometry,
    DiscsGeometry,
    HemisphereGeometry,
    LatticeGeometry,
)
from .schema_study import StudySection

__all__ = [
    "LatticeGeometry",
    "ImageGeometry",
    "HemisphereGeometry",
    "DiscsGeometry",
    "ConesGeometry",
    "CheckerboardGeometry",
    "BricksGeometry",
    "Case",
    "CellSection",
    "CollectorSection",
    "ConductionSection",
    "DelaminationSection",
    "DischargeSection",
    "Geometry",
    "GradingSection",
    "KineticsSection",
    "LayerSection",
    "LayersGeometry",
    "ManufacturedGeometry",
    "MaterialSection",
    "MaterialsSection",
    "MeshSection",
    "OutputSection",
    "PackingGeometry",
    "PowderSection",
    "ProtocolSection",
    "RandomGeometry",
    "RheologySection",
    "Section",
    "SphereSection",
    "SpheresGeometry",
    "UNTIL",
    "VoxelsSection",
]

LastStage = Literal["manufacturing", "meshing", "conduction", "discharge"]
UNTIL: tuple[LastStage, ...] = get_args(LastStage)


class PackingGeometry(Section):
    """A packing from a file: our HDF5 format, LAMMPS data or text dump, CSV with header x,y,z,r,phase, or VTK."""

    source: Literal["packing"]
    file: str = Field(
        description="path, relative to the case file; by ending: .h5, .csv, .data, .dump, .lammpstrj, .vtp, .vtk"
    )
    lower: Vector | None = Field(None, description="CSV: lower corner of the box [m]; as noted in our own files")
    upper: Vector | None = Field(None, description="CSV: upper corner of the box [m]")
    periodic: tuple[bool, bool, bool] = Field((True, True, False), description="CSV: periodic axes")
    length_unit: Positive | None = Field(None, description="one unit of the file [m]; CSV: 1, LAMMPS files: 1e-6")
    phase_of_type: dict[str, ParticlePhase] = Field({}, description="LAMMPS files: phase of each atom type")


class SphereSection(Section):
    """One sphere."""

    phase: ParticlePhase = Field(description="phase of the sphere")
    centre: Vector = Field(description="centre [m]")
    radius: Positive = Field(description="radius [m]")


class SpheresGeometry(Section):
    """Spheres given one by one in a box."""

    source: Literal["spheres"]
    box: tuple[Positive, Positive, Positive] = Field(description="edge lengths of the electrode's box [m]")
    periodic: tuple[bool, bool, bool] = Field((True, True, False), description="axes on which spheres reappear")
    matrix: DomainPhase = Field("void", description="phase between the spheres")
    spheres: tuple[SphereSection, ...] = Field(description="the spheres")


class LayerSection(Section):
    """One slab."""

    phase: DomainPhase = Field(description="phase of the slab")
    thickness: Positive = Field(description="thickness [m]")
    cells: Annotated[int, Field(ge=1)] = Field(8, description="cells across the slab")
    grading: Positive = Field(1.0, description="size of the last cell over the first")


class LayersGeometry(Section):
    """Stacked slabs with structured tetrahedra; the separator is one of them."""

    source: Literal["layers"]
    axis: Literal["x", "y", "z"] = Field("z", description="stacking direction; the current flows along z")
    width: Positive = Field(1e-6, description="edge length across the stack [m]")
    cells_across: Annotated[int, Field(ge=1)] = Field(1, description="cells in the directions across the stack")
    layers: tuple[LayerSection, ...] = Field(description="slabs from the counter electrode upwards", min_length=1)


Geometry = Annotated[
    ManufacturedGeometry
    | RandomGeometry
    | PackingGeometry
    | SpheresGeometry
    | LayersGeometry
    | ImageGeometry
    | LatticeGeometry
    | HemisphereGeometry
    | DiscsGeometry
    | ConesGeometry
    | BricksGeometry
    | CheckerboardGeometry,
    Field(discriminator="source"),
]


class GradingSection(Section):
    """Cells that follow necks, narrow gaps, small particles and the distance to interfaces (`lattice_cut`)."""

    smallest_size: Positive | None = Field(None, description="smallest wanted cell [m]; a quarter of `cell_size`")
    largest_size: Positive | None = Field(None, description="cell far from interfaces [m]; `cell_size`")
    cells_per_neck: NotNegative = Field(
        2.0, description="cells across the radius of a neck or the half-width of a narrow gap; 0: not followed"
    )
    cells_per_radius: NotNegative = Field(0.0, description="cells across the radius of a particle; 0: not followed")
    growth: Annotated[float, Field(gt=0.0, le=1.0)] = Field(0.3, description="change of the cell size per distance")


class MeshSection(Section):
    """How a packing, an image or a shape becomes tetrahedra (not used by `layers`)."""

    method: Literal["lattice_cut", "voxel"] = Field(
        "lattice_cut", description="cut lattice, or plain voxels as a check"
    )
    cell_size: Positive = Field(
        0.8e-6,
        description="edge of the lattice cubes at surfaces, or of voxels [m]; "
        "about half the radius of the smallest particles keeps the AM|SE area within 2 %",
    )
    same_phase_gap: Positive = Field(0.5e-6, description="closer spheres of one phase are cut one after the other [m]")
    colouring: Literal["particle", "phase"] = Field(
        "particle", description="`phase` cuts all spheres of a phase at once, which closes gaps and fattens necks"
    )
    gap_cells: NotNegative = Field(
        1.0, description="and those closer than this many `cell_size`, because one edge could span their gap"
    )
    volume_correction: NotNegative = Field(
        0.073,
        description="spheres are cut with radius r + this times h^2/r (h: local cell), which keeps their volume",
    )
    relabelled_limit: NotNegative = Field(
        0.003, description="part of a phase that may be relabelled or lost with whole beads before the mesh is refused"
    )
    smallest_dihedral_deg: NotNegative = Field(10.0, description="a mesh with smaller angles is refused [degree]")
    contact_planes: tuple[Literal["AM", "SE", "CBD"], ...] = Field(
        (), description="phases whose touching particles are separated by planes named like `SE|SE`"
    )
    target_dihedral_deg: Positive = Field(12.0, description="improvement goes on until here [degree]")
    fill: Literal["lattice", "gmsh"] = Field(
        "lattice", description="cells between the interfaces: the lattice's, or new ones that grow away from them"
    )
    fill_growth: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.3, description="with `gmsh`: change of the cell size per distance from the interfaces"
    )
    fill_size: Positive | None = Field(None, description="with `gmsh`: largest cell [m]; three times `cell_size`")
    grading: GradingSection | None = Field(None, description="cell sizes that follow the packing; uniform without")


class CollectorSection(Section):
    """Partial contact of the current collector; what it does not touch is insulated for electrons."""

    contact_fraction: Annotated[float, Field(gt=0.0, le=1.0)] = Field(1.0, description="covered share of the top face")
    pattern: Literal["stripes", "discs", "random"] = Field(
        "stripes", description="stripes along y, a disc in each tile, or tiles in random order"
    )
    pitch: Positive = Field(10e-6, description="edge of the pattern's tiles; whole tiles fit the face [m]")
    seed: int = Field(1, description="of the random order")


class DelaminationSection(Section):
    """Part of the AM|SE contact (AM|separator included) that has come apart and does not react."""

    fraction: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.0, description="share of the contact area")
    pattern: Literal["patches", "particles"] = Field(
        "patches", description="patches around random points of the surface, or whole AM particles"
    )
    patch_radius: Positive = Field(1e-6, description="of the patches [m]")
    seed: int = Field(1, description="of patches and particles")


class CellSection(Section):
    """The cell around the electrode."""

    separator_thickness: Annotated[float, Field(ge=0.0, le=1e-2)] = Field(
        0.0, description="separator below a packing or spheres [m]"
    )
    crop_bottom: NotNegative = Field(0.0, description="cut off from the packing at its lower plane [m]")
    crop_top: NotNegative = Field(0.0, description="cut off from the packing at its upper plane [m]")
    collector: CollectorSection = Field(CollectorSection(), description="contact of the current collector")
    delamination: DelaminationSection = Field(DelaminationSection(), description="AM|SE contact that came apart")
    lateral: Literal["periodic", "insulated"] = Field(
        "periodic", description="x and y walls in the discharge, and in conduction solves that do not say otherwise"
    )
    temperature: Positive = Field(298.15, description="temperature [K]")


class MaterialSection(BaseModel):
    """A material of the library by name; any further key overrides one of its properties."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str = Field(description="name in the library")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class MaterialsSection(Section):
    """Material of each domain: a name, or a table with `name` and overrides."""

    AM: MaterialSection | None = Field(None, description="active material")
    SE: MaterialSection | None = Field(None, description="solid electrolyte")
    CBD: MaterialSection | None = Field(None, description="carbon-binder domain")
    separator: MaterialSection | None = Field(None, description="separator; the SE's material by default")
    anode: MaterialSection | None = Field(None, description="active material of a second insertion electrode")
    counter: MaterialSection | None = Field(None, description="metal counter electrode; none: phi_i = 0 on its face")


class VoxelsSection(Section):
    """The conduction solves once more by finite volumes on voxels of the packing, as voxel programs do them."""

    size: Positive = Field(description="edge of the voxels [m]")


class OutputSection(Section):
    """What a run writes besides numbers."""

    until: LastStage = Field("discharge", description="last stage to run, of those that the case has")
    fields: bool = Field(True, description="ParaView files")
    plots: bool = Field(True, description="PNG plots")
    snapshots: tuple[Fraction, ...] = Field(
        (0.05, 0.4), description="utilisations at which the fields are kept; the end always"
    )
    snapshot_times: tuple[NotNegative, ...] = Field(
        (), description="times at which the fields are kept too, since the run began [s]"
    )
    snapshot_voltages: tuple[Finite, ...] = Field(
        (), description="voltages at whose first passage the fields are kept too [V]"
    )
    checkpoint_interval: NotNegative = Field(
        60.0, description="wall time between two checkpoints of a discharge, besides those after each protocol step [s]"
    )


class Case(Section):
    """A whole case."""

    title: str = Field("", description="a line about the case")
    geometry: Geometry = Field(description="where the particles or layers come from")
    rheology: RheologySection | None = Field(None, description="flow curve of the slurry; none: not measured")
    mesh: MeshSection = Field(MeshSection(), description="meshing")
    cell: CellSection = Field(CellSection(), description="separator, crop planes, contacts and temperature")
    materials: MaterialsSection = Field(MaterialsSection(), description="materials")
    interfaces: InterfacesSection = Field(
        InterfacesSection(), description="charge transfer, contact resistances, necks"
    )
    conduction: dict[str, ConductionSection] | None = Field(
        None, description="named solves; by default `electronic_z` and `ionic_z` where materials are given"
    )
    voxels: VoxelsSection | None = Field(None, description="conduction on voxels too, for comparison; none: not")
    morphology: MorphologySection | None = Field(None, description="none: not measured")
    discharge: DischargeSection | None = Field(None, description="one step; none: no discharge")
    protocol: ProtocolSection | None = Field(None, description="a list of steps in place of the one in `discharge`")
    output: OutputSection = Field(OutputSection(), description="files and plots")
    study: StudySection | None = Field(None, description="sweep of keys and seeds for `granode study`; none: one run")

    @model_validator(mode="after")
    def _one_protocol(self) -> Case:
        if self.discharge is not None and self.protocol is not None:
            raise ValueError("either [discharge] or [protocol]")
        return self
