"""Tiling, cut-outs, profiles and summaries of packings."""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.contacts import find_contacts
from manufacturing.cut_out import cut_out
from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.packing_summary import describe
from manufacturing.phases import Phase
from manufacturing.porosity import VolumeFractions, volume_fractions
from manufacturing.profile import height_profile
from manufacturing.tiling import tile

MICROMETRE = 1e-6
PHASES = [Phase.AM, Phase.SE, Phase.CBD]


def random_spheres(periodic: tuple[bool, bool, bool] = (True, True, True), count: int = 40) -> Packing:
    """Return overlapping spheres of all phases in a box of 8 x 10 x 12 um that starts at (1, 2, 3) um."""
    generator = np.random.default_rng(5)
    size = MICROMETRE * np.array([8.0, 10.0, 12.0])
    lower = MICROMETRE * np.array([1.0, 2.0, 3.0])
    return Packing(
        lower + generator.random((count, 3)) * size,
        MICROMETRE * generator.uniform(0.5, 1.6, count),
        generator.choice([int(phase) for phase in PHASES], count),
        generator.permutation(count) + 11,
        lower,
        lower + size,
        periodic,
        {"seed": 5},
    )


def shares(packing: Packing) -> VolumeFractions:
    """Count voxels of 0.1 um."""
    box = (packing.lower, packing.upper)
    return volume_fractions(packing.centres, packing.radii, packing.phases, box, packing.periodic, 0.1 * MICROMETRE)


def test_tiles_repeat_everything() -> None:
    """Copies have the same volume fractions and contacts, in number times six, and ids of their own."""
    packing = random_spheres()
    tiled = tile(packing, (3, 1, 2))
    assert len(tiled.radii) == 6 * len(packing.radii)
    assert len(set(tiled.particle_ids.tolist())) == len(tiled.radii)
    assert tiled.particle_ids[: len(packing.radii)].tolist() == packing.particle_ids.tolist()
    assert tiled.size == pytest.approx(packing.size * [3, 1, 2])
    assert shares(tiled) == shares(packing)
    first, second = find_contacts(packing), find_contacts(tiled)
    assert len(second) == 6 * len(first)
    assert second.neck_area.sum() == pytest.approx(6.0 * first.neck_area.sum(), rel=1e-9, abs=0.0)
    assert tiled.provenance == {"seed": 5, "tiling": [3, 1, 2]}


def test_only_periodic_axes_are_tiled() -> None:
    """Two layers of an electrode between planes would not fit together."""
    packing = random_spheres((True, True, False))
    assert len(tile(packing, (2, 2, 1)).radii) == 4 * len(packing.radii)
    with pytest.raises(InputError, match="tiling z.*2"):
        tile(packing, (1, 1, 2))
    with pytest.raises(InputError, match="tiling x.*0"):
        tile(packing, (0, 1, 1))


def test_an_opened_box_has_the_same_content() -> None:
    """Cut along its own faces, no volume changes; spheres across a face appear on both sides."""
    packing = random_spheres()
    part = cut_out(packing, packing.lower, packing.upper)
    assert part.packing.periodic == (False, False, False)
    assert shares(part.packing) == shares(packing)
    assert part.dropped == 0
    assert part.copies == len(part.packing.radii) - len(packing.radii) > 0
    assert len(set(part.packing.particle_ids.tolist())) == len(part.packing.radii)
    assert set(packing.particle_ids.tolist()) <= set(part.packing.particle_ids.tolist())
    assert part.packing.particle_ids.max() <= packing.particle_ids.max() + part.copies


def test_axes_that_are_kept_stay_periodic() -> None:
    """Opened along z only: images on x and y stay images."""
    packing = random_spheres()
    part = cut_out(packing, packing.lower, packing.upper, keep="xy")
    assert part.packing.periodic == (True, True, False)
    assert shares(part.packing) == shares(packing)
    assert part.copies < cut_out(packing, packing.lower, packing.upper).copies
    height, radii = part.packing.centres[:, 2], part.packing.radii
    across = (height - radii < packing.lower[2]) | (height + radii > packing.upper[2])
    assert part.clipped == across.sum() == 2 * part.copies
    with pytest.raises(InputError, match="keep.*x from"):
        cut_out(packing, packing.lower, packing.upper - [MICROMETRE, 0, 0], keep="x")
    with pytest.raises(InputError, match="keep.*z from"):
        cut_out(random_spheres((True, True, False)), packing.lower, packing.upper, keep="z")


