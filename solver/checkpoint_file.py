"""A checkpoint on disk: arrays and a header in one file that is complete or not there at all."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Content = tuple[dict[str, FloatArray], dict[str, Any]]

HEADER = "header"


def write_checkpoint(path: Path, arrays: dict[str, FloatArray], header: dict[str, Any]) -> None:
    """Replace a checkpoint: written under a new name, brought to the disk, renamed.

    A kill or a failure at any moment leaves the checkpoint that was there before.

    Args:
        path: of the checkpoint.
        arrays: by name.
        header: JSON-able; numbers read back with all their digits.

    Raises:
        OSError: the disk is full or the folder cannot be written; the checkpoint before stays.
    """
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez(buffer, **{HEADER: text}, **arrays)  # type: ignore[arg-type]
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    _sync_folder(path.parent)


def read_checkpoint(path: Path) -> Content | None:
    """Return arrays and header; None without a checkpoint that can be read (every part carries a checksum)."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: np.asarray(stored[name]) for name in stored.files}
        header = json.loads(arrays.pop(HEADER).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return arrays, header


def _sync_folder(folder: Path) -> None:
    """Bring the renaming to the disk, where the system lets folders be synchronised."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
