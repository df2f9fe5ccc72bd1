"""Colours, sizes and file format shared by all plots."""

from __future__ import annotations

import io
import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from PIL import Image

from manufacturing.phases import Phase

# Okabe and Ito's palette, which people with any colour vision can tell apart.
PHASE_COLOURS = {
    Phase.AM: "#0072B2",
    Phase.SE: "#E69F00",
    Phase.CBD: "#333333",
    Phase.void: "#F4F4F4",
    Phase.separator: "#F3D48A",
    Phase.anode: "#009E73",
}
PHASE_GREYS = {
    Phase.AM: "#DADADA",
    Phase.SE: "#EAEAEA",
    Phase.CBD: "#9A9A9A",
    Phase.void: "#FFFFFF",
    Phase.separator: "#EAEAEA",
    Phase.anode: "#CFCFCF",
}
PHASE_LABELS = {
    Phase.AM: "active material (AM)",
    Phase.SE: "solid electrolyte (SE)",
    Phase.CBD: "carbon-binder (CBD)",
    Phase.void: "void",
    Phase.separator: "separator",
    Phase.anode: "anode",
}
LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MICROMETRE = 1e-6
PHASE_LINES = {  # void shows up as a line in a colour that no phase has
    **{phase: PHASE_COLOURS[phase] for phase in (Phase.AM, Phase.SE, Phase.CBD)},
    Phase.void: LINE_COLOURS[3],
}
WIDTH = 8.0  # [inch]
WIDE = 32.0 / 3.0  # [inch]: 1600 px wide, for three diagrams or more side by side
RESOLUTION = 150  # [dots per inch]: 1200 px wide
LARGEST_FILE = 400_000  # [byte]
_PLAIN_NUMBERS = (1e-2, 1e4)  # written without a power of ten


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure; height and width in inches, 1200 px wide if not told."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.06)
    return Figure(figsize=(width, height), dpi=RESOLUTION, layout=layout)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG file, with 256 colours where true colours would need more than ``LARGEST_FILE`` bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=RESOLUTION)
    if buffer.tell() > LARGEST_FILE:
        image = Image.open(buffer).convert("RGB")
        buffer = io.BytesIO()
        image.quantize(256, dither=Image.Dither.NONE).save(buffer, format="png", optimize=True)
    path.write_bytes(buffer.getvalue())


def phase_handles(phases: list[Phase], colours: dict[Phase, str]) -> list[Patch]:
    """Return one legend entry per phase."""
    return [Patch(facecolor=colours[p], edgecolor="#666666", linewidth=0.5, label=PHASE_LABELS[p]) for p in phases]


def add_legend(figure: Figure, handles: list[Patch]) -> None:
    """Put a row of legend entries below a figure."""
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=5, fontsize=9, frameon=False)


def add_legend_below(axes: Axes) -> None:
    """Put the legend of a diagram under its horizontal axis, where it covers no data; points with error bars first."""
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda k: not isinstance(handles[k], ErrorbarContainer))
    axes.legend(
        [handles[k] for k in order],
        [labels[k] for k in order],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.17),
        fontsize=8,
        frameon=False,
        borderaxespad=0.0,
    )


def with_error(value: float, error: float) -> str:
    """Return a number and its error, two digits of which are shown; small and large ones with a power of ten."""
    low, high = _PLAIN_NUMBERS
    if value and not low <= abs(value) < high:
        return f"{value:.2e} ± {error:.1e}"
    if not 0.0 < error < math.inf:
        return f"{value:.4g} ± {error:g}"
    places = max(1 - math.floor(math.log10(error)), 0)
    return f"{value:.{places}f} ± {error:.{places}f}"


def frame_section(axes: Axes, width: float, bottom: float, top: float) -> None:
    """Set limits and labels of a section x-z with equal scales; a long thin one is stretched, and says so.

    Args:
        axes: where the section is drawn, in um.
        width: extent in x [um].
        bottom: lowest z [um].
        top: highest z [um].
    """
    height = top - bottom
    stretched = not 1.0 / 6.0 < height / width < 6.0
    axes.set_xlim(0.0, width)
    axes.set_ylim(bottom, top)
    if stretched:
        axes.set_box_aspect(1.3)
    else:
        axes.set_aspect("equal")
    axes.set_xlabel("x [µm]" + (" (not to scale)" if stretched else ""))
    axes.set_ylabel("z [µm]")
