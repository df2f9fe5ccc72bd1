"""Text files of numbers, plain or gzip'd: read with line numbers in the errors, written complete or not at all."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import InputError

FloatArray = npt.NDArray[np.float64]

GZIP = ".gz"


def read_lines(path: Path, kind: str) -> list[str]:
    """Return the lines of a text file; a name that ends in ``.gz`` is unpacked.

    Raises:
        InputError: the file is missing, no text or a truncated archive; ``kind`` says what was expected.
    """
    try:
        if path.suffix == GZIP:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                return file.read().splitlines()
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise InputError(str(path), f"an unreadable file ({error})", kind) from error


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines under another name and rename; a name that ends in ``.gz`` is packed."""
    content = ("\n".join(lines) + "\n").encode("utf-8")
    write_bytes(path, gzip.compress(content) if path.suffix == GZIP else content)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file complete or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def number_rows(path: Path, lines: Sequence[str], first: int, count: int, columns: int) -> FloatArray:
    """Return a table of finite numbers, shape (count, columns).

    Args:
        path: named in errors.
        lines: of the whole file.
        first: index of the first line of the table.
        count: number of rows.
        columns: numbers in each row.

    Raises:
        InputError: a row is missing, has another number of columns, or a value that is not a finite number.
    """
    rows = [line.split() for line in lines[first : first + count]]
    if len(rows) < count:
        found = f"{len(rows)} of {count} atoms"
        raise InputError(f"{path} line {len(lines) + 1}", f"the end of a truncated file after {found}", f"{count} rows")
    try:
        table = np.array(rows, dtype=np.float64).reshape(count, columns)
    except ValueError:
        raise _bad_row(path, rows, first, columns) from None
    if not np.isfinite(table).all():
        raise _bad_row(path, rows, first, columns)
    return table


def _bad_row(path: Path, rows: list[list[str]], first: int, columns: int) -> InputError:
    """Return the error that names the first row that cannot be used."""
    for line, row in enumerate(rows, start=first + 1):
        if len(row) != columns or not all(_is_finite(word) for word in row):
            found = f"a truncated or damaged row: {' '.join(row)[:80]!r}"
            return InputError(f"{path} line {line}", found, f"{columns} finite numbers")
    return InputError(f"{path} line {first + 1}", "a damaged table", f"{columns} finite numbers in each row")


def _is_finite(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


def check_positive(path: Path, first: int, name: str, values: FloatArray) -> None:
    """Raise InputError with the line of the first value that is not positive."""
    wrong = np.flatnonzero(~(values > 0.0))
    if len(wrong):
        line = first + int(wrong[0]) + 1
        raise InputError(f"{path} line {line} column {name}", f"{values[wrong[0]]:g}", "a number above 0 (radii > 0)")


def exact(values: npt.ArrayLike) -> str:
    """Return numbers with all digits that they need to be read back unchanged."""
    return " ".join(repr(value) for value in np.asarray(values, dtype=np.float64).ravel().tolist())
