"""Tables of results as CSV files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_table(path: Path, table: Sequence[Sequence[Any]]) -> None:
    """Write a table with more than a header, else remove the file of an earlier study."""
    if len(table) < 2:
        path.unlink(missing_ok=True)
        return
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(table)
