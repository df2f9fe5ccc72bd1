"""Tables of the case file about recipes, the manufacturing chain, the slurry's flow and random packings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .schema_section import Density, Diameter, Fraction, NotNegative, ParticlePhase, Positive, Section

Basis = Literal["number", "volume"]


class LogNormalSection(Section):
    """A log-normal distribution of diameters, cut at both ends and divided into classes of equal volume."""

    median: Diameter = Field(description="D50 [m]")
    geometric_deviation: Annotated[float, Field(gt=1.0)] = Field(description="geometric standard deviation")
    basis: Basis = Field("volume", description="what the median halves")
    truncation: Positive = Field(2.0, description="geometric deviations kept on each side")
    classes: Annotated[int, Field(ge=1)] = Field(5, description="number of size classes")


class SizedSection(Section):
    """A table with a size distribution: one of `diameters`, `log_normal` and `size_table`."""

    diameters: tuple[Diameter, ...] = Field((), description="diameter of each size class [m]")
    number_fractions: tuple[Positive, ...] = Field((), description="relative number of particles per class")
    volume_fractions: tuple[Positive, ...] = Field((), description="or their relative volume")
    log_normal: LogNormalSection | None = Field(None, description="log-normal distribution")
    size_table: str | None = Field(None, description="CSV file (diameter [m], share), relative to the case file")
    size_table_basis: Basis = Field("number", description="what the shares of the table are of")

    @model_validator(mode="after")
    def _one_distribution(self) -> SizedSection:
        if sum((bool(self.diameters), self.log_normal is not None, self.size_table is not None)) != 1:
            raise ValueError("exactly one of diameters, log_normal and size_table")
        if self.number_fractions and self.volume_fractions:
            raise ValueError("either number_fractions or volume_fractions")
        if (self.number_fractions or self.volume_fractions) and not self.diameters:
            raise ValueError("fractions with diameters only")
        return self


class PowderSection(SizedSection):
    """One powder of a recipe; sizes are those of dry beads."""

    phase: ParticlePhase = Field(description="phase of the beads")
    weight_fraction: Annotated[float, Field(gt=0.0, le=1.0)] = Field(description="share of the dry solids' mass")
    density: Density = Field(description="mass of a dry bead over its volume [kg/m3]")
    solid_density: Density | None = Field(None, description="density of its solid, where it has nanopores [kg/m3]")
    wet_diameter: Diameter | None = Field(None, description="diameter in the slurry [m], for beads that hold solvent")
    wet_density: Density | None = Field(None, description="density in the slurry [kg/m3]")
    name: str = Field("", description="tells powders of the same phase apart")


class AttractionSection(Section):
    """Lennard-Jones parameters of a phase that differ from the parameter set, each per bead diameter d."""

    epsilon: NotNegative | None = Field(None, description="depth of the well / d [fJ/um]")
    sigma: Positive | None = Field(None, description="zero of the potential / d")
    cutoff: Positive | None = Field(None, description="cut-off / d")


class ContactSection(Section):
    """Parameters of the granular Hertz contact that differ from the parameter set."""

    stiffness: Positive | None = Field(None, description="k_n [kPa]")
    damping: NotNegative | None = Field(None, description="gamma_n [1/(um us)]")
    friction: NotNegative | None = Field(None, description="Coulomb coefficient")


class StageSection(Section):
    """What slurry, drying and calendering share; what is not given comes from the parameter set."""

    time_step: Positive | None = Field(None, description="of the simulation [s]")
    inertial_scale: Positive | None = Field(None, description="factor on the inertial masses")
    smallest_inertial_mass: Positive | None = Field(None, description="lighter beads move with this mass [kg]")
    maximum_drift: Positive | None = Field(None, description="relative change between windows, at which it rests")
    maximum_samples: Annotated[int, Field(ge=1)] | None = Field(None, description="without rest by then: an error")
    attraction: dict[ParticlePhase, AttractionSection] = Field({}, description="changes of the attraction")
    contact: ContactSection | None = Field(None, description="changes of the contact")


class SlurrySection(StageSection):
    """The slurry: dilute wet beads are compressed and come to rest."""

    pressure: Positive | None = Field(None, description="that the skeleton of beads carries [Pa]")
    aspect_ratio: Positive | None = Field(None, description="height over width of the box; drying keeps the width")
    enlargement: Positive | None = Field(None, description="factor on AM and SE diameters in the contact model")
    energy_scale: Positive = Field(1.0, description="factor on energies, k_n and pressure; times follow")
    damping_scale: Positive = Field(1.0, description="factor on the contact damping while shearing")
    friction_scale: Positive = Field(1.0, description="factor on the friction")
    handover_fraction: Positive | None = Field(None, description="bead over box volume that ends the compression")


class EvaporationSection(Section):
    """How the solvent leaves, everywhere at once."""

    stages: Annotated[int, Field(ge=1)] = Field(1, description="equal portions; 1: all at once")
    rate: Positive = Field(1e4, description="share of the solvent that leaves per time, with several stages [1/s]")
    bridges: Literal["gradual", "last"] = Field("gradual", description="when the forces become those of the dry film")


class DryingSection(StageSection):
    """Drying: the solvent leaves, the film settles."""

    pressure: Positive | None = Field(None, description="that the film carries [Pa]")
    axes: Literal["z", "xyz", "xy z"] | None = Field(None, description="what the barostat moves")
    evaporation: EvaporationSection = Field(EvaporationSection(), description="one step or stages")


class NanoporeSection(Section):
    """Nanopores of the carbon-binder domain while it is calendered."""

    initial: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.5, description="share of a dry bead")
    rate: Fraction = Field(0.0, description="share of them that closes per degree; 0: none")


class CalenderingSection(StageSection):
    """Calendering between two plates."""

    degree: Annotated[float, Field(ge=0.0, le=0.6)] = Field(0.30, description="last reduction of the thickness")
    increments: Annotated[int, Field(ge=1)] = Field(6, description="equal steps to the last degree; each is saved")
    degrees: tuple[Annotated[float, Field(ge=0.0, le=0.6)], ...] = Field(
        (), description="or the degrees themselves, increasing"
    )
    hold_time: NotNegative | None = Field(None, description="plates stand for this time at each degree [s]")
    release: Literal["none", "elastic"] = Field("none", description="elastic: the top plate goes back up at the end")
    nanopores: NanoporeSection = Field(NanoporeSection(), description="nanopores of the CBD")
    crop_depth: NotNegative = Field(1e-6, description="crop planes lie this far inside the plates [m]")
    plate_speed: Positive | None = Field(None, description="speed of the plates [m/s]")
    plate_stiffness: Positive | None = Field(None, description="Hertz stiffness of the plates [Pa]")
    plate_friction: NotNegative | None = Field(None, description="Coulomb coefficient of the plates")


class ManufacturedGeometry(Section):
    """A recipe through LAMMPS: slurry, drying, calendering."""

    source: Literal["manufactured"]
    recipe: str = Field("nmc622_argyrodite", description="shipped recipe (without `powders`); `granode recipe` lists")
    powders: tuple[PowderSection, ...] = Field((), description="own recipe; weight fractions sum to 1")
    solids_content: Annotated[float, Field(gt=0.0, lt=1.0)] | None = Field(
        None, description="own recipe: mass of dry solids over slurry; the solvent goes into the CBD beads"
    )
    solvent_density: Density = Field(882.0, description="own recipe with solids_content [kg/m3] (butyl acetate)")
    beads: Annotated[int, Field(ge=10)] | None = Field(None, description="number of beads; the recipe's own by default")
    dry_mass: Positive | None = Field(None, description="or the mass of all dry solids [kg]")
    parameters: Literal["calibrated", "printed"] = Field("calibrated", description="force field and pressures")
    seed: Annotated[int, Field(ge=0)] = Field(1, description="seed of the random insertion")
    ranks: Annotated[int, Field(ge=1)] = Field(1, description="MPI ranks of LAMMPS; another number, another packing")
    voxel: Positive = Field(0.5e-6, description="edge of the voxels that count volume fractions [m]")
    slurry: SlurrySection = Field(SlurrySection(), description="first stage")
    drying: DryingSection = Field(DryingSection(), description="second stage")
    calendering: CalenderingSection = Field(CalenderingSection(), description="third stage")
    film_degree: Annotated[float, Field(ge=0.0, le=0.6)] | None = Field(
        None, description="the electrode is the film under load at this saved degree; the film at the end by default"
    )

    @model_validator(mode="after")
    def _one_size(self) -> ManufacturedGeometry:
        if self.beads is not None and self.dry_mass is not None:
            raise ValueError("either beads or dry_mass")
        if self.solids_content is not None and not self.powders:
            raise ValueError("solids_content only with powders; shipped recipes name theirs")
        return self


class FlowCalibrationSection(Section):
    """Fit of the slurry's force field to a measured flow curve; the result is a `[geometry.slurry]` to copy."""

    rates: tuple[Positive, ...] = Field(description="measured shear rates [1/s]", min_length=1)
    viscosities: tuple[Positive, ...] = Field(description="measured viscosities [Pa s]", min_length=1)
    density: Density | None = Field(None, description="sheared at this density [kg/m3]; that of the slurry by default")
    parameters: tuple[Literal["energy", "damping", "friction"], ...] = Field(
        ("energy", "damping"), description="what is fitted, as factors on the force field of the case", min_length=1
    )
    maximum_steps: Annotated[int, Field(ge=1)] = Field(
        6, description="steps of the optimiser (several shear tests each)"
    )

    @model_validator(mode="after")
    def _pairs(self) -> FlowCalibrationSection:
        if len(self.rates) != len(self.viscosities):
            raise ValueError("one viscosity for each rate")
        if len(set(self.rates)) != len(self.rates) or len(set(self.parameters)) != len(self.parameters):
            raise ValueError("rates and parameters that differ")
        return self


