"""The quadrature of spheres that meshes are compared with: against brute force, closed forms and its own scatter.

Seen to fail with: standard errors that are the scatter of one replicate, one random number for all replicates
(errors of 0), buckets that miss the spheres of a neighbouring bucket.
"""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.phases import Phase
from meshing.exact_geometry import RANKS, _phase_at, measure_exact_geometry
from meshing.particle_colours import colour_particles, with_images
from meshing.sphere_field import build_sphere_field

SIZE = np.array([10.0, 9.0, 8.0])
PERIODIC = (True, True, False)


def sphere_field(centres, radii, phases):
    """Distances of spheres in a box of 10 x 9 x 8 um, periodic in x and y."""
    spheres = with_images(np.array(centres, float), np.array(radii, float), np.array(phases), SIZE, PERIODIC, 2.0)
    classes = colour_particles(spheres, len(radii), 0.5).classes
    return build_sphere_field(spheres, classes, np.zeros(3), SIZE, SIZE * [1, 1, 0], 1.0)


def phase_by_brute_force(point, centres, radii, phases) -> int:
    """Phase at a point from the distances to all particles and their images."""
    step = np.abs(point - centres)
    step[:, :2] = np.minimum(step[:, :2], SIZE[:2] - step[:, :2])
    inside = {int(p) for p in phases[np.linalg.norm(step, axis=1) < radii]}
    return next((int(p) for p in (Phase.AM, Phase.CBD, Phase.SE) if int(p) in inside), int(Phase.void))


def test_phase_at_random_points_against_brute_force():
    random = np.random.default_rng(5)
    centres, radii = random.uniform(0.0, 1.0, (60, 3)) * SIZE, random.uniform(0.2, 2.5, 60)
    phases = random.choice([Phase.AM, Phase.SE, Phase.CBD], 60)
    field = sphere_field(centres, radii, phases)
    points = random.uniform(0.0, 1.0, (4000, 3)) * SIZE
    found = [_phase_at(field, RANKS, int(Phase.void), *point) for point in points]
    expected = [phase_by_brute_force(point, centres, radii, phases) for point in points]
    assert found == expected
    assert len(set(expected)) == 4


def test_standard_errors_tell_the_error():
    """A sphere across a wall and a cap of another: errors are a few standard errors, neither more nor much less."""
    field = sphere_field([(0.3, 4.0, 4.0), (5.0, 4.0, 0.537)], [2.0, 1.5], [Phase.AM, Phase.SE])
    cap = 2.037
    volume = {"AM": 32.0 / 3.0 * np.pi, "SE": np.pi * cap**2 * (3.0 * 1.5 - cap) / 3.0}
    area = {"AM|void": 16.0 * np.pi, "SE|void": 2.0 * np.pi * 1.5 * cap}
    scaled = []
    for density in (40.0, 160.0, 640.0):
        exact = measure_exact_geometry(field, SIZE, False, round(5_000 * density), density)
        for name, value in volume.items():
            error = exact.volume_fraction[name] - value / SIZE.prod()
            scaled.append(error / exact.volume_fraction_standard_error[name])
        for name, value in area.items():
            error = exact.interface_area[name] - value
            scaled.append(error / exact.interface_area_standard_error[name])
    rms = np.sqrt(np.mean(np.square(scaled)))
    assert 0.3 < rms < 2.5
    assert np.abs(scaled).max() < 6.0


def test_standard_errors_fall_with_the_number_of_points():
    field = sphere_field([(3.0, 4.0, 4.0), (5.6, 4.2, 3.9)], [2.0, 1.5], [Phase.AM, Phase.SE])
    few, many = (measure_exact_geometry(field, SIZE, True, 20_000 * n, 2.0 * n) for n in (1, 64))
    distance = np.linalg.norm([2.6, 0.2, -0.1])
    lens = 2.0 * np.pi * 2.0 * (2.0 - (distance**2 + 4.0 - 2.25) / (2.0 * distance))
    assert many.interface_area["AM|SE"] == pytest.approx(lens, rel=2e-3)
    assert many.interface_area_standard_error["AM|SE"] < 0.3 * few.interface_area_standard_error["AM|SE"]
    assert many.volume_fraction_standard_error["AM"] < 0.3 * few.volume_fraction_standard_error["AM"]
