"""Long checks that can be stopped: what finished with the same sources is read back, not repeated."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .check_table import Check, print_checks, print_verdict
from .mpi_launch import usable_cores
from .run_directory import write_json
from .testing import PROJECT

ROOMS = ("manufacturing", "meshing", "solver", "cases", "tests/validation", "tests/verification")
PREFIX = "checks-"  # only folders of this name are ever removed
Groups = Mapping[str, Callable[["CheckStore"], list[Check]]]


class CheckStore:
    """Results kept by name in a folder of the sources that made them; those of other sources are removed.

    Args:
        folder: where the store is made.
        rooms: folders of the project whose Python files decide about the results.
    """

    def __init__(self, folder: Path, rooms: Sequence[str] = ROOMS) -> None:
        self.folder = folder / f"{PREFIX}{source_hash(rooms)}"
        for other in folder.glob(f"{PREFIX}*"):
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)

    def result(self, name: str, work: Callable[[], Any]) -> Any:
        """Return the stored result of some work, or do the work and store it (JSON-able data)."""
        path = self._path(name)
        if path.exists():
            return json.loads(path.read_text())
        write_json(path, result := work())
        print(f"  done: {name}", flush=True)
        return result

    def results(self, works: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Return the results of several works, those that are not stored made in parallel, one core each.

        Args:
            works: by name; functions of modules or their partials, because they run in processes of their own.
        """
        missing = {name: work for name, work in works.items() if not self._path(name).exists()}
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max(1, min(usable_cores(), len(missing))), mp_context=context) as pool:
            pending = {pool.submit(work): name for name, work in missing.items()}
            for done in as_completed(pending):
                write_json(self._path(pending[done]), done.result())
                print(f"  done: {pending[done]}", flush=True)
        return {name: json.loads(self._path(name).read_text()) for name in works}

    def _path(self, name: str) -> Path:
        return self.folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)}.json"

    def workplace(self, name: str) -> Path:
        """Return a folder for the files of some work."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path


def source_hash(rooms: Sequence[str]) -> str:
    """Return a hash of the Python and case files of some folders of the project."""
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted(p for kind in ("*.py", "*.toml") for p in (PROJECT / room).rglob(kind)):
            digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def run_groups(title: str, groups: Groups, folder: Path, rooms: Sequence[str] = ROOMS) -> int:
    """Run groups of checks one after the other, print each table as it is done, return 1 if a row fails.

    A group that finished before with the same sources is printed from its file.

    Args:
        title: of the tables.
        groups: name and work of each group.
        folder: where finished groups are kept.
        rooms: folders of the project whose sources decide about the results.
    """
    store = CheckStore(folder, rooms)
    checks: list[Check] = []
    for name, work in groups.items():
        rows = _rows(store, name, work)
        print_checks(f"{title}: {name}", rows)
        checks += rows
    return print_verdict(checks)


def _rows(store: CheckStore, name: str, work: Callable[[CheckStore], list[Check]]) -> list[Check]:
    stored = store.result(f"group_{name}", lambda: [asdict(check) for check in work(store)])
    return [Check(**row) for row in stored]
