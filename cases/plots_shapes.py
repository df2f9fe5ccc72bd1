"""Picture of the shapes of the case file, docs/figures/shapes.png: ``python3 -m cases.plots_shapes`` draws it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from mpi4py import MPI

from manufacturing.phases import Phase
from meshing.voxel_mesh import label_voxels

from .case_file import read_case
from .geometry import given_packing
from .plots_files import RunFiles
from .plots_sections import draw_cells
from .plots_style import PHASE_COLOURS, WIDE, add_legend, new_figure, phase_handles, save_figure
from .runner import run_in_process

PROJECT = Path(__file__).resolve().parent.parent
PICTURE = PROJECT / "docs" / "figures" / "shapes.png"
CASES = PROJECT / "cases" / "verification"
PANELS = {  # shipped case and what its panel is called
    "hemisphere": "hemisphere",
    "cone_electrode": "cones",
    "disc_array": "discs",
    "sphere_lattice": "lattice (BCC, overlapping)",
    "brick_wall": "bricks, joints SE|SE",
    "checkerboard": "checkerboard",
}
VOXEL = 0.4e-6  # [m]


def image_case(folder: Path, method: str) -> dict[str, Any]:
    """Return a case of an image: the spheres of the small composite painted on voxels, written to ``folder``."""
    case = read_case(CASES / "small_composite.toml")
    packing = given_packing(case.geometry, CASES)  # type: ignore[arg-type]
    counts = np.round(packing.size / VOXEL).astype(np.int64)
    np.save(folder / "stack.npy", label_voxels(packing, counts, Phase.void)[0])
    geometry = {
        "source": "image",
        "file": str(folder / "stack.npy"),
        "voxel": VOXEL,
        "axes": "xyz",
        "labels": {str(int(p)): p.name for p in (Phase.AM, Phase.SE, Phase.CBD, Phase.void)},
        "periodic": list(packing.periodic),
    }
    return {"geometry": geometry, "mesh": {"cell_size": 0.7e-6, "method": method}, "conduction": {}}


def plot_shapes(folder: Path) -> Figure:
    """Mesh every shape and an image below ``folder`` and draw their sections, one panel each."""
    panels: dict[str, tuple[Path | dict[str, Any], tuple[str, ...]]] = {
        title: (CASES / f"{name}.toml", ("conduction={}",)) for name, title in PANELS.items()
    }
    panels |= {
        "image, its voxels": (image_case(folder, "voxel"), ()),
        "image, cut lattice": (image_case(folder, "lattice_cut"), ()),
    }
    figure = new_figure(6.4, WIDE)
    present: set[int] = set()
    for axes, (title, (case, overrides)) in zip(figure.subplots(2, 4).flat, panels.items(), strict=True):
        out = folder / title.replace(" ", "_").replace("|", "_")
        run_in_process(case, out, MPI.COMM_SELF, overrides)
        run = RunFiles(out)
        assert run.mesh is not None
        assert run.section is not None
        draw_cells(axes, run.mesh, run.section)
        axes.set_title(title, fontsize=10)
        present |= {int(phase) for phase in np.unique(run.section.phases)}
    add_legend(figure, phase_handles([p for p in Phase if p in present], PHASE_COLOURS))
    return figure


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        save_figure(plot_shapes(Path(name)), PICTURE)
    print(PICTURE.relative_to(PROJECT))
