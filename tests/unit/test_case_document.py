"""The reference of the case file says what the schema says.

Seen to fail with: a description changed in the schema only, numbers printed with one digit, units left out,
the tables inside a list skipped.
"""

from __future__ import annotations

import tomllib
import typing

from pydantic import BaseModel

from cases.case_file import validate_case
from cases.schema import Case, DischargeSection, LayerSection, MeshSection, PowderSection
from cases.schema_document import DOCUMENT, EXAMPLE, case_file_document
from cases.schema_section import Section


def rows(heading: str) -> dict[str, list[str]]:
    """Return the cells of the table below a heading of the document by key."""
    text = case_file_document().split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    cells = [[cell.strip() for cell in line.split(" | ")] for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip("| `"): row[1:] for row in cells}


def test_tracked_document_is_up_to_date() -> None:
    """Write it anew with ``python3 -m cases.schema_document``."""
    assert DOCUMENT.read_text() == case_file_document()


def test_printed_defaults_and_keys_are_those_of_the_schema() -> None:
    tables: dict[str, type[BaseModel]] = {
        "## `[mesh]`": MeshSection,
        "## `[discharge]`": DischargeSection,
        "### `[[geometry.layers]]`": LayerSection,
        "### `[[geometry.powders]]`": PowderSection,
    }
    for heading, model in tables.items():
        table = rows(heading)
        assert list(table) == list(model.model_fields)
        for key, field in model.model_fields.items():
            printed = table[key][2].strip("`")
            if field.is_required() or field.default is None:
                assert printed == ("required" if field.is_required() else "none")
            elif isinstance(field.default, Section):
                assert printed == "see below"
            elif field.default in ({}, (), ""):
                assert printed == "none"
            else:
                value = tomllib.loads(f"value = {printed}")["value"]
                assert (tuple(value) if isinstance(value, list) else value) == field.default


def test_units_limits_and_choices_are_printed() -> None:
    mesh, discharge = rows("## `[mesh]`"), rows("## `[discharge]`")
    assert mesh["cell_size"][:2] == ["number, > 0", "m"]
    assert discharge["current_density"][1] == "A/m2"
    for choice in typing.get_args(MeshSection.model_fields["method"].annotation):
        assert f'"{choice}"' in mesh["method"][0]


def test_every_top_level_key_and_material_has_its_place() -> None:
    document = case_file_document()
    assert list(rows("## Top level")) == list(Case.model_fields)
    for name in ("NMC622", "LLZO", "carbon-binder", "lithium metal"):
        assert f"`{name}`" in document
    assert "| `diffusivity` | m2/s |" in document


def test_the_example_is_a_valid_case() -> None:
    text = case_file_document().split("```toml\n")[1].split("```")[0]
    assert validate_case(tomllib.loads(text)) == validate_case(tomllib.loads(EXAMPLE.read_text()))
