"""The packing after each stage of manufacturing, side by side at the same scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from manufacturing.packing import Packing
from manufacturing.phases import PARTICLE_PHASES
from manufacturing.porosity import CBD_NANOPOROSITY, volume_fractions

from .plots_degrees import calendering_curve, kept_degrees
from .plots_files import RunFiles
from .plots_packing import CAMERA, Placement, box_corners, draw_box
from .plots_spheres import spheres_in_box
from .plots_style import PHASE_COLOURS, RESOLUTION, WIDE, add_legend, new_figure, phase_handles

_MOST_DEGREES = 4
_VOXELS = 4e6  # of a box, to count its porosity
_HIGHEST_ROW = 4.6  # [inch]
_SIDE = 0.7  # [inch] of a column for the length beside a box and for the gap to the next one
_BELOW = 1.0  # [inch] under a box for lengths and figures
_ABOVE = 0.1  # [inch] over a box
_TEXT = 0.34  # [inch] from a box to its figures


@dataclass(frozen=True)
class StagePicture:
    """A packing and what is written under it."""

    packing: Packing
    title: str
    lines: tuple[str, ...]

    @property
    def span(self) -> tuple[float, float]:
        """Width and height of the projected box [um]."""
        corners = CAMERA.project(box_corners(self.packing))
        width, height = np.ptp(corners, axis=0)
        return float(width), float(height)


def plot_stages(run: RunFiles) -> Figure | None:
    """Draw slurry, dried and calendered film, and below them the film at some degrees of calendering."""
    rows = [row for row in (_stages(run), _degrees(run)) if row]
    if not rows:
        return None
    scale = _scale(rows)
    heights = [_ABOVE + _BELOW + scale * max(p.span[1] for p in row) for row in rows]
    figure = new_figure(sum(heights) + 0.7, WIDE)
    axes = figure.add_subplot()
    for row, bottom in zip(rows, (sum(heights[k + 1 :]) for k in range(len(rows))), strict=True):
        _draw_row(axes, row, scale, bottom + _BELOW)
    axes.set_xlim(0.0, WIDE)
    axes.set_ylim(0.0, sum(heights))
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title("spheres clipped to the box, all at the same scale", fontsize=10)
    every = np.concatenate([p.packing.phases for row in rows for p in row])
    add_legend(figure, phase_handles([p for p in PARTICLE_PHASES if (every == p).any()], PHASE_COLOURS))
    return figure


def _scale(rows: list[list[StagePicture]]) -> float:
    """Return the largest scale at which every picture fits into its column and no row is too high [inch/um]."""
    fits = []
    for row in rows:
        column = WIDE / len(row) - _SIDE
        fits += [min(column / width, _HIGHEST_ROW / height) for width, height in (p.span for p in row)]
    return min(fits)


def _draw_row(axes: Axes, row: list[StagePicture], scale: float, floor: float) -> None:
    """Draw pictures that stand on the same floor [inch]."""
    for k, picture in enumerate(row):
        corners = CAMERA.project(box_corners(picture.packing))
        centre = (k + 0.5) * WIDE / len(row)
        left, bottom = corners.min(axis=0)
        origin = (centre - scale * (left + 0.5 * picture.span[0]), floor - scale * bottom)
        pixels = max(int(round(scale * picture.span[1] * RESOLUTION)), 1)
        draw_box(axes, picture.packing, spheres_in_box(picture.packing), Placement(origin, scale), pixels)
        axes.text(centre, floor - _TEXT, picture.title, ha="center", va="top", fontsize=10, weight="bold")
        axes.text(centre, floor - _TEXT - 0.2, "\n".join(picture.lines), ha="center", va="top", fontsize=9)


def _stages(run: RunFiles) -> list[StagePicture]:
    """Return slurry, dried and calendered film, as far as there are files."""
    found = []
    titles = {"slurry": "slurry", "dried": "dried", "calendered": calendered_title(run)}
    for name, title in titles.items():
        packing = run.stage_packing(name)
        if packing is not None:
            found.append(StagePicture(packing, title, _figures(run.manufacturing.get(name, {}))))
    return found


def _degrees(run: RunFiles) -> list[StagePicture]:
    """Return the film at some of the degrees of calendering that were kept."""
    curve = calendering_curve(run)
    found = []
    for degree in kept_degrees(run, _MOST_DEGREES):
        packing = run.stage_packing(run.calendered_degrees[degree])
        assert packing is not None
        row = {} if curve is None else curve.at(0.01 * degree)
        numbers = _porosities(packing, row.get("nanoporosity", CBD_NANOPOROSITY))
        if "density_g_cm3" in row:
            numbers["density_g_cm3"] = row["density_g_cm3"]
        found.append(StagePicture(packing, f"under load at {degree:g} %", _figures(numbers)))
    return found


def _porosities(packing: Packing, nanoporosity: float) -> dict[str, float]:
    """Count the porosity of the box that is drawn, which lies between the crop planes, not between the plates."""
    voxel = float((packing.size.prod() / _VOXELS) ** (1.0 / 3.0))
    box = (packing.lower, packing.upper)
    shares = volume_fractions(packing.centres, packing.radii, packing.phases, box, packing.periodic, voxel)
    return {"porosity": shares.porosity(nanoporosity), "porosity_without_nanopores": shares.porosity_without_nanopores}


def calendered_title(run: RunFiles) -> str:
    """Return what the last film is, with its degrees where they are known."""
    numbers = run.manufacturing.get("calendered", {})
    if "degree" not in numbers:
        return "calendered"
    loaded = numbers.get("under_load", numbers)["degree"]
    back = f", released to {100 * numbers['degree']:.3g} %" if "under_load" in numbers else ""
    return f"calendered to {100 * loaded:.3g} %{back}"


def _figures(numbers: dict[str, Any]) -> tuple[str, ...]:
    """Return density and porosity as text, as far as they are known."""
    lines = []
    if "density_g_cm3" in numbers:
        lines.append(f"density {numbers['density_g_cm3']:.2f} g/cm³")
    if "porosity" in numbers:
        lines.append(f"porosity {numbers['porosity']:.3f}")
        lines.append(f"without nanopores {numbers['porosity_without_nanopores']:.3f}")
    elif "packing_fraction" in numbers:
        lines.append(f"void between wet beads {1.0 - numbers['packing_fraction']:.3f}")
    return tuple(lines)
