"""Coordination numbers: how many contacts each particle has, in all and with each phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .contacts import Contacts
from .phases import PARTICLE_PHASES, Phase

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coordination:
    """Contacts of each particle, counted by the phase of the partner."""

    phases: IntArray  # (n,) of the particles
    partners: dict[Phase, IntArray]  # phase of the partner -> contacts of each particle, shape (n,)

    @property
    def total(self) -> IntArray:
        """Contacts of each particle with all phases, shape (n,)."""
        return np.asarray(sum(self.partners.values(), np.zeros(len(self.phases), dtype=np.int64)))

    @property
    def mean(self) -> float:
        """Contacts per particle."""
        return _mean(self.total)

    def numbers(self, of: Phase, with_: Phase) -> IntArray:
        """Return the contacts of each particle of one phase with particles of another, shape (particles of it,)."""
        return np.asarray(self.partners[with_][self.phases == of])

    def means(self) -> dict[str, float]:
        """Return contacts per particle, by names like ``AM-SE``: contacts of an AM particle with SE particles."""
        return {
            f"{of.name}-{partner.name}": _mean(self.numbers(of, partner))
            for of in self.partners
            for partner in self.partners
        }

    def histogram(self, of: Phase | None = None) -> IntArray:
        """Return how many particles (of one phase) have 0, 1, 2, ... contacts, shape (largest number + 1,)."""
        total = self.total if of is None else self.total[self.phases == of]
        return np.bincount(total, minlength=1).astype(np.int64)


def coordination(contacts: Contacts) -> Coordination:
    """Count the contacts of each particle.

    Every image counts: a particle that touches another through two faces has two contacts with it, and one
    that touches its own image has two of them. Particles cut by a plane that is not periodic have fewer.

    Args:
        contacts: of a packing, found with the gap that counts as touching.
    """
    phases = contacts.packing.phases
    present = [phase for phase in PARTICLE_PHASES if (phases == phase).any()]
    return Coordination(phases, {partner: _with(contacts, partner) for partner in present})


def _with(contacts: Contacts, partner: Phase) -> IntArray:
    """Return the contacts of each particle with particles of a phase, shape (n,)."""
    phases, pairs = contacts.packing.phases, contacts.pairs
    count = np.bincount(pairs.first[phases[pairs.second] == partner], minlength=len(phases))
    return np.asarray(count + np.bincount(pairs.second[phases[pairs.first] == partner], minlength=len(phases)))


def _mean(values: IntArray) -> float:
    return float(values.mean()) if len(values) else 0.0
