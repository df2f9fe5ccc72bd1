"""Every number of the manufacturing model that decides about a result, as printed and as calibrated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .assumption import Assumption
from .force_field import DRIED_FORCE_FIELD, SLURRY_FORCE_FIELD, ForceField
from .phases import PARTICLE_PHASES

ATMOSPHERE = 101325.0  # [Pa]

# Found by `calibration.Calibration` with 500 beads for 0.6, 0.245 and 0.1 Pa s at 10, 100 and 1000 1/s, 1890 kg/m3.
# The optimum is flat: (4.14e-4, 0.110) gives 0.60, 0.19, 0.11 Pa s and (4.47e-4, 0.108) gives 0.66, 0.20, 0.11 Pa s.
CALIBRATED_ENERGY_SCALE = 4.2e-4  # on every Lennard-Jones energy, on k_n and on the skeleton's pressure
CALIBRATED_DAMPING_SCALE = 6.0 / 55.0  # on gamma_n


@dataclass(frozen=True)
class ParameterSet:
    """Force field and protocol of slurry and dried film.

    Args:
        name: of the set.
        slurry: force field between wet beads.
        dried: force field between dry beads.
        skeleton_pressure: that the beads of the slurry carry [Pa]; the solvent carries the rest of 1 atm.
        slurry_enlargement: factor on AM and SE diameters in the contact model of the slurry.
        slurry_time_step: while the slurry comes to rest, with ``inertial_scale`` [s].
        drying_pressure: that the film carries while it dries [Pa].
        drying_axes: along which the barostat moves the box of the drying film.
        drying_time_step: with ``inertial_scale`` [s].
        plate_speed: of the calendering plate [m/s].
        plate_stiffness: of the Hertz contact between plate and beads [Pa].
        plate_friction: Coulomb coefficient between plate and beads.
        inertial_scale: factor on the inertial masses of slurry and drying; shearing chooses its own.
        calendering_inertial_scale: the same during calendering.
    """

    name: str
    slurry: ForceField
    dried: ForceField
    skeleton_pressure: float
    slurry_enlargement: float
    slurry_time_step: float
    drying_pressure: float
    drying_axes: str
    drying_time_step: float
    plate_speed: float
    plate_stiffness: float
    plate_friction: float
    inertial_scale: float
    calendering_inertial_scale: float


PRINTED = ParameterSet(
    name="printed",
    slurry=SLURRY_FORCE_FIELD,
    dried=DRIED_FORCE_FIELD,
    skeleton_pressure=ATMOSPHERE,
    slurry_enlargement=1.14,
    slurry_time_step=0.2e-6,
    drying_pressure=ATMOSPHERE,
    drying_axes="xyz",
    drying_time_step=0.1e-6,
    plate_speed=0.1,
    plate_stiffness=1e8,
    plate_friction=1.0,
    inertial_scale=10.0,
    calendering_inertial_scale=100.0,
)
"""Table S1 of paper 001 at 1 atm on all axes; plate, inertia and time steps are this program's."""

CALIBRATED = ParameterSet(
    name="calibrated",
    slurry=SLURRY_FORCE_FIELD.scaled(CALIBRATED_ENERGY_SCALE, CALIBRATED_DAMPING_SCALE),
    dried=DRIED_FORCE_FIELD,
    skeleton_pressure=CALIBRATED_ENERGY_SCALE * ATMOSPHERE,
    slurry_enlargement=1.14,
    slurry_time_step=0.2e-6 / math.sqrt(CALIBRATED_ENERGY_SCALE),
    drying_pressure=7000.0,
    drying_axes="z",
    drying_time_step=0.1e-6,
    plate_speed=0.1,
    plate_stiffness=1e8,
    plate_friction=1.0,
    inertial_scale=10.0,
    calendering_inertial_scale=100.0,
)
"""The set that reaches the printed viscosity, slurry density and dried porosity."""


@dataclass(frozen=True)
class _Entry:
    """A number of a set, how to find it and why it may differ from print."""

    name: str
    read: Callable[[ParameterSet], float | str]
    kind: str
    reason: str


_ENERGY = "skeleton carries energy scale x 1 atm, the solvent the rest; packing and density are unchanged"
_ENTRIES = (
    *(
        _Entry(
            f"slurry.epsilon_{phase.name}",
            lambda s, p=phase: s.slurry.attraction[p].epsilon,  # type: ignore[misc]
            "calibrated",
            "fJ/um per diameter; sets the yield stress; " + _ENERGY,
        )
        for phase in PARTICLE_PHASES
    ),
    _Entry("slurry.stiffness", lambda s: s.slurry.contact.stiffness, "calibrated", "kPa, k_n; " + _ENERGY),
    _Entry("slurry.skeleton_pressure", lambda s: s.skeleton_pressure, "calibrated", "Pa; " + _ENERGY),
    _Entry(
        "slurry.damping",
        lambda s: s.slurry.contact.damping,
        "calibrated",
        "1/(um us), gamma_n; sets the viscosity at high shear rate",
    ),
    _Entry("slurry.friction", lambda s: s.slurry.contact.friction, "calibrated", "Coulomb coefficient"),
    _Entry("slurry.enlargement", lambda s: s.slurry_enlargement, "calibrated", "on AM and SE in contact"),
    _Entry(
        "drying.pressure",
        lambda s: s.drying_pressure,
        "calibrated",
        "Pa; the printed pressure leaves a porosity of 0.30 where the paper has 0.50",
    ),
    _Entry("drying.axes", lambda s: s.drying_axes, "calibrated", "a coated film keeps its width"),
    _Entry(
        "slurry.time_step",
        lambda s: s.slurry_time_step,
        "numerical",
        "s; not from print, chosen for either set; grows as the energies shrink",
    ),
    _Entry("drying.time_step", lambda s: s.drying_time_step, "numerical", "s"),
    _Entry("calendering.plate_speed", lambda s: s.plate_speed, "numerical", "m/s"),
    _Entry("calendering.plate_stiffness", lambda s: s.plate_stiffness, "assumed", "Pa"),
    _Entry("calendering.plate_friction", lambda s: s.plate_friction, "assumed", "Coulomb coefficient"),
    _Entry("inertial_scale", lambda s: s.inertial_scale, "numerical", "factor on masses; forces are unchanged"),
    _Entry("calendering.inertial_scale", lambda s: s.calendering_inertial_scale, "numerical", "factor on masses"),
)


def differences(parameters: ParameterSet, printed: ParameterSet = PRINTED) -> tuple[Assumption, ...]:
    """Return every number in which a set differs from print, with the printed value and the reason."""
    found = []
    for entry in _ENTRIES:
        value, original = entry.read(parameters), entry.read(printed)
        if value != original:
            other = "with the printed energies" if entry.kind == "numerical" else "printed"
            found.append(Assumption(entry.name, value, entry.kind, f"{entry.reason}; {other} {_show(original)}"))
    return tuple(found)


def differences_table(parameters: ParameterSet, printed: ParameterSet = PRINTED) -> str:
    """Return :func:`differences` as text, one line per number: name, printed, used, reason."""
    lines = [f"{'quantity':<26}{'printed':>12}{parameters.name:>14}  reason"]
    for entry in _ENTRIES:
        value, original = entry.read(parameters), entry.read(printed)
        if value != original:
            lines.append(f"{entry.name:<26}{_show(original):>12}{_show(value):>14}  {entry.reason}")
    return "\n".join(lines)


def _show(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.5g}"
