"""Stages that several points of a study share: computed by one of them, taken from there by the others."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .run_directory import RunDirectory


class SharedStages:
    """Knows by input hash which run directory holds a finished stage.

    Each stage and hash has a small file, which is also the lock of whoever computes it: processes on several
    machines may work on the same study, if their file system has ``flock``.

    Args:
        folder: where the small files are.
        runs: parent of the run directories.
    """

    def __init__(self, folder: Path, runs: Path) -> None:
        self.folder, self.runs = folder, runs

    @contextlib.contextmanager
    def reserved(self, keys: Mapping[str, str], waiting: Callable[[str], None]) -> Iterator[None]:
        """Keep other processes from computing some stages while the context lasts.

        Args:
            keys: input hash by stage.
            waiting: called with the stage's name when another process has it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as files:
            for stage, key in sorted(keys.items()):  # one order for all, so that no two wait for each other
                file = files.enter_context(self._note(stage, key).open("a"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    waiting(stage)
                    fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def fetch(self, directory: RunDirectory, stage: str, key: str) -> bool:
        """Take a finished stage from another run; return False when there is none (the stage is reserved)."""
        note = self._note(stage, key)
        name = note.read_text().strip() if note.exists() else ""
        if not name or self.runs / name == directory.path:
            return False
        return directory.take(stage, key, RunDirectory(self.runs / name))

    def publish(self, directory: RunDirectory, stage: str, key: str) -> None:
        """Note that a run holds a finished stage (reserved)."""
        self._note(stage, key).write_text(directory.path.name)

    def _note(self, stage: str, key: str) -> Path:
        return self.folder / f"{stage}_{key}"
