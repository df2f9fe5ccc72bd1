"""What a run tells its user: log lines and progress, from one rank only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LogLine = Callable[[str], None]
Progress = Callable[[str, float, str], None]


@dataclass(frozen=True)
class Reporter:
    """Passes messages on from rank 0 and swallows those of all other ranks.

    Args:
        rank: rank of this process.
        log: takes a line; None: silent.
        progress: takes the stage, the fraction done (0-1) and a message; None: silent.
    """

    rank: int = 0
    log: LogLine | None = None
    progress: Progress | None = None

    def line(self, text: str) -> None:
        """Write a line to the log."""
        if self.rank == 0 and self.log is not None:
            self.log(text)

    def advance(self, stage: str, fraction: float, message: str) -> None:
        """Show how far a stage is."""
        if self.rank == 0 and self.progress is not None:
            self.progress(stage, min(max(fraction, 0.0), 1.0), message)
