"""A text file that grows line by line; a failure to write it is remembered, to be told by all ranks at once."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO


class LineFile:
    """Every line is handed to the system at once, so that it survives the death of the process.

    Args:
        path: the file, which is replaced; None: nothing is written.
    """

    def __init__(self, path: Path | None) -> None:
        self.failure = ""  # why the file could not be written; empty when all is well
        self._path = path
        self._file: BinaryIO | None = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("wb", buffering=0)
            except OSError as error:
                self._fail(error)

    def write(self, *lines: str) -> None:
        """Append lines."""
        if self._file is None:
            return
        try:
            self._file.write("".join(line + "\n" for line in lines).encode())
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _fail(self, error: OSError) -> None:
        self.failure = f"{self._path} cannot be written: {error}"
