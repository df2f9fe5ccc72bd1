"""What a run says: a log file and the terminal, from rank 0 only."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

BAR_WIDTH = 24
LINE_EVERY = 20.0  # [s] between progress lines where there is no terminal


class RunLog:
    """Writes lines to ``log.txt`` and to standard output and shows progress.

    On a terminal progress is a bar that is overwritten; elsewhere it is a line now and then.

    Args:
        rank: rank of this process; all but 0 are silent.
        path: log file, appended to; None: standard output only.
        quiet: write to the file only.
        begun: when the run began, from which its processes count the seconds [s since 1970]; None: now.
    """

    def __init__(
        self, rank: int = 0, path: Path | None = None, quiet: bool = False, begun: float | None = None
    ) -> None:
        self.active = rank == 0
        self.path = path
        self.quiet = quiet
        self.start = time.time() if begun is None else begun
        self._terminal = os.environ.get("GRANODE_TERMINAL", "1" if sys.stdout.isatty() else "0") == "1"
        self._bar_shown = False
        self._last: tuple[str, float] = ("", -LINE_EVERY)

    def line(self, text: str) -> None:
        """Write a line."""
        if not self.active:
            return
        stamped = f"[{time.time() - self.start:7.1f} s] {text}"
        if self.path is not None:
            try:
                with self.path.open("a") as file:
                    file.write(stamped + "\n")
            except OSError as error:  # a full disk must not end the run for the sake of its log
                print(f"{self.path}: {error.strerror}: {stamped}", file=sys.stderr, flush=True)
        if not self.quiet:
            self._clear()
            print(stamped, flush=True)

    def progress(self, stage: str, fraction: float, message: str) -> None:
        """Show how far a stage is (0-1)."""
        if not self.active or self.quiet:
            return
        now = time.time()
        if self._terminal:
            filled = round(BAR_WIDTH * fraction)
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            print(f"\r\x1b[K{stage:<12} [{bar}] {100 * fraction:3.0f} %  {message[:70]}", end="", flush=True)
            self._bar_shown = True
        elif self._last[0] == stage and now - self._last[1] >= LINE_EVERY:
            print(f"[{now - self.start:7.1f} s] {stage} {100 * fraction:.0f} %: {message}", flush=True)
            self._last = (stage, now)
        elif self._last[0] != stage:
            self._last = (stage, now)

    def _clear(self) -> None:
        if self._bar_shown:
            print("\r\x1b[K", end="")
            self._bar_shown = False
