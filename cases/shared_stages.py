"""Stages that several points of a study share: computed by one of them, taken from there by the others."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .run_directory import RunDirectory, content_hash
from .schema import Case, ManufacturedGeometry
from .stage_files import share_file

CHAIN = Path("stages/stage_*.h5")  # files of the finished stages of the LAMMPS chain
CHAIN_NOTE = "chain"
CHOSEN_FILM = "film_degree"  # which of the films of a chain is the electrode; LAMMPS does not depend on it
LATE_STAGES = ("drying", "calendering")


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

    def lend_chain(self, directory: RunDirectory, case: Case) -> str:
        """Give a run that has to manufacture the finished LAMMPS stages of one that begins the same; return its name.

        The chain itself knows by its own hashes which of them it can use.
        """
        for name in self._donors(case):
            donor = self.runs / name
            if donor != directory.path and RunDirectory(donor).records().get("manufacturing") is not None:
                with contextlib.suppress(FileNotFoundError):  # what a donor itself borrowed counts as well
                    for file in sorted((donor / CHAIN.parent).glob(CHAIN.name)):
                        if not (directory.path / CHAIN.parent / file.name).exists():
                            share_file(file, directory.path / CHAIN.parent / file.name)
                return name
        return ""

    def publish_chain(self, directory: RunDirectory, case: Case) -> None:
        """Note that a run holds finished LAMMPS stages."""
        for key in beginnings(case):
            self.publish(directory, CHAIN_NOTE, key)

    def _donors(self, case: Case) -> Iterator[str]:
        """Yield the runs that begin the same, those that share most first."""
        for key in beginnings(case):
            note = self._note(CHAIN_NOTE, key)
            if note.exists() and (name := note.read_text().strip()):
                yield name

    def publish(self, directory: RunDirectory, stage: str, key: str) -> None:
        """Note that a run holds a finished stage (reserved)."""
        self._note(stage, key).write_text(directory.path.name)

    def _note(self, stage: str, key: str) -> Path:
        return self.folder / f"{stage}_{key}"


def chain_lock(case: Case) -> dict[str, str]:
    """Return the hash of a whole LAMMPS chain, which points with different films of it must not compute twice."""
    return dict(zip((CHAIN_NOTE,), beginnings(case), strict=False))


def beginnings(case: Case) -> list[str]:
    """Return the hashes of the whole LAMMPS chain, without calendering, of the slurry alone; empty without LAMMPS."""
    if not isinstance(case.geometry, ManufacturedGeometry):
        return []
    data = case.geometry.model_dump(mode="json")
    parts = [(), LATE_STAGES[-1:], LATE_STAGES]
    return [content_hash({k: v for k, v in data.items() if k not in (CHOSEN_FILM, *left)}) for left in parts]
