"""Porosity, pressure and density against the degree of calendering."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .plots_degrees import CalenderingCurve, calendering_curve
from .plots_files import RunFiles
from .plots_style import LINE_COLOURS, WIDE, add_legend_below, new_figure

FloatArray = npt.NDArray[np.float64]

# Column: label, line style, colour.
_POROSITIES = {
    "porosity": ("with nanopores of the CBD", "o-", LINE_COLOURS[0]),
    "porosity_without_nanopores": ("without nanopores", "s-", LINE_COLOURS[1]),
    "nominal_porosity": ("nominal, overlaps counted twice", ":", LINE_COLOURS[2]),
}
_PRESSURES = {
    "plate_pressure_Pa": ("load of the top plate", "o-", LINE_COLOURS[0]),
    "pressure_z_Pa": ("normal stress in the film", "s-", LINE_COLOURS[1]),
}
_DENSITIES = {"density_g_cm3": ("under load", "o-", LINE_COLOURS[0])}
_PRINTED = LINE_COLOURS[3]
_PRINTED_RECIPE = "nmc622"  # start of the names of the recipes that the printed values belong to
_PRINTED_DRY_POROSITY = 0.50  # paper 001, with nanopores
_PRINTED_LAST_DEGREE = 50.0  # [%] paper 001: the pores almost disappear
_LOGARITHMIC = 30.0  # ratio of the largest to the smallest pressure from which the axis is logarithmic
_MEGAPASCAL = 1e6  # [Pa]


def plot_calendering(run: RunFiles) -> Figure | None:
    """Draw what calendering did degree by degree, None without its curve."""
    curve = calendering_curve(run)
    if curve is None:
        return None
    figure = new_figure(5.0, WIDE)
    porosity, pressure, density = figure.subplots(1, 3)
    _draw(porosity, curve, _POROSITIES, "porosity between the plates")
    if run.recipe.startswith(_PRINTED_RECIPE):
        _mark_printed(porosity, curve)
    _draw(pressure, curve, _PRESSURES, "pressure [MPa]", 1.0 / _MEGAPASCAL)
    _set_pressure_scale(pressure)
    if len(curve.load["degree"]) > 1 and curve.load["degree"][-2] == curve.load["degree"][-1]:
        pressure.plot([], [], " ", label="two points at the last degree:\non arrival and settled")
    _draw(density, curve, _DENSITIES, "density between the plates [g/cm³]")
    for axes in (porosity, pressure, density):
        axes.set_xlabel("degree of calendering [%]")
        axes.grid(alpha=0.3)
        add_legend_below(axes)
    return figure


def _draw(
    axes: Axes, curve: CalenderingCurve, series: dict[str, tuple[str, str, str]], label: str, factor: float = 1.0
) -> None:
    """Draw columns under load, and the way to where the film is after the release."""
    for column, (text, style, colour) in series.items():
        if column not in curve.load:
            continue
        degrees, values = 100.0 * curve.load["degree"], factor * curve.load[column]
        axes.plot(degrees, values, style, color=colour, markersize=4, label=text)
        if curve.released is not None:
            back = 100.0 * curve.released["degree"], factor * curve.released[column]
            axes.plot([degrees[-1], back[0]], [values[-1], back[1]], "-.", color=colour, linewidth=0.8)
            axes.plot(*back, "D", color=colour, markerfacecolor="white", markersize=7, zorder=5)
    if curve.released is not None:
        text = f"after release: {100.0 * curve.released['degree']:.3g} % is left of {100.0 * curve.last_degree:.3g} %"
        axes.plot([], [], "D-.", color="black", markerfacecolor="white", linewidth=0.8, label=text)
    axes.set_ylabel(label)


def _mark_printed(axes: Axes, curve: CalenderingCurve) -> None:
    """Mark what paper 001 prints about the porosity of its electrode."""
    axes.plot(
        0.0, _PRINTED_DRY_POROSITY, "*", color=_PRINTED, markersize=13, clip_on=False, zorder=6,
        label="printed (paper 001): about 0.50 dry, with\nnanopores; the drying pressure is fitted to it",
    )  # fmt: skip
    if 100.0 * curve.last_degree < _PRINTED_LAST_DEGREE - 5.0:
        return
    axes.plot(
        _PRINTED_LAST_DEGREE, 0.0, "v", color=_PRINTED, markersize=10, clip_on=False, zorder=6,
        label="printed (paper 001): pores almost disappear\nat 50 % (no number; drawn at 0)",
    )  # fmt: skip


def _set_pressure_scale(axes: Axes) -> None:
    """Take a logarithmic axis where the pressure spans decades; one that is linear around 0 if it is negative."""
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.get_lines()])
    sizes = np.abs(values[values != 0.0])
    if not len(sizes) or sizes.max() < _LOGARITHMIC * sizes.min():
        return
    if (values > 0.0).all():
        axes.set_yscale("log")
        return
    axes.set_yscale("symlog", linthresh=10.0 ** np.ceil(np.log10(np.abs(values[values <= 0.0]).max() + 1e-3)))
    axes.axhline(0.0, color="black", linewidth=0.6)
