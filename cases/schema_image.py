"""Table of the case file for labelled images."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .schema_section import NotNegative, Positive, Section

ImagePhase = Literal["AM", "SE", "CBD", "void"]
Index = Annotated[int, Field(ge=0)]
Window = tuple[Index, Index]


class ImageGeometry(Section):
    """A stack of voxels with an integer label each; walls are mirrors except on periodic axes."""

    source: Literal["image"]
    file: str = Field(description="path, relative to the case file; .tif, .tiff, .nrrd (attached, raw or gzip) or .npy")
    voxel: Positive | tuple[Positive, Positive, Positive] = Field(description="edge of a voxel, or along x, y, z [m]")
    labels: dict[str, ImagePhase] = Field(description="phase of each label; every label of the stack needs one")
    axes: Literal["xyz", "xzy", "yxz", "yzx", "zxy", "zyx"] = Field(
        "zyx", description="axes of the stored array, the slowest first; pages of a TIFF are the first axis"
    )
    crop: tuple[Window, Window, Window] | None = Field(
        None, description="first voxel that is kept and first that is not, along x, y and z"
    )
    downsample: Annotated[int, Field(ge=1)] = Field(1, description="voxels along each axis merged by majority")
    smallest_piece: Index = Field(0, description="connected pieces of a phase with fewer voxels are removed")
    periodic: tuple[bool, bool, bool] = Field((False, False, False), description="axes on which the stack repeats")
    smoothing: NotNegative = Field(1.0, description="width of the Gaussian that smooths the surfaces [voxels]")
    particles: str | None = Field(
        None, description="file with a particle number for each voxel, stored like the stack; none: connected pieces"
    )
    smallest_core: Positive | None = Field(
        None, description="connected pieces are split at necks into particles with at least this radius [voxels]"
    )
