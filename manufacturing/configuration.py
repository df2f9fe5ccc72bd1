"""Where the beads are: positions in a box, passed from one stage to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Configuration:
    """Bead centres in order of their ids, and the box they are in."""

    centres: FloatArray  # (n, 3) [m]
    lower: FloatArray  # (3,) [m]
    upper: FloatArray  # (3,) [m]

    @property
    def size(self) -> FloatArray:
        """Edge lengths of the box, shape (3,) [m]."""
        return self.upper - self.lower

    @property
    def volume(self) -> float:
        """Volume of the box [m3]."""
        return float(np.prod(self.size))

    def wrapped(self, periodic: tuple[bool, bool, bool]) -> Configuration:
        """Return the same beads, each by its image inside the box along the periodic axes."""
        axes = np.asarray(periodic)
        shift = np.floor((self.centres - self.lower) / self.size) * self.size
        inside = np.clip(self.centres - shift, self.lower, self.upper)
        return Configuration(np.where(axes, inside, self.centres), self.lower, self.upper)

    def at_origin(self) -> Configuration:
        """Return the configuration moved as a whole so that the box starts at zero."""
        return Configuration(self.centres - self.lower, np.zeros(3), self.size)
