"""The reference of the case file, generated from the schema: ``python3 -m cases.schema_document`` writes it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.materials import MATERIALS, UNITS, Curve, Material, Quantity, fields

from .physics import KINDS
from .schema import Case

Schema = dict[str, Any]

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENT = PROJECT / "docs" / "case_file.md"
EXAMPLE = PROJECT / "cases" / "demo.toml"

_UNIT = re.compile(r" ?\[([^\]]+)\]")
_WORDS = {"number": "number", "integer": "integer", "string": "text", "boolean": "`true` or `false`"}
_PLURALS = {"number": "numbers", "integer": "integers", "text": "texts", "`true` or `false`": "of `true`, `false`"}
# Two forms of one stored property.
_FORMS = ("rate_constant", "exchange_current_density")
_INTRODUCTION = """# Case file

<!-- Generated from cases/schema.py by `python3 -m cases.schema_document`; do not edit. -->

A case is one TOML file. Units are SI, fractions go from 0 to 1. A key that is not listed here is an error, and so is
a value outside the limits given; the message names the key, what was found and what is expected.

Any key can be set from the command line with its dotted path and a TOML value:

    ./granode run CASE.toml --set mesh.cell_size=1.5e-6 --set 'interfaces."AM|SE".resistance=1e-3'

A default of "required" means that the key must be given, "none" that nothing happens without it.
"""
_LIBRARY = """## Materials of the library

A material is given by its name, `AM = "NMC622"`, or by a table with `name` and any of the keys below, which replace the
shipped value: `AM = { name = "NMC622", diffusivity = 2e-14 }`. Of an active material, `open_circuit_potential`,
`diffusivity`, `electronic_conductivity`, `exchange_current_density` and `entropy_coefficient` are a number or a table
`[[x, ...], [y, ...]]` over x = c/c_max, in between monotone cubic, for example `--set
'materials.AM.diffusivity=[[0.2, 0.6, 1.0], [5e-14, 2e-14, 1e-15]]'`; where a table ends, charge transfer
closes (Eq. 11b of docs/theory.md). `rate_constant` and `exchange_current_density` exclude each other. Conduction uses
the electronic conductivity at `stoichiometry_discharged`, as the electrode is made. Source and validity of every
number are in `manifest.json` of each run.

Every property holds at `reference_temperature`. At `cell.temperature` those with an activation energy are multiplied by
exp(-E_a/R (1/T - 1/T_ref)), and U(x) moves by (T - T_ref) times `entropy_coefficient`; without them a property
does not depend on temperature. `-`: not known to the library with certainty, and left out.
"""


@dataclass(frozen=True)
class Reference:
    """A table of the case file that another one leads to."""

    model: str  # name of the definition in the schema
    path: str  # where it stands in the file, such as ``conduction.NAME``
    repeated: bool = False  # a list of tables, ``[[...]]``


def case_file_document() -> str:
    """Return the reference of the case file in Markdown."""
    schema = Case.model_json_schema()
    models: dict[str, Schema] = schema["$defs"]
    parts = [_INTRODUCTION, "## Top level\n", _table(schema)]
    for reference in _inner(schema, ""):
        parts.append(_section(reference, models, "##"))
    parts += [_library(), "## A complete example\n", f"```toml\n{EXAMPLE.read_text().strip()}\n```\n"]
    return "\n".join(parts)


def _section(reference: Reference, models: dict[str, Schema], level: str) -> str:
    """Return heading, meaning and table of a model, followed by the tables inside it."""
    model = models[reference.model]
    brackets = "[[{}]]" if reference.repeated else "[{}]"
    title = f"{level} `{brackets.format(reference.path)}`"
    source = model["properties"].get("source", {}).get("const")
    if source:
        title += f' with `source = "{source}"`'
    parts = [title + "\n", _cell(model.get("description", "")) + "\n", _table(model)]
    for inner in _inner(model, f"{reference.path}."):
        # The keys of a material are those of the library, and a group of steps holds steps.
        if inner.model not in ("MaterialSection", reference.model):
            parts.append(_section(inner, models, level + "#"))
    return "\n".join(parts)


def _inner(model: Schema, path: str) -> list[Reference]:
    """Return the tables inside a model; interfaces with the same keys are one of them."""
    found = [r for key, field in model["properties"].items() for r in _references(field, path + _quoted(key))]
    if not any("|" in reference.path for reference in found):
        return found
    paths: dict[str, list[str]] = {}
    for reference in found:
        paths.setdefault(reference.model, []).append(reference.path)
    return [Reference(name, "]`, `[".join(same)) for name, same in paths.items()]


def _quoted(key: str) -> str:
    """Return a key as it stands in a table's name."""
    return key if key.isidentifier() else f'"{key}"'


def _table(model: Schema) -> str:
    """Return the keys of a model, one row each."""
    required = set(model.get("required", ()))
    lines = ["| key | type | unit | default | meaning |", "|---|---|---|---|---|"]
    for key, field in model["properties"].items():
        description = field.get("description", "")
        unit = _UNIT.search(description)
        meaning = _UNIT.sub("", description, count=1) or ("which of the geometries" if key == "source" else "")
        default = "required" if key in required else _default(field.get("default"))
        cells = (f"`{key}`", _type(field), unit.group(1) if unit else "", default, meaning)
        lines.append("| " + " | ".join(_cell(text) for text in cells) + " |")
    return "\n".join(lines) + "\n"


