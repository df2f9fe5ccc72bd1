"""Where a stage leaves its LAMMPS input and journal, and what is known of it when it failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .configuration import Configuration


@dataclass
class StageRecord:
    """Files of one stage, and what the stage reached.

    Args:
        folder: holds ``<stage>.in``, ``<stage>.data``, ``<stage>.thermo.csv``, and the journal with its restart
            file while the stage is unfinished; None: nothing is kept.
        key: of everything that decides about the trajectory; a journal with another key is not used.
        header: lines for the comment at the top of the script.
        log: takes a line when a stage goes on from a restart file.
    """

    folder: Path | None = None
    key: str = ""
    header: tuple[str, ...] = ()
    log: Callable[[str], None] = print
    steps: int = field(default=0, init=False)  # time steps of all engines of the stage
    reached: Configuration | None = field(default=None, init=False)  # set when the stage failed
    engines: Counter[str] = field(default_factory=Counter, init=False)

    def file_name(self, stage: str) -> str:
        """Return the name of the files of the next engine of a stage: ``drying``, then ``drying_2``."""
        self.engines[stage] += 1
        return stage if self.engines[stage] == 1 else f"{stage}_{self.engines[stage]}"