def test_a_part_is_the_part_of_the_whole() -> None:
    """Three slabs along x across the periodic face have together the volumes of the packing."""
    packing = random_spheres()
    starts = packing.lower[0] + MICROMETRE * np.array([2.0, 4.0, 6.0, 10.0])
    total = np.zeros(3)
    for low, high in zip(starts[:-1], starts[1:], strict=True):
        part = cut_out(packing, [low, *packing.lower[1:]], [high, *packing.upper[1:]], keep="yz")
        found = shares(part.packing)
        total += np.array([getattr(found, phase.name) for phase in PHASES]) * (high - low) / packing.size[0]
        assert part.whole + part.clipped == len(part.packing.radii)
    whole = shares(packing)
    assert total == pytest.approx([getattr(whole, phase.name) for phase in PHASES], abs=1e-12)


def test_clipped_and_dropped_particles_are_counted() -> None:
    """One sphere inside, one across the new plane, one beyond it, and one only near a corner."""
    centres = MICROMETRE * np.array([[3.0, 3.0, 3.0], [5.5, 3.0, 3.0], [8.0, 8.0, 8.0], [5.9, 5.9, 3.0]])
    packing = Packing(
        centres, np.full(4, MICROMETRE), np.full(4, Phase.SE), np.arange(4), np.zeros(3), np.full(3, 1e-5), (False,) * 3
    )
    part = cut_out(packing, [0.0] * 3, [5e-6] * 3)
    assert part.packing.particle_ids.tolist() == [0, 1]
    assert part.as_dict() == {"whole": 1, "clipped": 1, "copies": 0, "dropped": 2}
    with pytest.raises(InputError, match="cut-out x"):
        cut_out(packing, [0.0] * 3, [1.1e-5, 5e-6, 5e-6])
    with pytest.raises(InputError, match="cut-out y.*positive"):
        cut_out(packing, [0.0] * 3, [5e-6, 0.0, 5e-6])


def test_a_part_is_at_most_a_period_wide() -> None:
    """More would hold particles twice."""
    packing = random_spheres()
    with pytest.raises(InputError, match="cut-out z.*period"):
        cut_out(packing, packing.lower, packing.upper + [0.0, 0.0, MICROMETRE])


def test_the_profile_of_a_sphere_is_exact() -> None:
    """Layers of a sphere of radius 4: pi (r^2 z - z^3 / 3) between their planes."""
    packing = Packing(
        np.full((1, 3), 5e-6), np.array([4e-6]), np.array([Phase.AM]), np.array([1]), np.zeros(3), np.full(3, 1e-5)
    )
    found = height_profile(packing, 5, 0.1 * MICROMETRE)
    height = np.clip(np.linspace(-5.0, 5.0, 6), -4.0, 4.0)
    exact = np.diff(np.pi * (16.0 * height - height**3 / 3.0)) / (10.0 * 10.0 * 2.0)
    assert found.AM == pytest.approx(exact, abs=2e-3)
    assert found.void == pytest.approx(1.0 - found.AM)
    assert found.number_density["AM"] == pytest.approx([0.0, 0.0, 1.0 / 200e-18, 0.0, 0.0])
    assert found.middle == pytest.approx(MICROMETRE * np.array([1.0, 3.0, 5.0, 7.0, 9.0]))


def test_the_mean_of_a_profile_is_the_packing() -> None:
    """Layers of equal thickness average to the volume fractions; nanopores add to the porosity."""
    packing = random_spheres((True, True, False))
    found, whole = height_profile(packing, 7, 0.1 * MICROMETRE), shares(packing)
    for phase in PHASES:
        assert getattr(found, phase.name).mean() == pytest.approx(getattr(whole, phase.name), abs=2e-3)
    assert found.void.mean() == pytest.approx(whole.void, abs=3e-3)
    assert found.porosity(0.5).mean() == pytest.approx(whole.porosity(0.5), abs=3e-3)
    inside = (packing.centres[:, 2] >= packing.lower[2]) & (packing.centres[:, 2] <= packing.upper[2])
    thickness = packing.size.prod() / 7
    assert sum(float(d.sum()) for d in found.number_density.values()) * thickness == pytest.approx(inside.sum())
    with pytest.raises(InputError, match="layers"):
        height_profile(packing, 0)
    with pytest.raises(InputError, match="voxel"):
        height_profile(packing, 4, 0.0)


def test_the_summary_repeats_the_figures() -> None:
    """Numbers by phase, shares, contacts and a readable table."""
    packing = random_spheres()
    found, contacts = describe(packing, 0.0, 0.1 * MICROMETRE), find_contacts(packing)
    assert found.particles == packing.count_by_phase()
    assert found.volume_fractions == shares(packing)
    assert sum(found.contacts.values()) == len(contacts)
    assert sum(found.neck_area.values()) == pytest.approx(contacts.neck_area.sum(), rel=1e-9, abs=0.0)
    assert found.coordination["all"] == pytest.approx(2.0 * len(contacts) / len(packing.radii))
    assert found.as_dict()["overlap"]["max"] == pytest.approx(contacts.overlap_fraction.max())
    assert "8.00 x 10.00 x 12.00 um, periodic: xyz" in found.table()
