"""Finished stages on disk: a stage is not repeated while everything that decides about it stays the same."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .configuration import Configuration
from .errors import StageError
from .stage import StageResult

FORMAT_VERSION = 1
ARRAYS = ("centres", "lower", "upper")


def as_stored(result: StageResult) -> StageResult:
    """Return a result as it comes back from disk, so that a stage gives the same however it was obtained."""
    report, curves = (json.loads(json.dumps(data, default=_number)) for data in (result.report, result.curves))
    return replace(result, report=report, curves=curves)


def load_stage(path: Path, key: str) -> StageResult | None:
    """Return a finished stage; None when there is none, or one of another key.

    Args:
        path: file written by :func:`save_stage`.
        key: of everything that decides about the result.
    """
    try:
        with h5py.File(path, "r") as file:
            if file.attrs["format_version"] != FORMAT_VERSION or file.attrs["key"] != key:
                return None
            return StageResult(
                _read(file["configuration"]),
                json.loads(file["report"].asstr()[()]),
                json.loads(file["curves"].asstr()[()]),
                {name: _read(group) for name, group in file["snapshots"].items()},
            )
    except (OSError, KeyError, ValueError):
        # Unreadable is as good as absent: the stage is run again.
        return None


def save_stage(path: Path, key: str, result: StageResult) -> None:
    """Write a finished stage, complete or not at all.

    Raises:
        StageError: the file cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with h5py.File(partial, "w") as file:
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["key"] = key
            file["report"] = json.dumps(result.report, default=_number)
            file["curves"] = json.dumps(result.curves, default=_number)
            _write(file.create_group("configuration"), result.configuration)
            snapshots = file.create_group("snapshots", track_order=True)
            for name, configuration in result.snapshots.items():
                _write(snapshots.create_group(name), configuration)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StageError(f"{path} cannot be written: {error}") from error


def _number(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} in the report of a stage")


def _write(group: Any, configuration: Configuration) -> None:
    for name in ARRAYS:
        group[name] = getattr(configuration, name)


def _read(group: Any) -> Configuration:
    return Configuration(*(np.asarray(group[name][()], dtype=np.float64) for name in ARRAYS))
