"""Section through the mesh coloured by what each cell hangs together with."""

from __future__ import annotations

import meshio
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from manufacturing.clusters import FROM_ABOVE, FROM_BELOW, FROM_BOTH, ISOLATED
from manufacturing.phases import Phase

from .percolation import FIELD
from .plots_files import RunFiles, Section, middle
from .plots_style import MICROMETRE, PHASE_GREYS, WIDE, WIDTH, add_legend, frame_section, new_figure

IntArray = npt.NDArray[np.int64]

PANELS = {"electrons: AM and CBD": (Phase.AM, Phase.CBD), "ions: SE": (Phase.SE,), "void": (Phase.void,)}
STATES = {
    FROM_BOTH: ("joined to both sides", "#0072B2"),
    FROM_ABOVE: ("to the collector only", "#56B4E9"),
    FROM_BELOW: ("to the separator side only", "#E69F00"),
    ISOLATED: ("isolated", "#D55E00"),
}


def plot_percolation(run: RunFiles) -> Figure | None:
    """Draw one section per carrier, with the state of every cell of its phases; None without the field."""
    file = run.out / FIELD
    if run.mesh is None or run.section is None or "percolation" not in run.summary or not file.exists():
        return None
    state = np.asarray(meshio.read(file).cell_data["state"][0], dtype=np.int64)
    if len(state) != len(run.mesh.cells):
        return None
    here = state[run.section.cut.owners]
    shown = {title: phases for title, phases in PANELS.items() if np.isin(run.section.phases, phases).any()}
    size = (run.mesh.upper - run.mesh.lower) / MICROMETRE
    width = WIDTH if len(shown) < len(PANELS) else WIDE
    height = float(np.clip(width / len(shown) * size[2] / size[0], 2.2, 5.5)) + 1.0
    figure = new_figure(height, width)
    for axes, (title, phases) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown.items(), strict=True):
        _draw(axes, run.section, here, phases)
        frame_section(
            axes, float(size[0]), float(run.mesh.lower[2] / MICROMETRE), float(run.mesh.upper[2] / MICROMETRE)
        )
        axes.set_title(f"{title}, y = {middle(run.mesh) / MICROMETRE:.3g} µm", fontsize=10)
        axes.label_outer()
    handles = [Patch(facecolor=colour, label=label) for label, colour in STATES.values()]
    add_legend(figure, [*handles, Patch(facecolor=PHASE_GREYS[Phase.AM], label="other phases")])
    return figure


def _draw(axes: Axes, section: Section, state: IntArray, phases: tuple[Phase, ...]) -> None:
    """Draw the cells of some phases by state and all others in grey."""
    mine = np.isin(section.phases, phases) & (state >= 0)
    colours = [
        STATES[int(s)][1] if m else PHASE_GREYS[Phase(int(p))]
        for s, m, p in zip(state, mine, section.phases, strict=True)
    ]
    polygons = list(section.polygons / MICROMETRE)
    axes.add_collection(PolyCollection(polygons, facecolors=colours, edgecolors=colours, linewidths=0.2, snap=False))
    axes.add_collection(LineCollection(list(section.interfaces / MICROMETRE), colors="black", linewidths=0.4))
