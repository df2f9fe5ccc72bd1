"""When the fields of a discharge are kept: from given utilisations and times on, and where voltages are passed."""

from __future__ import annotations

from typing import Any

import numpy as np

from solver.landing import Instant


class SnapshotInstants:
    """Remembers what is still to come; each instant is met once, inside the first accepted step that reaches it.

    Args:
        utilisations: of the theoretical capacity, in either direction.
        times: since the run began [s].
        voltages: passed in either direction [V].
    """

    def __init__(
        self, utilisations: tuple[float, ...], times: tuple[float, ...] = (), voltages: tuple[float, ...] = ()
    ) -> None:
        self.utilisations, self.times, self.voltages = list(utilisations), list(times), list(voltages)
        self._voltage: float | None = None  # of the step before

    def reached(self, utilisation: float, time: float, voltage: float) -> list[Instant]:
        """Take a step by what it ends on; return the instants that it reaches."""
        before, self._voltage = self._voltage, voltage
        low, high = (min(before, voltage), max(before, voltage)) if before is not None else (np.inf, -np.inf)
        found = [Instant("utilisation", u) for u in self.utilisations if utilisation >= u]
        found += [Instant("time", t) for t in self.times if time >= t]
        found += [Instant("voltage", v) for v in self.voltages if low <= v <= high]
        self.utilisations = [u for u in self.utilisations if utilisation < u]
        self.times = [t for t in self.times if time < t]
        self.voltages = [v for v in self.voltages if not low <= v <= high]
        return found

    def pending(self) -> dict[str, Any]:
        """Return what is still to come, for a checkpoint."""
        return {
            "utilisations": self.utilisations,
            "times": self.times,
            "voltages": self.voltages,
            "voltage": self._voltage,
        }

    def take(self, pending: dict[str, Any]) -> None:
        """Take up what :meth:`pending` returned in an earlier run."""
        self.utilisations, self.times = list(pending["utilisations"]), list(pending["times"])
        self.voltages, self._voltage = list(pending["voltages"]), pending["voltage"]
