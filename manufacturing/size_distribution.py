"""Size distributions of powders: classes of diameters with the share of beads in each."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from .errors import InputError

FloatArray = npt.NDArray[np.float64]
Basis = Literal["number", "volume"]


@dataclass(frozen=True)
class SizeDistribution:
    """Diameter classes and the share of the number of beads in each.

    Args:
        diameters: ascending, each once [m].
        number_fractions: shares of the number of beads, sum 1.
        source: how the classes came about, for logs.
    """

    diameters: tuple[float, ...]
    number_fractions: tuple[float, ...]
    source: str = "classes by number"

    @classmethod
    def single(cls, diameter: float, field: str = "sizes") -> SizeDistribution:
        """Return one class [m].

        Raises:
            InputError: the diameter is not positive.
        """
        return cls.from_classes([diameter], [1.0], "number", field, "single size")

    @classmethod
    def from_classes(
        cls,
        diameters: Sequence[float],
        shares: Sequence[float],
        basis: Basis = "number",
        field: str = "sizes",
        source: str | None = None,
    ) -> SizeDistribution:
        """Return classes given by their share of the number or of the volume of the beads.

        Args:
            diameters: in any order, each once [m].
            shares: relative shares, need not sum to 1; classes of share zero are left out.
            basis: what the shares are of.
            field: name of the input in error messages, e.g. `recipe.SE.sizes`.
            source: how the classes came about; None: derived from the basis.

        Raises:
            InputError: unequal lengths, a diameter not positive or given twice, a negative share, no share above 0.
        """
        check_basis(basis, field)
        size, share = _checked_classes(diameters, shares, field)
        fractions = share / share.sum()
        if basis == "volume":
            fractions = number_from_volume(size, fractions)
        return cls(tuple(map(float, size)), tuple(map(float, fractions)), source or f"classes by {basis}")

    @property
    def volume_fractions(self) -> FloatArray:
        """Shares of the volume of the beads, sum 1, shape (classes,)."""
        return volume_from_number(np.asarray(self.diameters), np.asarray(self.number_fractions))

    @property
    def mean_volume(self) -> float:
        """Number average of the volume of a bead, pi/6 M_3 [m3]."""
        return math.pi / 6.0 * self.moment(3)

    def moment(self, order: float) -> float:
        r"""Return the moment by number M_p = \sum_i f_i d_i^p [m^p]; M_1 is the number mean."""
        return float((np.asarray(self.number_fractions) * np.asarray(self.diameters) ** order).sum())

    def percentile(self, share: float, basis: Basis = "volume") -> float:
        """Return the diameter [m] below which ``share`` of the number or volume lies; 0.5 by volume is D50.

        Half of a class is taken to lie below its diameter; in between, the logarithm of the diameter is
        linear in the share. Beyond half of the outer classes it is the outer diameter, as for beads.

        Raises:
            InputError: the share is not within 0-1.
        """
        check_basis(basis, "basis")
        if not 0.0 <= share <= 1.0:
            raise InputError("share", share, "0-1")
        fractions = self.volume_fractions if basis == "volume" else np.asarray(self.number_fractions)
        middle = np.cumsum(fractions) - 0.5 * fractions
        return float(np.exp(np.interp(share, middle, np.log(self.diameters))))

    def scaled(self, factor: float) -> SizeDistribution:
        """Return the same number fractions with all diameters multiplied by ``factor``."""
        if not (math.isfinite(factor) and factor > 0.0):
            raise InputError("factor", factor, "a positive number")
        return SizeDistribution(tuple(factor * d for d in self.diameters), self.number_fractions, self.source)


def volume_from_number(diameters: npt.ArrayLike, number_fractions: npt.ArrayLike) -> FloatArray:
    r"""Return volume fractions v_i = f_i d_i^3 / \sum_j f_j d_j^3, shape (classes,)."""
    size = np.asarray(diameters, dtype=np.float64)
    return _normalised(np.asarray(number_fractions, dtype=np.float64) * (size / size.max()) ** 3)


def number_from_volume(diameters: npt.ArrayLike, volume_fractions: npt.ArrayLike) -> FloatArray:
    r"""Return number fractions f_i = (v_i / d_i^3) / \sum_j v_j / d_j^3, shape (classes,)."""
    size = np.asarray(diameters, dtype=np.float64)
    return _normalised(np.asarray(volume_fractions, dtype=np.float64) / (size / size.max()) ** 3)


def read_size_table(path: str | Path, basis: Basis = "number", field: str = "sizes") -> SizeDistribution:
    """Read a CSV table of diameter [m] and share of the number or volume.

    A header line, blank lines and lines that start with `#` are skipped. Shares need not sum to 1.

    Raises:
        InputError: names the file, the line and what was expected.
    """
    file = Path(path)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(field, f"{file}: {error}", "a readable CSV file of diameter [m], share") from None
    rows = [(i, line) for i, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    if rows and not _is_number(next(csv.reader([rows[0][1]]))[0]):
        rows = rows[1:]
    pairs = [_table_row(line, f"{field}: {file}, line {number}") for number, line in rows]
    if not pairs:
        raise InputError(field, f"{file} without rows", "rows of diameter [m], share")
    sizes, shares = zip(*pairs, strict=True)
    return SizeDistribution.from_classes(sizes, shares, basis, field, f"table {file.name} by {basis}")


def check_basis(basis: str, field: str) -> None:
    """Refuse a basis that is neither `number` nor `volume`.

    Raises:
        InputError: names the field.
    """
    if basis not in get_args(Basis):
        raise InputError(f"{field}.basis", basis, f"one of {list(get_args(Basis))}")


def _table_row(line: str, where: str) -> tuple[float, float]:
    cells = [cell.strip() for cell in next(csv.reader([line]))]
    if len(cells) != 2 or not all(_is_number(cell) for cell in cells):
        raise InputError(where, repr(line), "two numbers: diameter [m], share")
    return float(cells[0]), float(cells[1])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _checked_classes(diameters: Sequence[float], shares: Sequence[float], field: str) -> tuple[FloatArray, FloatArray]:
    if len(diameters) == 0 or len(diameters) != len(shares):
        found = f"{len(diameters)} diameters, {len(shares)} shares"
        raise InputError(field, found, "at least one diameter and one share for each")
    size, share = np.asarray(diameters, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    for value in size[~(np.isfinite(size) & (size > 0.0))]:
        raise InputError(f"{field}.diameters", value, "a positive number")
    for value in share[~(np.isfinite(share) & (share >= 0.0))]:
        raise InputError(f"{field}.shares", value, "a number not below 0")
    if not share.any():
        raise InputError(f"{field}.shares", "only zeros", "at least one share above 0")
    order = np.argsort(size, kind="stable")
    if (np.diff(size[order]) == 0.0).any():
        raise InputError(f"{field}.diameters", "a diameter twice", "each diameter once")
    kept = order[share[order] > 0.0]
    return size[kept], share[kept]


def _normalised(values: FloatArray) -> FloatArray:
    return np.asarray(values / values.sum())
