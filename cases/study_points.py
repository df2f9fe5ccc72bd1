"""The points of a study: every set of values that a sweep stands for, with a readable name."""

from __future__ import annotations

import csv
import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manufacturing.errors import InputError

from .case_file import parse_value
from .schema_study import StudySection

Values = dict[str, Any]  # by dotted key
LONGEST_TEXT, LONGEST_NAME = 24, 120  # [characters]; longer ones are cut and get a hash
UNCHANGED = "unchanged"  # name of the point that sets nothing, an empty row of a table
_UNSAFE = re.compile(r"[^A-Za-z0-9_.+-]+")


@dataclass(frozen=True)
class StudyPoint:
    """One set of values; ``index`` counts from 1, ``name`` is that of its directory."""

    index: int
    name: str
    values: Values


def expand(study: StudySection, folder: Path) -> tuple[StudyPoint, ...]:
    """Return every point of a sweep: each combination of grid, list, table and seeds.

    Args:
        study: the sweep.
        folder: where the CSV file of a table is relative to.

    Raises:
        InputError: nothing to sweep, a key given twice, lists of different length, an empty list or table.
    """
    given = (_grid(study.grid), _list(study.list), _table(study.table, folder), _seeds(study))
    forms = [form for form in given if form]
    if not forms:
        raise InputError("study", "nothing to sweep", "grid, list, table or seeds")
    keys = [key for form in forms for key in dict.fromkeys(key for row in form for key in row)]
    _check_keys(keys)
    labels = _labels(keys)
    rows = [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*forms)]
    names = [_name(row, labels) for row in rows]
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise InputError("study", f"the point {twice} twice", "points that differ")
    return tuple(StudyPoint(k + 1, name, row) for k, (name, row) in enumerate(zip(names, rows, strict=True)))


def swept_keys(points: Sequence[StudyPoint]) -> list[str]:
    """Return every key that the points set, in order."""
    return list(dict.fromkeys(key for point in points for key in point.values))


def varied_with(study: StudySection, key: str) -> tuple[str, ...]:
    """Return the other keys of `study.list` where a key is one of them: each of its values fixes theirs."""
    together = _flat(study.list)
    return tuple(other for other in together if other != key) if key in together else ()


def _grid(grid: Mapping[str, Any]) -> list[Values]:
    lists = {key: _values(f"study.grid.{key}", values) for key, values in _flat(grid).items()}
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())] if lists else []


def _list(together: Mapping[str, Any]) -> list[Values]:
    lists = {key: _values(f"study.list.{key}", values) for key, values in _flat(together).items()}
    lengths = {key: len(values) for key, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise InputError("study.list", f"lengths {lengths}", "lists of equal length; use grid for all combinations")
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _table(table: str | tuple[dict[str, Any], ...], folder: Path) -> list[Values]:
    rows = _read_csv(folder / table) if isinstance(table, str) else [_flat(row) for row in table]
    if isinstance(table, str) and not rows:
        raise InputError("study.table", f"no rows in {table}", "a header of keys and at least one row")
    return rows


def _read_csv(path: Path) -> list[Values]:
    """Return the rows of a CSV file with a header of keys; empty cells set nothing."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets put a mark before the header
            header, *rows = list(csv.reader(file)) or [[]]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("study.table", f"{path} ({error})", "a readable CSV file") from error
    found = []
    for number, row in enumerate(rows, start=2):
        if row and len(row) != len(header):
            raise InputError("study.table", f"{len(row)} cells in line {number} of {path}", f"{len(header)} cells")
        if row:
            found.append({k.strip(): parse_value(v) for k, v in zip(header, row, strict=True) if v.strip()})
    return found


def _seeds(study: StudySection) -> list[Values]:
    seeds = range(1, study.seeds + 1) if isinstance(study.seeds, int) else study.seeds
    return [{study.seed_key: seed} for seed in seeds]


def _flat(table: Mapping[str, Any], before: str = "") -> Values:
    """Return values by dotted key; tables inside tables stand for longer keys."""
    found: Values = {}
    for part, value in table.items():
        key = f"{before}{part}"
        found |= _flat(value, f"{key}.") if isinstance(value, Mapping) else {key: value}
    return found


def _values(field: str, values: Any) -> list[Any]:
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise InputError(field, values, "a list with at least one value")
    return list(values)


def _check_keys(keys: Sequence[str]) -> None:
    for k, key in enumerate(keys):
        if key in keys[:k]:
            raise InputError("study", f"{key} in two forms", "each key in one of grid, list, table and seeds")
        if key == "study" or key.startswith("study."):
            raise InputError("study", key, "a key outside the study itself")


def _labels(keys: Sequence[str]) -> dict[str, str]:
    """Return the shortest end of each key that no other key has."""
    parts = {key: key.split(".") for key in keys}
    labels = {}
    for key, words in parts.items():
        ends = (".".join(words[-n:]) for n in range(1, len(words) + 1))
        labels[key] = next(e for e in ends if sum(f".{k}".endswith(f".{e}") for k in keys) == 1 or e == key)
    return labels


def _name(values: Values, labels: Mapping[str, str]) -> str:
    """Return a name for a directory, such as ``cell_size=1e-06_seed=2``."""
    parts = [f"{_safe(labels[key])}={_text(value)}" for key, value in values.items()]
    name = "_".join(parts) or UNCHANGED
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}-{_hash(name)}"


def value_text(value: Any) -> str:
    """Return the shortest text of a value that reads back as the same number."""
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)


def _text(value: Any) -> str:
    """Return the text of a value for a file name; what was lost is made up for by a hash."""
    text = value_text(value)
    safe = _safe(text)[:LONGEST_TEXT]
    return safe if safe == text else f"{safe.strip('-')}-{_hash(text)}".lstrip("-")


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
