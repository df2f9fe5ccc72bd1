"""Settings as plain data, and keys of everything that decides about a result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np


def plain(value: Any, without: type | None = None) -> Any:
    """Return settings as data for JSON: dataclasses become dictionaries, enumerations their names.

    Args:
        value: dataclasses, mappings, sequences, arrays, numbers and texts, nested.
        without: objects of this type are left out.

    Raises:
        TypeError: a value has no plain form.
    """
    if without is not None and isinstance(value, without):
        return None
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist(), without)
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: plain(getattr(value, entry.name), without) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(name)): plain(item, without) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, without) for item in value]
    raise TypeError(f"{type(value).__name__} has no plain form")


def content_key(value: Any, without: type | None = None) -> str:
    """Return a hash of settings; every bit of every number counts."""
    return hashlib.sha256(json.dumps(plain(value, without), sort_keys=True).encode()).hexdigest()


def settings_lines(name: str, value: Any) -> Iterator[str]:
    """Yield every number of settings as a line such as ``slurry.pressure = 101325.0``."""
    data = plain(value)
    if isinstance(data, dict):
        for key, item in data.items():
            yield from settings_lines(f"{name}.{key}", item)
    else:
        yield f"{name} = {data}"