class RheologySection(Section):
    """Flow curve of the slurry, each rate in a sheared periodic box."""

    rates: tuple[Positive, ...] = Field((0.1, 1.0, 10.0, 100.0, 1000.0), description="shear rates [1/s]", min_length=1)
    density: Density | None = Field(None, description="sheared at this density [kg/m3]; that of the slurry by default")
    normal_stress: Positive | None = Field(None, description="or at this mean normal stress of the beads [Pa]")
    minimum_strain: Annotated[float, Field(ge=0.1)] = Field(2.0, description="of every rate")
    maximum_strain: Annotated[float, Field(ge=0.1)] = Field(
        8.0, description="ends a rate that is not steady; it is marked"
    )
    relative_error: Positive = Field(0.03, description="of the stress, ends a steady rate")
    steps_per_strain: Annotated[int, Field(ge=100)] = Field(3000, description="time steps per unit of strain")
    inertial_scale: Positive | None = Field(None, description="factor on the masses; the smallest stable by default")

    calibration: FlowCalibrationSection | None = Field(None, description="fit to a measured curve; none: no fit")

    @model_validator(mode="after")
    def _one_volume(self) -> RheologySection:
        if self.density is not None and self.normal_stress is not None:
            raise ValueError("either density or normal_stress")
        return self


