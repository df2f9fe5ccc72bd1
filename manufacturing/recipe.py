"""What goes into the electrode: powders by weight of dry solids, and how many beads stand for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .assumption import Assumption
from .balance import Balance, PowderBalance
from .beads import BeadTable
from .errors import InputError
from .powder import Powder, apportion, check_positive, sphere_volume
from .printed_value import PrintedValue

__all__ = ["Powder", "Recipe", "apportion", "sphere_volume"]

FRACTION_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Recipe:
    """Powders of an electrode and the number of beads that represent them.

    Args:
        powders: their weight fractions (of dry solids) sum to 1; several may be of the same phase.
        total_beads: number of beads of all powders together.
        assumptions: what the source of the recipe does not print.
        printed: what it prints for comparison with the balance.
    """

    powders: tuple[Powder, ...]
    total_beads: int
    assumptions: tuple[Assumption, ...] = ()
    printed: tuple[PrintedValue, ...] = ()

    def __post_init__(self) -> None:
        total = sum(powder.weight_fraction for powder in self.powders)
        if not abs(total - 1.0) <= FRACTION_TOLERANCE:
            raise InputError("recipe.weight_fraction", f"sum {total:.6g}", "weight fractions that sum to 1")
        if self.total_beads < len(self.powders):
            raise InputError("recipe.total_beads", self.total_beads, f"at least {len(self.powders)}")

    @classmethod
    def of_dry_mass(
        cls,
        powders: tuple[Powder, ...],
        dry_mass: float,
        assumptions: tuple[Assumption, ...] = (),
        printed: tuple[PrintedValue, ...] = (),
    ) -> Recipe:
        """Return the recipe whose beads have the dry mass [kg], to within half a mean bead.

        Raises:
            InputError: the mass is not positive or too small for one bead of each powder.
        """
        check_positive("recipe.dry_mass", dry_mass)
        total = round(dry_mass * sum(powder.weight_fraction / powder.mean_bead_mass for powder in powders))
        if total < len(powders):
            raise InputError("recipe.dry_mass", f"{dry_mass:g} kg, {total} beads", "mass of at least a bead per powder")
        return cls(powders, total, assumptions, printed)

    def bead_counts(self) -> npt.NDArray[np.int64]:
        r"""Return the number of beads of each powder, shape (powders,).

        Numbers follow the weight fractions, n_p \propto w_p / m_p with the mean dry mass m_p of a bead,
        and are rounded by largest remainder, so each is off by less than one bead.

        Raises:
            InputError: a powder would receive no bead at all.
        """
        ideal = np.array([powder.weight_fraction / powder.mean_bead_mass for powder in self.powders])
        counts = apportion(ideal * self.total_beads / ideal.sum(), self.total_beads)
        for powder, count in zip(self.powders, counts, strict=True):
            if count == 0:
                found = f"{self.total_beads}, which leaves no {powder.label} bead"
                raise InputError("recipe.total_beads", found, "more beads")
        return counts

    def bead_table(self) -> BeadTable:
        """Return the beads of every class, powder by powder.

        Raises:
            InputError: a powder would receive no bead at all.
        """
        tables = zip(self.powders, self.bead_counts(), strict=True)
        return BeadTable(tuple(bead_class for powder, count in tables for bead_class in powder.classes(int(count))))

    def balance(self) -> Balance:
        """Return the masses and volumes of the beads beside what was wanted and printed.

        Raises:
            InputError: a powder would receive no bead at all.
        """
        parts = tuple(
            PowderBalance.of_beads(powder, powder.classes(int(count)))
            for powder, count in zip(self.powders, self.bead_counts(), strict=True)
        )
        return Balance(parts, self.assumptions, self.printed)
