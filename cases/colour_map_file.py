"""Colours and names of phases and named facets as presets that ParaView imports (Colour Map Editor, Import)."""

from __future__ import annotations

from pathlib import Path

from matplotlib.colors import to_rgb

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

from .plots_style import LINE_COLOURS, PHASE_COLOURS
from .run_directory import write_json


def write_colour_maps(mesh: LabelledMesh, path: Path) -> None:
    """Write the presets ``Granode phases`` (arrays ``phase``, ``phases``) and ``Granode facets`` (``facet_tags``)."""
    phases = {int(phase): (phase.name, PHASE_COLOURS[phase]) for phase in Phase}
    facets = {tag: (name, LINE_COLOURS[tag % len(LINE_COLOURS)]) for tag, name in enumerate(mesh.facet_names)}
    write_json(path, [_preset("Granode phases", phases), _preset("Granode facets", facets)])


def _preset(name: str, entries: dict[int, tuple[str, str]]) -> dict[str, object]:
    """Return a categorical colour map: value, text and colour of each entry."""
    return {
        "Name": name,
        "Annotations": [text for value, (label, _) in entries.items() for text in (str(value), label)],
        "IndexedColors": [part for _, colour in entries.values() for part in to_rgb(colour)],
    }
