"""When the fields of a discharge are kept: from given utilisations and times on, and where voltages are passed."""

from __future__ import annotations

from typing import Any


class SnapshotInstants:
    """Remembers what is still to come; each instant is met once, by the first accepted step that reaches it.

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

    def reached(self, utilisation: float, time: float, voltage: float) -> bool:
        """Take a step; return whether it reaches an instant."""
        before, self._voltage = self._voltage, voltage
        count = len(self.utilisations) + len(self.times) + len(self.voltages)
        self.utilisations = [u for u in self.utilisations if utilisation < u]
        self.times = [t for t in self.times if time < t]
        if before is not None:
            low, high = min(before, voltage), max(before, voltage)
            self.voltages = [v for v in self.voltages if not low <= v <= high]
        return len(self.utilisations) + len(self.times) + len(self.voltages) < count

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
