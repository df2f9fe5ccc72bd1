"""Volume fractions along the height of the dried and the calendered film."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from manufacturing.packing import Packing
from manufacturing.phases import PARTICLE_PHASES, Phase
from manufacturing.profile import height_profile

from .plots_degrees import kept_degrees
from .plots_files import RunFiles
from .plots_stages import calendered_title
from .plots_style import MICROMETRE, PHASE_LABELS, PHASE_LINES, WIDE, new_figure

_MOST_PANELS = 4
_LAYERS = 40


def plot_profiles(run: RunFiles) -> Figure | None:
    """Draw one diagram per film, None without any; the films stand on the same axis."""
    films = _films(run)
    if not films:
        return None
    figure = new_figure(5.0, WIDE)
    every = figure.subplots(1, len(films), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (title, packing) in zip(every, films, strict=True):
        _draw_profile(axes, packing)
        axes.set_title(title.replace(", ", ",\n"), fontsize=10)
    every[0].set_ylabel("z [µm]")
    every[0].set_xlim(left=0.0)
    every[0].set_ylim(bottom=0.0)
    handles = every[0].get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    return figure


def _films(run: RunFiles) -> list[tuple[str, Packing]]:
    """Return the dried film, some degrees of calendering and the calendered film, with titles."""
    dried, calendered = run.stage_packing("dried"), run.stage_packing("calendered")
    films = [] if dried is None else [("dried", dried)]
    for degree in kept_degrees(run, _MOST_PANELS - (dried is not None) - (calendered is not None)):
        packing = run.stage_packing(run.calendered_degrees[degree])
        assert packing is not None
        films.append((f"under load at {degree:g} %", packing))
    if calendered is not None:
        films.append((calendered_title(run), calendered))
    return films


def _draw_profile(axes: Axes, packing: Packing) -> None:
    """Draw the share of each phase in layers of equal thickness."""
    profile = height_profile(packing, _LAYERS)
    height = (profile.middle - packing.lower[2]) / MICROMETRE
    shares = {Phase[name]: getattr(profile, name) for name in [*(p.name for p in PARTICLE_PHASES), Phase.void.name]}
    for phase, share in shares.items():
        label = "void between the beads" if phase is Phase.void else PHASE_LABELS[phase]
        style = "--" if phase is Phase.void else "-"
        axes.plot(share, height, style, color=PHASE_LINES[phase], linewidth=1.5, label=label)
    axes.set_xlabel("volume fraction")
    axes.grid(alpha=0.3)
