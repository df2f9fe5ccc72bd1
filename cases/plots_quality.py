"""How the dihedral angles of a mesh are distributed."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from .plots_files import RunFiles
from .plots_style import LINE_COLOURS, new_figure

_SERIES = (("min_dihedral_cells", "smallest angle of each cell"), ("max_dihedral_cells", "largest angle of each cell"))


def plot_quality(run: RunFiles) -> Figure | None:
    """Draw histograms of the smallest and the largest dihedral angle of the cells; None without a mesh."""
    quality = run.summary.get("meshing", {}).get("quality")
    if quality is None:
        return None
    edges = np.array(quality["histogram"]["edges_deg"])
    figure = new_figure(3.6)
    axes = figure.subplots()
    for (name, label), colour in zip(_SERIES, LINE_COLOURS, strict=False):
        cells = np.array(quality["histogram"][name], dtype=float)
        axes.stairs(100.0 * cells / cells.sum(), edges, fill=True, alpha=0.55, color=colour, label=label)
    for name, ha in (("min_dihedral_deg", "left"), ("max_dihedral_deg", "right")):
        axes.axvline(quality[name], color="#333333", linewidth=0.8, linestyle="--")
        axes.annotate(
            f" {quality[name]:.1f}° ", (quality[name], 1.0), xycoords=("data", "axes fraction"), ha=ha, va="top"
        )
    axes.set_xlim(0.0, 180.0)
    axes.set_yscale("log")
    axes.set_xlabel("dihedral angle [degree]")
    axes.set_ylabel("share of the cells [%]")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    return figure
