"""Force field between beads: Lennard-Jones attraction plus granular Hertz contact, as data.

Units here are those of LAMMPS `units micro`: length um, time us, mass pg; so energy is pg um2/us2 = 1 fJ,
pressure pg/(um us2) = 1 kPa and a Hertz stiffness is a pressure.

Pair energy and contact force (centre distance r, radii R, overlap delta = R_i + R_j - r > 0):

    u(r) = 4 epsilon [(sigma/r)^12 - (sigma/r)^6]                                   r < cut-off
    F_n  = sqrt(delta R_eff) [k_n delta - m_eff gamma_n v_n],  R_eff = R_i R_j / (R_i + R_j)

Unlike beads: geometric mean of epsilon, arithmetic means of sigma and cut-off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .phases import Phase

TANGENTIAL_STIFFNESS_RATIO = 1.378  # k_t / k_n, Table S1
TANGENTIAL_DAMPING_RATIO = 0.959  # gamma_t / gamma_n, Table S1


@dataclass(frozen=True)
class Attraction:
    """Lennard-Jones parameters of a phase, each per bead diameter d [um]."""

    epsilon: float  # [fJ/um] depth of the well / d
    sigma: float  # [-] zero of the potential / d
    cutoff: float  # [-] cut-off / d


@dataclass(frozen=True)
class Contact:
    """Granular Hertz contact, the same for all phases."""

    stiffness: float  # k_n [kPa]
    damping: float  # gamma_n [1/(um us)]
    friction: float  # Coulomb coefficient [-]

    def coefficients(self, inertial_scale: float) -> str:
        """Return k_n k_t gamma_n gamma_t mu 1 for LAMMPS.

        Damping is proportional to mass in the law, so it is divided by the scale of the masses: the
        viscous contact force keeps its printed value.
        """
        damping = self.damping / inertial_scale
        values = (
            self.stiffness,
            TANGENTIAL_STIFFNESS_RATIO * self.stiffness,
            damping,
            TANGENTIAL_DAMPING_RATIO * damping,
            self.friction,
        )
        return " ".join(f"{value:.8g}" for value in values) + " 1"


@dataclass(frozen=True)
class ForceField:
    """Interactions during one stage."""

    attraction: Mapping[Phase, Attraction]
    contact: Contact

    def scaled(self, energy: float = 1.0, damping: float = 1.0, friction: float = 1.0) -> ForceField:
        """Return the force field with all energies, the damping and the friction multiplied by a factor each.

        Packings at rest depend on energies and pressure by their ratio only: with all energies and the
        pressure times ``energy`` the packing is the same and every stress at rest is times ``energy``.
        """
        attraction = {phase: replace(law, epsilon=energy * law.epsilon) for phase, law in self.attraction.items()}
        contact = Contact(
            energy * self.contact.stiffness, damping * self.contact.damping, friction * self.contact.friction
        )
        return ForceField(attraction, contact)


@dataclass(frozen=True)
class PairCoefficient:
    """Lennard-Jones parameters between two bead types (LAMMPS type numbers, from 1)."""

    first: int
    second: int
    epsilon: float  # [fJ]
    sigma: float  # [um]
    cutoff: float  # [um]

    def command(self) -> str:
        """Return the LAMMPS command that sets the pair."""
        return f"pair_coeff {self.first} {self.second} lj/cut {self.epsilon:.8g} {self.sigma:.8g} {self.cutoff:.8g}"


# Paper 001, Table S1. sigma of the CBD is printed without the factor d that all other rows carry; it is
# taken with the factor.
SLURRY_FORCE_FIELD = ForceField(
    {
        Phase.AM: Attraction(1.0, 0.99, 1.5),
        Phase.SE: Attraction(10.5, 0.99, 1.5),
        Phase.CBD: Attraction(0.88, 0.97, 2.2),
    },
    Contact(0.1, 55.0, 0.016),
)
DRIED_FORCE_FIELD = ForceField(
    {
        Phase.AM: Attraction(100.0, 0.93, 1.2),
        Phase.SE: Attraction(200.0, 0.93, 1.2),
        Phase.CBD: Attraction(400.0, 0.89, 2.2),
    },
    Contact(100.0, 10.0, 12.5),
)


def pair_coefficients(
    force_field: ForceField, phases: Sequence[Phase], diameters: Sequence[float]
) -> list[PairCoefficient]:
    """Mix the Lennard-Jones parameters of every pair of bead types.

    Args:
        force_field: parameters per phase.
        phases: phase of each type, shape (types,).
        diameters: diameter of each type in this stage, shape (types,) [um].
    """
    d = np.asarray(diameters, dtype=np.float64)
    laws = [force_field.attraction[phase] for phase in phases]
    epsilon = np.array([law.epsilon for law in laws]) * d
    sigma = np.array([law.sigma for law in laws]) * d
    cutoff = np.array([law.cutoff for law in laws]) * d
    return [
        PairCoefficient(
            i + 1,
            j + 1,
            float(np.sqrt(epsilon[i] * epsilon[j])),
            float(0.5 * (sigma[i] + sigma[j])),
            float(0.5 * (cutoff[i] + cutoff[j])),
        )
        for i in range(len(d))
        for j in range(i, len(d))
    ]


def force_field_commands(
    force_field: ForceField, phases: Sequence[Phase], diameters: Sequence[float], inertial_scale: float
) -> list[str]:
    """Return the LAMMPS commands that set the pair styles and every pair of types.

    Args:
        force_field: parameters per phase.
        phases: phase of each type, shape (types,).
        diameters: diameter of each type in this stage, shape (types,) [um].
        inertial_scale: factor on all masses.
    """
    pairs = pair_coefficients(force_field, phases, diameters)
    longest = max(pair.cutoff for pair in pairs)
    contact = force_field.contact.coefficients(inertial_scale)
    style = f"pair_style hybrid/overlay lj/cut {longest:.8g} gran/hertz/history {contact}"
    return [style, "pair_coeff * * gran/hertz/history", *(pair.command() for pair in pairs)]
