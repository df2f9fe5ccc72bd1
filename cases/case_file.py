"""Read a case file, apply overrides, and refuse what cannot be computed before anything runs."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from manufacturing.errors import InputError

from .schema import Case, Geometry

STORED = "case.json"
REMOVED = object()  # as a value: the key is taken away
MOVED = {  # keys of earlier versions -> where they are now
    "geometry.aspect_ratio": "geometry.slurry.aspect_ratio",
    "geometry.drying_pressure": "geometry.drying.pressure",
    "geometry.calendering_degree": "geometry.calendering.degree",
    "geometry.crop_depth": "geometry.calendering.crop_depth",
}


def read_case(path: Path, overrides: tuple[str, ...] = ()) -> Case:
    """Read and validate a case file.

    Args:
        path: TOML file.
        overrides: ``KEY=VALUE`` with a dotted key and a TOML value.

    Raises:
        InputError: unreadable file, unknown key, wrong type or value; names the key.
    """
    return validate_case(read_content(path, overrides))


def read_content(path: Path, overrides: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the content of a case file with overrides applied, not yet validated.

    Raises:
        InputError: unreadable file, not TOML, or an override that fits nowhere.
    """
    try:
        data = tomllib.loads(path.read_text())
    except OSError as error:
        raise InputError(str(path), error.strerror, "a readable case file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"text that is not TOML ({error})", "a TOML case file") from error
    for override in overrides:
        apply_override(data, override)
    return data


def stored_case(out: Path) -> tuple[Case, Path]:
    """Return the case that a run's directory keeps, and the folder from which its relative paths count.

    Raises:
        OSError: there is none.
    """
    stored = json.loads((out / STORED).read_text())
    return validate_case(stored["case"]), Path(stored["folder"])


def validate_case(data: dict[str, Any]) -> Case:
    """Return the case of a dictionary; raise InputError for the first thing that is wrong."""
    try:
        return Case.model_validate(data)
    except ValidationError as error:
        raise _as_input_error(error) from None


def apply_override(data: dict[str, Any], override: str) -> None:
    """Set one dotted key, such as ``mesh.cell_size=1.5e-6`` or ``geometry.layers.0.cells=20``; no value removes it."""
    key, separator, text = override.partition("=")
    if not separator or not key.strip():
        raise InputError("--set", override, "KEY=VALUE")
    set_key(data, key, parse_value(text) if text.strip() else REMOVED)


def parse_value(text: str) -> Any:
    """Return a TOML value; text that is none stands for itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def set_key(data: dict[str, Any], key: str, value: Any, source: str = "--set") -> None:
    """Set one dotted key of a case; tables on the way are made.

    Args:
        data: content of a case file.
        key: dotted, with the position in a list as a number.
        value: new value; REMOVED takes the key away.
        source: where the key was given, for the error message.

    Raises:
        InputError: the path leads through something that is no table.
    """
    target: Any = data
    parts = _split_key(key.strip())
    try:
        for part in parts[:-1]:
            parent, target = target, target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
            if isinstance(target, str) and parts[0] == "materials":  # a material given by its name alone
                target = parent[part] = {"name": target}
        if value is REMOVED:
            target.pop(int(parts[-1]) if isinstance(target, list) else parts[-1])
        elif isinstance(target, list):
            target[int(parts[-1])] = value
        else:
            target[parts[-1]] = value
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        raise InputError(source, key, "a key of the case file") from None


def _split_key(key: str) -> list[str]:
    """Split at dots outside quotes, so that interfaces."AM|SE".resistance works; steps[2] is steps.2."""
    parts, current, quoted = [], "", False
    for character in re.sub(r"\[(\d+)\]", r".\1", key):
        if character in "\"'":
            quoted = not quoted
        elif character == "." and not quoted:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def _as_input_error(error: ValidationError) -> InputError:
    first = error.errors()[0]
    tags = {get_args(m.model_fields["source"].annotation)[0] for m in get_args(get_args(Geometry)[0])}
    location = [str(part) for part in first["loc"]]
    if len(location) > 1 and location[0] == "geometry" and location[1] in tags:
        del location[1]
    field = "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in location).lstrip(".") or "case"
    if first["type"] == "extra_forbidden":
        if field in MOVED:
            return InputError(field, "a key of an earlier version", f"the same value as {MOVED[field]}")
        return InputError(field, "an unknown key", _similar_key(location[-1]))
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return InputError(field, _describe(first["type"], first["input"]), expected)


def _similar_key(key: str) -> str:
    """Return what may have been meant, from all keys of the schema."""
    models = [Case.model_json_schema(), *Case.model_json_schema()["$defs"].values()]
    known = {name for model in models for name in model.get("properties", {})}
    close = difflib.get_close_matches(key, sorted(known), n=2)
    return f"a key of docs/case_file.md{', perhaps ' + ' or '.join(close) if close else ''}"


def _describe(kind: str, value: object) -> object:
    if kind == "missing":
        return "nothing"
    if isinstance(value, dict):
        return f"a table with {', '.join(map(str, value)) or 'no keys'}"
    return repr(value)
