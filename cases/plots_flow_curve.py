"""The flow curve of the slurry: viscosity with the fitted laws, and the stress in its parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from manufacturing.flow_curve import FlowCurve
from manufacturing.flow_fit import FlowFit

from .plots_files import RunFiles
from .plots_style import LINE_COLOURS, WIDE, add_legend_below, new_figure, with_error

FloatArray = npt.NDArray[np.float64]

_BAND = LINE_COLOURS[4]
_RATES = "#777777"
_RATE_LABEL = "shear rate [1/s]"
_FIT_POINTS = 200


@dataclass(frozen=True)
class PrintedRange:
    """What a paper prints about measured viscosities."""

    rates: tuple[float, float]  # [1/s]
    viscosities: tuple[float, float] | None  # [Pa s], None where the paper shows them in a figure only
    label: str


# Paper 003 prints the rates of its rheometer, 0.1-0.3 Pa s as usual for such slurries and 0.3-0.6 Pa s as wanted for
# coating; the measured points themselves are in a figure.
NMC811_RANGE = PrintedRange(
    (10.0, 1000.0),
    (0.1, 0.6),
    "paper 003 (NMC811): rates measured 10-1000 1/s;\nprinted 0.1-0.3 Pa s as usual, 0.3-0.6 Pa s as wanted",
)
NMC622_RANGE = PrintedRange(
    (0.1, 700.0), None, "paper 001 (NMC622): rates measured 0.1-700 1/s\n(viscosities not printed)"
)


def plot_flow_curve(run: RunFiles) -> Figure | None:
    """Draw viscosity and stress against the shear rate, None without a flow curve."""
    curve = run.flow_curve
    if curve is None:
        return None
    figure = new_figure(6.0, WIDE)
    viscosity, stress = figure.subplots(1, 2)
    _draw_viscosity(viscosity, curve)
    _draw_stress(stress, curve)
    for axes in (viscosity, stress):
        axes.set_xscale("log")
        axes.set_xlabel(_RATE_LABEL)
        axes.grid(alpha=0.3)
        add_legend_below(axes)
    return figure


def _draw_viscosity(axes: Axes, curve: FlowCurve) -> None:
    """Draw the points over the fitted laws, and the printed ranges behind them."""
    for fit, style, colour in (
        (curve.herschel_bulkley, "-", LINE_COLOURS[1]),
        (curve.power_law, "--", LINE_COLOURS[2]),
    ):
        if fit is not None:
            rates = _fit_rates(curve)
            axes.plot(rates, fit.viscosity(rates), style, color=colour, linewidth=1.3, label=fit_label(fit))
    _draw_points(axes, curve, "viscosity", LINE_COLOURS[0], "o", "simulated")
    axes.set_yscale("log")
    axes.set_ylabel("viscosity [Pa s]")
    _draw_printed(axes)


def _draw_stress(axes: Axes, curve: FlowCurve) -> None:
    """Draw the shear stress with the parts of contacts and attraction."""
    _draw_points(axes, curve, "stress", LINE_COLOURS[0], "o", "shear stress")
    rates = _values(curve, "rate")
    parts = {
        "contact": ("s", LINE_COLOURS[1], "part of the contacts"),
        "attraction": ("^", LINE_COLOURS[2], "part of the attraction"),
    }
    for name, (marker, colour, label) in parts.items():
        axes.plot(rates, _values(curve, name), marker=marker, color=colour, markersize=5, linewidth=1, label=label)
    _set_stress_scale(axes, np.concatenate([_values(curve, n) for n in ("stress", *parts)]))
    axes.set_ylabel("shear stress [Pa]")


def _draw_points(axes: Axes, curve: FlowCurve, name: str, colour: str, marker: str, label: str) -> None:
    """Draw points with error bars; those that are not steady are hollow."""
    steady = np.array([p.shear.converged for p in curve.points])
    for chosen, face, text in ((steady, colour, label), (~steady, "white", f"{label}, not steady at the last strain")):
        if chosen.any():
            axes.errorbar(
                _values(curve, "rate")[chosen],
                _values(curve, name)[chosen],
                yerr=_values(curve, f"{name}_error")[chosen],
                fmt=marker,
                color=colour,
                markerfacecolor=face,
                capsize=3,
                zorder=4,
                label=text,
            )


def _draw_printed(axes: Axes) -> None:
    """Shade the printed range of viscosities; of rates alone, draw a bar at the lower edge."""
    low, high = NMC811_RANGE.viscosities or (np.nan, np.nan)
    axes.fill_between(NMC811_RANGE.rates, low, high, color=_BAND, alpha=0.3, linewidth=0, label=NMC811_RANGE.label)
    ends = np.array(NMC622_RANGE.rates)
    axes.plot(
        ends, [0.02, 0.02], color=_RATES, linewidth=4, solid_capstyle="butt", alpha=0.7,
        transform=axes.get_xaxis_transform(), label=NMC622_RANGE.label,
    )  # fmt: skip


def _set_stress_scale(axes: Axes, values: FloatArray) -> None:
    """Take a logarithmic axis; with stresses that are not positive one that is linear around 0."""
    if (values > 0.0).all():
        axes.set_yscale("log")
        return
    sizes = np.abs(values[values != 0.0])
    axes.set_yscale("symlog", linthresh=max(float(sizes.min(initial=1.0)), 1e-3))
    axes.axhline(0.0, color="black", linewidth=0.6)


def fit_label(fit: FlowFit) -> str:
    """Return the law with its parameters and their standard errors."""
    consistency = f"K = {with_error(fit.consistency, fit.errors[-2])} Pa s$^n$"
    exponent = f"n = {with_error(fit.exponent, fit.errors[-1])}, $\\chi^2$ = {fit.chi_square:.2g}"
    if fit.law == "power_law":
        return "\n".join((r"power law $\eta = K\dot\gamma^{n-1}$:", f"{consistency}, {exponent}"))
    threshold = rf"$\tau_y$ = {with_error(fit.yield_stress, fit.errors[0])} Pa"
    return "\n".join((r"Herschel-Bulkley $\tau = \tau_y + K\dot\gamma^n$:", f"{threshold}, {consistency}, {exponent}"))


def _fit_rates(curve: FlowCurve) -> FloatArray:
    rates = _values(curve, "rate")
    return np.geomspace(rates.min(), rates.max(), _FIT_POINTS)


def _values(curve: FlowCurve, name: str) -> FloatArray:
    """Return a quantity of every point, shape (points,)."""
    return np.array([getattr(point.shear, name) for point in curve.points], dtype=np.float64)
