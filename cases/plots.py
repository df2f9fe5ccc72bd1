"""Pictures of a finished run, straight from the files of its directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from .plots_calendering import plot_calendering
from .plots_currents import plot_currents
from .plots_curves import plot_manufacturing, plot_voltage
from .plots_files import RunFiles
from .plots_flow_curve import plot_flow_curve
from .plots_interface_current import plot_interface_current
from .plots_lithiation import plot_lithiation
from .plots_morphology import plot_morphology
from .plots_overpotentials import plot_heat, plot_overpotentials
from .plots_packing import plot_packing
from .plots_percolation import plot_percolation
from .plots_profiles import plot_profiles
from .plots_quality import plot_quality
from .plots_sections import plot_conduction, plot_ionic_potential, plot_lithium, plot_mesh
from .plots_stages import plot_stages
from .plots_style import save_figure
from .schema import Case

FIGURES: dict[str, Callable[[RunFiles], Figure | None]] = {
    "packing.png": plot_packing,
    "mesh_section.png": plot_mesh,
    "mesh_quality.png": plot_quality,
    "percolation.png": plot_percolation,
    "morphology.png": plot_morphology,
    "conduction.png": plot_conduction,
    "currents.png": plot_currents,
    "ionic_potential.png": plot_ionic_potential,
    "lithium.png": plot_lithium,
    "voltage.png": plot_voltage,
    "overpotentials.png": plot_overpotentials,
    "heat.png": plot_heat,
    "lithiation.png": plot_lithiation,
    "interface_current.png": plot_interface_current,
    "manufacturing.png": plot_manufacturing,
    "packing_stages.png": plot_stages,
    "calendering.png": plot_calendering,
    "profiles.png": plot_profiles,
    "flow_curve.png": plot_flow_curve,
}


def plot_run(out: Path, case: Case) -> list[str]:
    """Write the pictures for which a run directory has data, and remove those of an earlier run.

    Args:
        out: directory of the run.
        case: the case that was run; its title becomes the headline.

    Returns:
        Names of the files in ``out/plots``.
    """
    folder = out / "plots"
    folder.mkdir(exist_ok=True)
    run = RunFiles(out)
    written = []
    for name, draw in FIGURES.items():
        (folder / name).unlink(missing_ok=True)
        figure = draw(run)
        if figure is not None:
            if case.title:
                figure.suptitle(case.title, fontsize=11)
            save_figure(figure, folder / name)
            written.append(name)
    return written
