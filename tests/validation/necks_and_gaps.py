"""What particle colours, grading and the refill buy: figure and table of ``cases/studies/necks_and_gaps.toml``.

    granode study cases/studies/necks_and_gaps.toml --out DIR
    python3 -m tests.validation.necks_and_gaps DIR FIGURE.png

Errors of the tortuosity factor are relative to voxels of the same packings, extrapolated in their edge.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from cases.case_file import read_case
from cases.geometry import given_packing
from cases.plots_style import LINE_COLOURS, new_figure, save_figure
from manufacturing.phases import Phase

from .voxel_conduction import extrapolated, label_voxels, voxel_flow

CASE = Path(__file__).resolve().parents[2] / "cases" / "studies" / "necks_and_gaps.toml"
COUNTS = (64, 96, 128, 160)  # voxels along x
METHODS = ("one level set per phase", "coloured", "coloured + graded", "coloured + filled by gmsh")
AREA, SE = "meshing.interface_area_error.AM|SE", "meshing.volume_fraction_error.SE"
ORDERS = {1: "conduction.first_order.tortuosity_factor", 2: "conduction.second_order.tortuosity_factor"}

Row = dict[str, str]


def reference(seed: int) -> tuple[float, float]:
    """Return the tortuosity factor of a packing by voxels, extrapolated, and its standard error."""
    packing = given_packing(read_case(CASE, (f"geometry.seed={seed}",)).geometry, CASE.parent)
    edges, values = [], []
    for count in COUNTS:
        labels = label_voxels(packing, count)
        flow = voxel_flow(labels, packing.size / labels.shape, Phase.SE, (packing.periodic[0], packing.periodic[1]))
        edges.append(packing.size[0] / labels.shape[0])
        values.append(flow.tortuosity_factor)
        print(f"seed {seed}, voxels of {1e6 * edges[-1]:.3f} um: tortuosity factor {values[-1]:.4f}", flush=True)
    return extrapolated(np.array(edges), np.array(values))


def references(folder: Path, seeds: list[int]) -> dict[int, tuple[float, float]]:
    """Return the references of the seeds; what was computed before is read from the folder."""
    path = folder / "voxel_reference.json"
    known = {int(k): tuple(v) for k, v in json.loads(path.read_text()).items()} if path.exists() else {}
    for seed in seeds:
        if seed not in known:
            known[seed] = reference(seed)
            path.write_text(json.dumps(known))
    return known


def method(row: Row) -> int:
    """Return which of METHODS a point belongs to."""
    if row.get("mesh.colouring") == "phase":
        return 0
    if row.get("mesh.fill") == "gmsh":
        return 3
    return 2 if row.get("mesh.grading.smallest_size") else 1


def finished(folder: Path) -> list[Row]:
    """Return the rows of the study that have all figures."""
    with (folder / "results.csv").open() as file:
        return [row for row in csv.DictReader(file) if row.get(ORDERS[2])]


def summarised(rows: list[Row], known: dict[int, tuple[float, float]]) -> list[dict[str, float]]:
    """Return means over the seeds for each method and cell size; deviations from the reference in per cent."""
    groups: dict[tuple[int, float], list[Row]] = {}
    for row in rows:
        groups.setdefault((method(row), -float(row["mesh.cell_size"])), []).append(row)
    out = []
    for (which, size), members in sorted(groups.items()):
        entry = {"method": which, "cell_size_um": -1e6 * size, "seeds": len(members)}
        entry["cells"] = float(np.mean([float(m["meshing.cells"]) for m in members]))
        entry["angle"] = min(float(m["meshing.min_dihedral_deg"]) for m in members)
        entry["area"] = 100.0 * float(np.mean([float(m[AREA]) for m in members]))
        entry["se"] = 100.0 * float(np.mean([float(m[SE]) for m in members]))
        for order, key in ORDERS.items():
            errors = [100.0 * (float(m[key]) / known[int(m["geometry.seed"])][0] - 1.0) for m in members]
            entry[f"tau{order}"], entry[f"spread{order}"] = float(np.mean(errors)), float(np.std(errors, ddof=1))
        out.append(entry)
    return out


def print_table(entries: list[dict[str, float]]) -> None:
    """Print a Markdown table."""
    print("| mesh | h [um] | cells | P1 [%] | P2 [%] | SE [points] | AM/SE area [%] | smallest angle |")
    print("|---|---|---|---|---|---|---|---|")
    for e in entries:
        taus = " | ".join(f"{e[f'tau{order}']:+.1f} +- {e[f'spread{order}']:.1f}" for order in ORDERS)
        print(
            f"| {METHODS[int(e['method'])]} | {e['cell_size_um']:.2g} | {e['cells']:.0f} | {taus} | "
            f"{e['se']:+.2f} | {e['area']:+.1f} | {e['angle']:.1f} |"
        )


def draw(entries: list[dict[str, float]], path: Path) -> None:
    """Draw the errors against the number of cells."""
    figure = new_figure(3.6, 10.67)
    axes: list[Axes] = list(figure.subplots(1, 3))
    for which, name in enumerate(METHODS):
        own = [e for e in entries if e["method"] == which]
        if not own:
            continue
        cells = [e["cells"] for e in own]
        colour = LINE_COLOURS[which]
        for order, style in ((1, "--"), (2, "-")):
            spread = [e[f"spread{order}"] for e in own]
            values = [e[f"tau{order}"] for e in own]
            label = name if order == 2 else None
            axes[0].errorbar(cells, values, spread, fmt=f"o{style}", color=colour, label=label, markersize=4, capsize=2)
        axes[1].plot(cells, [e["area"] for e in own], "o-", color=colour, markersize=4)
        axes[2].plot(cells, [e["se"] for e in own], "o-", color=colour, markersize=4)
    titles = ("tortuosity factor of SE: error [%]", "AM|SE area: error [%]", "SE volume fraction: error [points]")
    for axis, title in zip(axes, titles, strict=True):
        axis.set_xscale("log")
        axis.set_xlabel("cells")
        axis.set_title(title, fontsize=10)
        axis.axhline(0.0, color="0.6", linewidth=0.8)
        axis.set_xticks([3e4, 1e5, 3e5], ["30k", "100k", "300k"])
        axis.minorticks_off()
    axes[0].plot([], [], "k--", label="first order")
    axes[0].plot([], [], "k-", label="second order")
    handles, names = axes[0].get_legend_handles_labels()
    axes[1].legend(handles, names, fontsize=8, loc="upper right")
    save_figure(figure, path)


def main(folder: Path, picture: Path) -> None:
    """Print the table and draw the figure."""
    rows = finished(folder)
    known = references(folder, sorted({int(row["geometry.seed"]) for row in rows}))
    for seed, (value, error) in sorted(known.items()):
        print(f"seed {seed}: voxels extrapolate to {value:.3f} +- {error:.3f}")
    entries = summarised(rows, known)
    print_table(entries)
    draw(entries, picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
