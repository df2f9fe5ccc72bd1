"""Parallel projection of spheres clipped to their box, one ray per pixel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb

from manufacturing.packing import Packing
from manufacturing.phases import OVERLAP_PRIORITY, Phase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_OVERSAMPLING = 2
_DEPTH_DIMMING = 0.3  # brightness lost at the far corner of the box
_AMBIENT = 0.55


@dataclass(frozen=True)
class Spheres:
    """Spheres of a packing together with their periodic images that reach into the box."""

    centres: FloatArray  # (n, 3)
    radii: FloatArray  # (n,)
    phases: IntArray  # (n,)


def spheres_in_box(packing: Packing) -> Spheres:
    """Return every sphere and periodic image that reaches into the box, in the unit of the packing [m]."""
    shifts = [(-1.0, 0.0, 1.0) if periodic else (0.0,) for periodic in packing.periodic]
    parts = []
    for shift in product(*shifts):
        centres = packing.centres + np.array(shift) * packing.size
        nearest = np.clip(centres, packing.lower, packing.upper)
        inside = np.linalg.norm(centres - nearest, axis=1) < packing.radii
        parts.append((centres[inside], packing.radii[inside], packing.phases[inside]))
    centres, radii, phases = (np.concatenate([part[k] for part in parts]) for k in range(3))
    return Spheres(centres, radii, phases)


@dataclass(frozen=True)
class Camera:
    """A parallel projection; ``towards`` points from the object to the eye."""

    towards: FloatArray  # (3,) unit vector
    right: FloatArray  # (3,) unit vector of the picture's horizontal
    up: FloatArray  # (3,) unit vector of the picture's vertical

    @classmethod
    def looking_from(cls, direction: tuple[float, float, float]) -> Camera:
        """Return the camera in a direction (not along z), with z upwards in the picture."""
        towards = np.array(direction) / np.linalg.norm(direction)
        right = np.cross((0.0, 0.0, 1.0), towards)
        right /= np.linalg.norm(right)
        return cls(towards, right, np.cross(towards, right))

    def project(self, points: FloatArray) -> FloatArray:
        """Return picture coordinates, (..., 3) -> (..., 2), in the unit of the points."""
        return np.stack([points @ self.right, points @ self.up], axis=-1)


@dataclass(frozen=True)
class Picture:
    """Colours with transparency and where they lie in picture coordinates."""

    pixels: FloatArray  # (rows, columns, 4), first row at the bottom
    extent: tuple[float, float, float, float]  # left, right, bottom, top


class SphereRenderer:
    """Draws spheres clipped to a box; cut spheres show flat faces of their phase.

    Args:
        lower: lower corner of the box, shape (3,).
        upper: upper corner of the box, shape (3,).
        camera: direction of view.
        rows: height of the picture [pixel].
    """

    def __init__(self, lower: FloatArray, upper: FloatArray, camera: Camera, rows: int) -> None:
        self.camera = camera
        corners = camera.project(np.array(list(product(*zip(lower, upper, strict=True)))))
        (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
        self.extent = (float(left), float(right), float(bottom), float(top))
        self.pixel = float(top - bottom) / (rows * _OVERSAMPLING)
        columns = _OVERSAMPLING * int(np.ceil((right - left) / (self.pixel * _OVERSAMPLING)))
        self.u = left + self.pixel * (np.arange(columns) + 0.5)
        self.v = bottom + self.pixel * (np.arange(rows * _OVERSAMPLING) + 0.5)
        self.enter, self.leave, self.face = self._clip(lower, upper)
        self.near = float(self.enter[self.enter < self.leave].min())
        self.far = float(self.leave[self.enter < self.leave].max())

    def _clip(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return where each ray enters and leaves the box (depth away from the eye), and through which axis."""
        origin = self.u[None, :, None] * self.camera.right + self.v[:, None, None] * self.camera.up
        towards = np.where(np.abs(self.camera.towards) < 1e-12, 1e-12, self.camera.towards)
        bounds = np.stack([(origin - lower) / towards, (origin - upper) / towards])
        first, last = bounds.min(axis=0), bounds.max(axis=0)
        return first.max(axis=-1), last.min(axis=-1), first.argmax(axis=-1)

    def draw(self, spheres: Spheres, colours: dict[Phase, str]) -> Picture:
        """Return the picture of the union of the spheres; where cut faces overlap, the owning phase shows."""
        depth = np.full(self.enter.shape, np.inf)
        pixels = np.zeros((*self.enter.shape, 4))
        for phase in reversed(OVERLAP_PRIORITY):
            colour = np.array(to_rgb(colours[phase]))
            for k in np.flatnonzero(spheres.phases == phase):
                self._paint(spheres.centres[k], float(spheres.radii[k]), colour, depth, pixels)
        shape = (len(self.v) // _OVERSAMPLING, _OVERSAMPLING, len(self.u) // _OVERSAMPLING, _OVERSAMPLING, 4)
        return Picture(_average(pixels.reshape(shape)), self.extent)

    def _paint(
        self, centre: FloatArray, radius: float, colour: FloatArray, depth: FloatArray, pixels: FloatArray
    ) -> None:
        """Draw one sphere where it is nearer than what is there."""
        u, v = self.camera.project(centre)
        columns = slice(*np.searchsorted(self.u, (u - radius, u + radius)))
        rows = slice(*np.searchsorted(self.v, (v - radius, v + radius)))
        across, along = self.u[columns][None, :] - u, self.v[rows][:, None] - v
        half = np.sqrt(np.maximum(radius**2 - across**2 - along**2, 0.0))
        middle = -float(centre @ self.camera.towards)
        enter = self.enter[rows, columns]
        start = np.maximum(middle - half, enter)
        end = np.minimum(middle + half, self.leave[rows, columns])
        seen = (start < end) & (start <= depth[rows, columns])
        light = np.where(start > enter, self._on_sphere(across, along, half, radius), self._on_face(rows, columns))
        dimming = 1.0 - _DEPTH_DIMMING * (start - self.near) / (self.far - self.near)
        depth[rows, columns][seen] = start[seen]
        pixels[rows, columns, :3][seen] = np.clip((light * dimming)[seen, None] * colour, 0.0, 1.0)
        pixels[rows, columns, 3][seen] = 1.0

    def _on_sphere(self, across: FloatArray, along: FloatArray, half: FloatArray, radius: float) -> FloatArray:
        """Return Lambert's shading of the near half of a sphere, light from the upper left."""
        right, up, towards = _LIGHT
        cosine = (right * across + up * along + towards * half) / radius
        return np.asarray(_AMBIENT + (1.2 - _AMBIENT) * np.maximum(cosine, 0.0))

    def _on_face(self, rows: slice, columns: slice) -> FloatArray:
        """Return Lambert's shading of the box faces towards the eye."""
        light = _LIGHT @ np.stack([self.camera.right, self.camera.up, self.camera.towards])
        cosines = np.maximum(light * np.sign(self.camera.towards), 0.0)
        return np.asarray((0.85 + 0.5 * cosines)[self.face[rows, columns]])


_LIGHT = np.array([-0.35, 0.55, 0.75]) / np.linalg.norm([-0.35, 0.55, 0.75])  # right, up, towards the eye


def _average(blocks: FloatArray) -> FloatArray:
    """Average colours over the rays of a pixel, weighted by their opacity."""
    opacity = blocks[..., 3].mean(axis=(1, 3))
    colour = (blocks[..., :3] * blocks[..., 3:]).mean(axis=(1, 3)) / np.maximum(opacity, 1e-12)[..., None]
    return np.concatenate([colour, opacity[..., None]], axis=-1)
