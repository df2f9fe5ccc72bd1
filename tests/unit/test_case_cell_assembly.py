"""Crop planes of a packing: what they leave, what they cut off, and what they refuse.

Seen to fail with: the upper plane moved by the lower depth, lateral periods opened, the share of the thickness
instead of that of the volume, no look at the sum of both depths.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases.case_file import validate_case
from cases.cell_assembly import crop
from cases.runner import run_in_process
from cases.schema import CellSection
from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.phases import Phase

UM = 1e-6


def packing(periodic: tuple[bool, bool, bool] = (True, True, False)) -> Packing:
    """A sphere at the lower plane, one in the middle (through a wall), one at the upper plane, in 10 um."""
    centres = UM * np.array([[5.0, 5.0, 0.5], [0.5, 5.0, 5.0], [5.0, 5.0, 8.5]])
    phases = np.array([Phase.SE, Phase.AM, Phase.CBD], dtype=np.int64)
    return Packing(
        centres, UM * np.array([1.0, 2.0, 1.0]), phases, np.arange(3), np.zeros(3), np.full(3, 10.0 * UM), periodic
    )


def test_no_depth_changes_nothing() -> None:
    whole = packing()
    assert crop(whole, CellSection()) == (whole, {})


def test_what_is_left_and_what_is_cut_off() -> None:
    """0.75 um below leaves a cap of height 0.75 um; 1.5 um above cuts the upper sphere in the middle."""
    part, report = crop(packing(), CellSection(crop_bottom=0.75 * UM, crop_top=1.5 * UM))
    assert part.lower[2] == pytest.approx(0.75 * UM)
    assert part.size[2] == pytest.approx(7.75 * UM)
    assert part.periodic == (True, True, False)
    assert report["beads"] == {"whole": 1, "clipped": 2, "dropped": 0}
    lost = report["cut_off_volume_share"]
    assert lost["AM"] == pytest.approx(0.0, abs=0.01)
    assert lost["CBD"] == pytest.approx(0.5, abs=0.02)
    sphere, below_lower = 4.0 / 3.0, 0.5**2 * (1.0 - 0.5 / 3.0)  # over pi; the cap below z = 0 was never in the box
    left = 0.75**2 * (1.0 - 0.75 / 3.0)
    assert lost["SE"] == pytest.approx(1.0 - left / (sphere - below_lower), abs=0.02)


def test_crop_opens_a_period_along_z() -> None:
    """A sphere across the z walls appears on both sides before the planes cut."""
    part, _ = crop(packing((True, True, True)), CellSection(crop_top=0.2 * UM))
    assert part.periodic == (True, True, False)
    assert (part.phases == Phase.SE).sum() == 2


def test_planes_that_meet_are_refused() -> None:
    with pytest.raises(InputError, match="cell.crop_top"):
        crop(packing(), CellSection(crop_bottom=6.0 * UM, crop_top=4.0 * UM))


def case(**cell: Any) -> dict[str, Any]:
    sphere = {"phase": "SE", "centre": [4 * UM, 4 * UM, 4 * UM], "radius": 3.9 * UM}
    geometry = {"source": "spheres", "box": [8 * UM, 8 * UM, 8 * UM], "spheres": [sphere]}
    mesh = {"method": "voxel", "cell_size": 0.5 * UM}
    return {"geometry": geometry, "mesh": mesh, "cell": cell, "output": {"fields": False, "plots": False}}


def test_the_mesh_lies_between_the_planes(tmp_path: Path) -> None:
    found = run_in_process(case(crop_bottom=UM, crop_top=2 * UM, separator_thickness=UM), tmp_path)["meshing"]
    assert found["electrode_thickness_m"] == pytest.approx(5 * UM, rel=1e-9)
    assert found["crop"]["crop_top_um"] == pytest.approx(2.0)
    assert found["collector_area_m2"]["SE"] > 10 * UM**2, "the sphere is cut open at the collector"


@pytest.mark.parametrize("name", ["crop_bottom", "crop_top", "separator_thickness"])
def test_layers_refuse_what_belongs_to_a_packing(name: str, tmp_path: Path) -> None:
    layers = {"source": "layers", "layers": [{"phase": "SE", "thickness": UM}]}
    data = case(**{name: UM}) | {"geometry": layers}
    with pytest.raises(InputError, match=f"cell.{name}"):
        run_in_process(data, tmp_path)


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ({"collector": {"contact_fraction": 0.0}}, "cell.collector.contact_fraction"),
        ({"collector": {"pattern": "dots"}}, "cell.collector.pattern"),
        ({"delamination": {"fraction": 1.0}}, "cell.delamination.fraction"),
        ({"delamination": {"patch_radius": -1.0}}, "cell.delamination.patch_radius"),
        ({"crop_top": -1e-6}, "cell.crop_top"),
    ],
)
def test_wrong_contacts_name_the_key(cell: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError, match=key):
        validate_case(case(**cell))
