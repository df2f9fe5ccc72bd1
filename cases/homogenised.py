"""The homogenised model with a run's own effective properties, beside its resolved curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from solver.half_cell import CellModel
from solver.homogenised import HomogenisedCell, HomogenisedCurve, homogenised_curve
from solver.protocol import SECONDS_PER_HOUR

from .case_file import stored_case
from .conduction_settings import conduction_sections
from .physics import CaseMaterials, build_cell_model
from .plots_files import RunFiles
from .plots_homogenised import Columns, plot_homogenised, voltages_at_same_capacity
from .plots_style import save_figure
from .schema import Case
from .table_file import write_table

COLUMNS = ("time_s", "capacity_Ah_m2", "voltage_V")
COMPARED = (0.02, 0.98)  # of the shorter curve's capacity: both ends are steep


def homogenise(out: Path, layers: int, shells: int) -> dict[str, float]:
    """Run the model; write curve, figures and plot into the run's directory and return the figures.

    Args:
        out: directory of a finished run.
        layers: finite volumes across the electrode.
        shells: intervals along the radius of the particles.

    Raises:
        InputError: not a finished run of one step at constant current in a half cell with both conductivities.
        StageError: the model does not converge.
    """
    case, summary = _finished(out)
    cell, current, cutoff = homogenised_cell(case, summary)
    found = homogenised_curve(cell, current, cutoff, layers, shells)
    (out / "curves").mkdir(exist_ok=True)
    write_table(out / "curves" / "homogenised.csv", curve_rows(found))
    run = RunFiles(out)
    figures = comparison(run.curve("discharge"), run.curve("homogenised"))
    report = {"properties": _properties(cell), "comparison": figures}
    (out / "homogenised.json").write_text(json.dumps(report, indent=2) + "\n")
    figure = plot_homogenised(run)
    if figure is not None:
        (out / "plots").mkdir(exist_ok=True)
        save_figure(figure, out / "plots" / "homogenised.png")
    return {**report["properties"], **figures}


def _finished(out: Path) -> tuple[Case, dict[str, Any]]:
    """Return case and summary of a finished run.

    Raises:
        InputError: there is none, or it is not a single step at constant current in a half cell.
    """
    try:
        case, _ = stored_case(out)
        summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    except OSError as error:
        raise InputError("DIR", str(out), "the directory of a finished run") from error
    for stage in ("conduction", "discharge"):
        if stage not in summary:
            raise InputError("DIR", f"{out} without {stage}", "a run with conduction and discharge")
    step = case.discharge
    if step is None or step.hold_voltage is not None or step.cutoff_voltage is None:
        raise InputError("discharge", "another protocol", "one step at constant current with cutoff_voltage")
    if case.materials.anode is not None:
        raise InputError("materials.anode", "a second insertion electrode", "a counter electrode without lithium field")
    return case, summary


def homogenised_cell(case: Case, summary: dict[str, Any]) -> tuple[HomogenisedCell, float, float]:
    """Return the homogenised cell of a run, its current density [A/m2] and its cut-off [V].

    Raises:
        InputError: a conductivity along z is missing.
    """
    materials = CaseMaterials(case)
    model = build_cell_model(case, materials)
    mesh, found = summary["meshing"], summary["discharge"]
    volume = mesh["cross_section_m2"] * mesh["electrode_thickness_m"]
    cell = HomogenisedCell(
        thickness=mesh["electrode_thickness_m"],
        ionic_conductivity=_along_z(case, materials, summary, "ionic"),
        electronic_conductivity=_along_z(case, materials, summary, "electronic"),
        active_fraction=mesh["volume_fraction"]["AM"] * found["active_fraction"]["AM"],
        specific_area=found["active_area_m2"]["AM"] / volume,
        particle_radius=sauter_radius(mesh),
        separator_resistance=case.cell.separator_thickness / materials.ionic()[Phase.separator],
        diffusivity=_diffusivity(model),
        maximum_concentration=model.maximum_concentration[Phase.AM],
        initial_stoichiometry=model.initial_stoichiometry[Phase.AM],
        reaction=model.reactions[Phase.AM],
        counter=model.counter,
    )
    assert case.discharge is not None
    assert case.discharge.cutoff_voltage is not None
    return cell, float(found["current_density_A_m2"]), case.discharge.cutoff_voltage


def _along_z(case: Case, materials: CaseMaterials, summary: dict[str, Any], carrier: str) -> float:
    """Return the effective conductivity of a carrier along z [S/m]."""
    for name, section in conduction_sections(case, materials).items():
        if section.carrier == carrier and "z" in section.directions:
            value = summary["conduction"][name]["by_direction"]["z"]["effective_conductivity_S_m"]
            if value > 0.0:
                return float(value)
    raise InputError("conduction", f"no {carrier} conductivity above 0 along z", f'a solve with carrier = "{carrier}"')


def sauter_radius(meshing: dict[str, Any]) -> float:
    """Return the radius of spheres with volume and surface of all active material, 3 V/S [m].

    Args:
        meshing: figures of the mesh; contacts between its particles are not part of the surface.
    """
    areas = meshing["interface_area_m2"]
    surface = sum(value for name, value in areas.items() if "AM" in name.split("|") and name != "AM|AM")
    surface += meshing["collector_area_m2"].get("AM", 0.0)
    volume = meshing["volume_fraction"]["AM"] * meshing["cross_section_m2"] * meshing["electrode_thickness_m"]
    return float(3.0 * volume / surface)


def _diffusivity(model: CellModel) -> Any:
    """Return D(x) of the active material [m2/s]."""
    entry = model.diffusivity[Phase.AM]
    return (lambda x: np.full_like(x, entry)) if isinstance(entry, float | int) else entry.value


def _properties(cell: HomogenisedCell) -> dict[str, float]:
    return {
        "thickness_m": cell.thickness,
        "ionic_conductivity_S_m": cell.ionic_conductivity,
        "electronic_conductivity_S_m": cell.electronic_conductivity,
        "active_fraction": cell.active_fraction,
        "specific_area_1_m": cell.specific_area,
        "particle_radius_m": cell.particle_radius,
        "covered_share": cell.covered_share,
        "separator_resistance_Ohm_m2": cell.separator_resistance,
    }


def curve_rows(found: HomogenisedCurve) -> list[list[Any]]:
    """Return time, capacity and voltage as a table with its header."""
    columns = (found.time, found.capacity / SECONDS_PER_HOUR, found.voltage)
    return [list(COLUMNS), *(list(row) for row in zip(*columns, strict=True))]


def comparison(resolved: Columns | None, found: Columns | None) -> dict[str, float]:
    """Return how the homogenised curve differs from the resolved one, homogenised minus resolved."""
    if resolved is None or found is None:
        raise InputError("DIR", "no curves/discharge.csv", "the curve of the run")
    ours, theirs = (float(curve["capacity_Ah_m2"][-1]) for curve in (resolved, found))
    _, one, other = voltages_at_same_capacity(resolved, found, COMPARED)
    return {
        "capacity_resolved_Ah_m2": ours,
        "capacity_homogenised_Ah_m2": theirs,
        "relative_capacity_difference": theirs / ours - 1.0,
        "mean_voltage_difference_mV": float(1e3 * np.mean(other - one)),
        "largest_voltage_difference_mV": float(1e3 * np.abs(other - one).max()),
    }
