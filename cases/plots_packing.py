"""The packing by phase: a view of the clipped spheres beside an exact section."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from manufacturing.packing import Packing
from manufacturing.phases import OVERLAP_PRIORITY, PARTICLE_PHASES, Phase

from .plots_files import RunFiles
from .plots_spheres import Camera, SphereRenderer, Spheres, spheres_in_box
from .plots_style import MICROMETRE, PHASE_COLOURS, add_legend, frame_section, new_figure, phase_handles

FloatArray = npt.NDArray[np.float64]

Extent = tuple[float, float, float, float]  # left, right, bottom, top

CAMERA = Camera.looking_from((0.55, -0.85, 0.5))
_ROWS = 700


@dataclass(frozen=True)
class Placement:
    """Where a box is drawn: picture coordinates in um are multiplied by ``scale`` and moved by ``origin``."""

    origin: tuple[float, float] = (0.0, 0.0)  # [unit of the axes]
    scale: float = 1.0  # [unit of the axes per um]

    def __call__(self, points: FloatArray) -> FloatArray:
        """Return where picture coordinates lie in the axes, (..., 2) -> (..., 2)."""
        return np.asarray(np.array(self.origin) + self.scale * points)


def plot_packing(run: RunFiles) -> Figure | None:
    """Draw the packing, None where there is none."""
    if run.packing is None:
        return None
    packing = run.packing
    figure = new_figure(5.0)
    view, section = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
    spheres = spheres_in_box(packing)
    _draw_view(view, packing, spheres)
    _draw_section(section, packing, spheres)
    present = [p for p in PARTICLE_PHASES if (packing.phases == p).any()]
    handles = phase_handles(present, PHASE_COLOURS)
    for handle, phase in zip(handles, present, strict=True):
        handle.set_label(f"{handle.get_label()}: {int((packing.phases == phase).sum())}")
    add_legend(figure, handles)
    return figure


def _draw_view(axes: Axes, packing: Packing, spheres: Spheres) -> None:
    """Draw the box from the front right above."""
    left, right, bottom, top = draw_box(axes, packing, spheres, Placement(), _ROWS)
    margin = 0.08 * (top - bottom)
    axes.set_xlim(left - margin, right + margin)
    axes.set_ylim(bottom - margin, top + 0.3 * margin)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title("spheres clipped to the box", fontsize=10)


def draw_box(axes: Axes, packing: Packing, spheres: Spheres, place: Placement, rows: int) -> Extent:
    """Draw the spheres and the box with the lengths of its edges; hidden edges lie behind the spheres.

    Args:
        axes: where to draw.
        packing: whose box it is.
        spheres: those that reach into the box [m].
        place: where in the axes.
        rows: height of the picture [pixel].

    Returns:
        Left, right, bottom and top of the picture in the axes.
    """
    lower, upper = np.zeros(3), _micrometres(packing.size)
    moved = Spheres(_micrometres(spheres.centres - packing.lower), _micrometres(spheres.radii), spheres.phases)
    picture = SphereRenderer(lower, upper, CAMERA, rows).draw(moved, PHASE_COLOURS)
    (left, bottom), (right, top) = place(np.array(picture.extent).reshape(2, 2).T)
    extent = (float(left), float(right), float(bottom), float(top))
    axes.imshow(picture.pixels, extent=extent, origin="lower", interpolation="antialiased", zorder=2)
    hidden, visible = (place(CAMERA.project(edges)) for edges in _box_edges(lower, upper, CAMERA))
    axes.add_collection(LineCollection(list(hidden), colors="#BBBBBB", linewidths=0.7, zorder=1))
    axes.add_collection(LineCollection(list(visible), colors="black", linewidths=0.9, zorder=3))
    _label_edges(axes, upper, place)
    return extent


def box_corners(packing: Packing) -> FloatArray:
    """Return the corners of the box moved to the origin, shape (8, 3) [um]."""
    return np.array(list(product(*((0.0, length) for length in _micrometres(packing.size)))))


def _box_edges(lower: FloatArray, upper: FloatArray, camera: Camera) -> tuple[FloatArray, FloatArray]:
    """Return the three edges that end in the corner farthest from the eye, and the other nine, (n, 2, 3)."""
    size = upper - lower
    far = (camera.towards < 0.0).astype(int)
    hidden: list[tuple[FloatArray, FloatArray]] = []
    visible: list[tuple[FloatArray, FloatArray]] = []
    for axis in range(3):
        for code in range(4):
            start = np.insert([code & 1, code >> 1], axis, 0)
            end = start + np.eye(3, dtype=int)[axis]
            touches = np.array_equal(start, far) or np.array_equal(end, far)
            (hidden if touches else visible).append((lower + start * size, lower + end * size))
    return np.array(hidden), np.array(visible)


def _label_edges(axes: Axes, size: FloatArray, place: Placement) -> None:
    """Write the length of the box beside the front edges."""
    places = (
        ("x", np.array([0.5 * size[0], 0.0, 0.0]), "right", "top"),
        ("y", np.array([size[0], 0.5 * size[1], 0.0]), "left", "top"),
        ("z", np.array([0.0, 0.0, 0.5 * size[2]]), "right", "center"),
    )
    for axis, (name, point, horizontal, vertical) in enumerate(places):
        u, v = place(CAMERA.project(point))
        shift = (-3.0 if horizontal == "right" else 3.0, 0.0 if name == "z" else -3.0)  # [point]
        axes.annotate(
            f"{name}: {size[axis]:.3g} µm",
            (float(u), float(v)),
            xytext=shift,
            textcoords="offset points",
            ha=horizontal,
            va=vertical,
            rotation=90 if name == "z" else 0,
            fontsize=9,
        )


def _micrometres(lengths: FloatArray) -> FloatArray:
    return np.asarray(lengths / MICROMETRE, dtype=np.float64)


def _draw_section(axes: Axes, packing: Packing, spheres: Spheres) -> None:
    """Draw the circles in which the plane y = L/2 cuts the spheres, the owner of an overlap on top."""
    offset = spheres.centres - packing.lower
    reach = spheres.radii**2 - (offset[:, 1] - 0.5 * packing.size[1]) ** 2
    frame = [packing.size[0] / MICROMETRE, packing.size[2] / MICROMETRE]
    axes.set_facecolor(PHASE_COLOURS[Phase.void])
    for level, phase in enumerate(reversed(OVERLAP_PRIORITY)):
        cut = (reach > 0.0) & (spheres.phases == phase)
        centres, radii = offset[cut][:, ::2] / MICROMETRE, np.sqrt(reach[cut]) / MICROMETRE
        circles = [Circle((float(x), float(z)), float(r)) for (x, z), r in zip(centres, radii, strict=True)]
        colour = PHASE_COLOURS[phase]
        axes.add_collection(
            PatchCollection(circles, facecolor=colour, edgecolor="white", linewidth=0.3, zorder=2 + level)
        )
    frame_section(axes, frame[0], 0.0, frame[1])
    axes.set_title(f"section y = {0.5 * packing.size[1] / MICROMETRE:.3g} µm", fontsize=10)