def _references(field: Schema, path: str) -> list[Reference]:
    """Return the tables that a key leads to."""
    if "$ref" in field:
        return [Reference(field["$ref"].rsplit("/", 1)[1], path)]
    if "items" in field:
        return [Reference(inner.model, path, True) for inner in _references(field["items"], path)]
    if isinstance(field.get("additionalProperties"), dict):
        return _references(field["additionalProperties"], f"{path}.NAME")
    return [inner for option in _options(field) for inner in _references(option, path)]


def _options(field: Schema) -> list[Schema]:
    """Return the alternatives of a key; nothing is not one of them."""
    return [option for kind in ("anyOf", "oneOf") for option in field.get(kind, ()) if option.get("type") != "null"]


def _type(field: Schema) -> str:
    """Return type, choices and limits in words."""
    if "$ref" in field:
        return "name, or table" if field["$ref"].endswith("/MaterialSection") else "table"
    if "const" in field or "enum" in field:
        return " or ".join(f'`"{choice}"`' for choice in field.get("enum", [field.get("const")]))
    if _options(field):
        return " or ".join(dict.fromkeys(_type(option) for option in _options(field)))
    if "type" not in field:
        return "any value"
    if field["type"] == "array":
        return _array_type(field)
    if field["type"] == "object":
        return _object_type(field)
    return _WORDS[field["type"]] + _limits(field)


def _array_type(field: Schema) -> str:
    items = field.get("prefixItems") or [field["items"]]
    word = _type(items[0])
    if word.startswith("table"):
        return "list of tables" + word.removeprefix("table")
    base, _, limits = word.partition(", ")
    count = f"list of {len(items)} " if "prefixItems" in field else "list of "
    return count + _PLURALS.get(base, base) + (f", {limits}" if limits else "")


def _object_type(field: Schema) -> str:
    names = field.get("propertyNames", {}).get("enum")
    whose = f" by {', '.join(f'`{name}`' for name in names)}" if names else " by name"
    if field.get("additionalProperties", True) is True:
        return "table by key"
    value = _type(field["additionalProperties"])
    return ("tables" if value == "table" else f"table of {value}") + whose


def _limits(field: Schema) -> str:
    symbols = (("exclusiveMinimum", "> "), ("minimum", "≥ "), ("exclusiveMaximum", "< "), ("maximum", "≤ "))
    limits = [symbol + _number(field[name]) for name, symbol in symbols if name in field]
    return ", " + " and ".join(limits) if limits else ""


def _default(value: object) -> str:
    """Return a default as it would stand in the file; a table's defaults are in its own section."""
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, dict):
        return "see below"
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, float | list):
        return json.dumps(value)
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, list) else _number(value)


def _number(value: float) -> str:
    """Return the shortest text that reads back as the number."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _cell(text: str) -> str:
    """Return text that does not break a table row."""
    return " ".join(text.split()).replace("|", "\\|").replace("``", "`")


def _library() -> str:
    """Return the shipped materials, one table per kind, with the keys that a case can override."""
    parts = [_LIBRARY]
    for kind in dict.fromkeys(type(entry) for entry in MATERIALS.values()):
        domains = ", ".join(f"`{domain}`" for domain, kinds in KINDS.items() if kind in kinds)
        entries = [entry for entry in MATERIALS.values() if type(entry) is kind]
        parts += [f"### {_spaced(kind.__name__)} (for {domains})\n", _material_table(entries)]
        borrowed = [f"- {entry.name}: {'; '.join(entry.substitutes)}" for entry in entries if entry.substitutes]
        if borrowed:
            parts.append("Borrowed from another material:\n\n" + "\n".join(borrowed) + "\n")
    return "\n".join(parts)


def _material_table(entries: list[Material]) -> str:
    """Return a table of keys, units and shipped values of materials of one kind."""
    header = ["key", "unit", *(f"`{entry.name}`" for entry in entries)]
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    for key in fields(entries[0]):
        values = [_value(entry, key) for entry in entries]
        lines.append("| " + " | ".join([f"`{key}`", _unit(entries[0], key), *values]) + " |")
    return "\n".join(lines) + "\n"


def _value(entry: Material, key: str) -> str:
    """Return the shipped value of a property; the exchange current is stored in one of two forms."""
    stored = getattr(entry, key, None)
    if key in UNITS and stored is None and key not in _FORMS:
        return "-"
    if key in _FORMS and not isinstance(stored, Quantity):
        stored = getattr(entry, "exchange_current", None)
        if isinstance(stored, Quantity) != (key == "rate_constant"):
            return "-"
    return _number(stored.value) if isinstance(stored, Quantity) else "curve"


def _unit(entry: Material, key: str) -> str:
    stored = getattr(entry, key, None)
    return stored.unit if isinstance(stored, Quantity | Curve) else UNITS[key]


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


if __name__ == "__main__":
    DOCUMENT.write_text(case_file_document())
    print(DOCUMENT.relative_to(PROJECT))