class PackedPhaseSection(SizedSection):
    """Particles of one phase of a random packing."""

    phase: ParticlePhase = Field(description="phase of the particles")
    volume_fraction: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(description="share of the box, overlaps once")


class RandomGeometry(Section):
    """Randomly placed spheres of given volume fractions, without LAMMPS."""

    source: Literal["random"]
    phases: tuple[PackedPhaseSection, ...] = Field(description="phases with sizes and volume fractions", min_length=1)
    particles: Annotated[int, Field(ge=1)] = Field(1000, description="wanted number of particles")
    max_overlap: Annotated[float, Field(ge=0.0, le=0.5)] = Field(0.0, description="deepest overlap over r_i + r_j")
    pair_overlaps: dict[str, Fraction] = Field({}, description="other limits by pair, such as `AM|SE`")
    wall_overlap: Annotated[float, Field(ge=0.0, le=0.5)] = Field(0.0, description="depth beyond walls over radius")
    periodic: tuple[bool, bool, bool] = Field((True, True, True), description="axes with images; else walls")
    aspect_ratio: Positive = Field(1.0, description="height of the box over its width")
    seed: Annotated[int, Field(ge=0)] = Field(1, description="seed of the random start")
    tolerance: Annotated[float, Field(gt=0.0, lt=0.1)] = Field(0.005, description="of each volume fraction")
