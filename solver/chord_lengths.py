"""Chord lengths: how long straight lines stay in a phase, by direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from meshing.phase_lines import PhaseLines

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Chords:
    """Chords of one phase along one direction."""

    lengths: FloatArray  # (n,) [m] of those with both ends on another phase
    ends: int  # ends on another phase; a chord that a plane cuts has one or none
    total: float  # [m] length of all chords, cut ones too
    line_length: float  # [m] of all lines

    @property
    def mean(self) -> float | None:
        """Mean length 2 total/ends [m], unbiased by the planes; 4 phi/s for isotropic phases; None without ends."""
        return 2.0 * self.total / self.ends if self.ends else None

    @property
    def specific_area(self) -> float:
        """Area of the phase's surface per volume, 2 ends/length of the lines [1/m], for isotropic phases (Cauchy)."""
        return 2.0 * self.ends / self.line_length

    def figures(self) -> dict[str, Any]:
        """Return the numbers for the summary."""
        return {
            "chords": len(self.lengths),
            "mean_m": self.mean,
            "median_m": float(np.median(self.lengths)) if len(self.lengths) else None,
            "area_per_volume_1_m": self.specific_area,
        }

    def histogram(self, edges: FloatArray) -> FloatArray:
        """Return the density of whole chords by number between the edges [m], shape (bins,) [1/m]."""
        counts, _ = np.histogram(self.lengths, edges)
        return np.asarray(counts / np.maximum(len(self.lengths), 1) / np.diff(edges))


def chord_lengths(lines: PhaseLines, phase: int, span: tuple[float, float], periodic: bool) -> Chords:
    """Measure the chords of a phase.

    Args:
        lines: pieces of lines through the electrode.
        phase: member of Phase.
        span: where the electrode begins and ends along the lines [m].
        periodic: whether chords run on through the ends of the lines.
    """
    slack = 1e-9 * (span[1] - span[0])
    at_low = lines.start <= span[0] + slack
    at_high = lines.end >= span[1] - slack
    mine = lines.phase == phase
    count = lines.shape[0] * lines.shape[1]
    whole = mine & ~at_low & ~at_high
    lengths, ends = lines.length[whole], 2 * int(whole.sum())
    low, high = (_by_line(lines, mine & at & ~other, count) for at, other in ((at_low, at_high), (at_high, at_low)))
    if periodic:
        joined = np.isfinite(low) & np.isfinite(high)
        one = np.isfinite(low) ^ np.isfinite(high)
        lengths = np.concatenate([lengths, (low + high)[joined], np.where(np.isfinite(low), low, high)[one]])
        ends += 2 * int(joined.sum() + one.sum())
    else:
        ends += int(np.isfinite(low).sum() + np.isfinite(high).sum())
    return Chords(lengths, ends, float(lines.length[mine].sum()), count * (span[1] - span[0]))


def _by_line(lines: PhaseLines, which: BoolArray, count: int) -> FloatArray:
    """Return the length of the chosen piece of each line, NaN without one, shape (lines,) [m]."""
    found = np.full(count, np.nan)
    found[lines.line[which]] = lines.length[which]
    return found
