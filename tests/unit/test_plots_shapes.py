"""The picture of the shapes is made of cases that can run.

Seen to fail with: voxels of another size than the case says, a panel without its case file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cases.case_checks import check_case
from cases.case_file import read_case, validate_case
from cases.physics import CaseMaterials
from cases.plots_shapes import CASES, PANELS, PICTURE, image_case
from cases.schema_image import ImageGeometry
from cases.shapes import read_image


def test_every_panel_has_a_case(tmp_path: Path) -> None:
    assert PICTURE.exists()
    for name in PANELS:
        read_case(CASES / f"{name}.toml")
    case = validate_case(image_case(tmp_path, "voxel"))
    check_case(case, CaseMaterials(case))
    assert isinstance(case.geometry, ImageGeometry)
    assert np.allclose(read_image(case.geometry, tmp_path).size, 8e-6, rtol=1e-12)
