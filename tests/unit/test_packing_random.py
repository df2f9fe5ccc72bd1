"""Random packings: targets, limits of overlap, walls, seeds, and what cannot be reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from manufacturing.contacts import find_contacts
from manufacturing.errors import InputError, StageError
from manufacturing.packing import Packing
from manufacturing.phases import Phase
from manufacturing.porosity import volume_fractions
from manufacturing.random_packing import PackedPhase, RandomPackingSettings, random_packing
from manufacturing.size_distribution import SizeDistribution
from manufacturing.soft_spheres import Limits, Relaxation, relax

FloatArray = npt.NDArray[np.float64]

SE_SIZES = ((1e-6, 2e-6, 3e-6, 4e-6), (0.2, 0.4, 0.3, 0.1))


def settings(am: float, se: float, **changes: Any) -> RandomPackingSettings:
    """Return 250 particles: AM of 5 um and SE of four sizes."""
    phases = (PackedPhase(Phase.AM, am, (5e-6,)), PackedPhase(Phase.SE, se, *SE_SIZES))
    return RandomPackingSettings(phases, **{"particles": 250, **changes})


def counted(packing: Packing) -> dict[str, float]:
    """Count volume fractions on finer voxels than the packing was made with."""
    box = (packing.lower, packing.upper)
    voxel = float(packing.size.prod() / 1.5e7) ** (1.0 / 3.0)
    found = volume_fractions(packing.centres, packing.radii, packing.phases, box, packing.periodic, voxel)
    return {name: getattr(found, name) for name in ("AM", "SE", "CBD", "void")}


def test_targets_without_overlap_are_reached() -> None:
    """AM 30 %, SE 30 %: both within half a point, and not one pair overlaps."""
    result = random_packing(settings(0.3, 0.3))
    found = counted(result.packing)
    assert found["AM"] == pytest.approx(0.3, abs=0.005)
    assert found["SE"] == pytest.approx(0.3, abs=0.005)
    assert len(find_contacts(result.packing, 0.0)) == 0
    assert result.report["max_overlap"] == 0.0
    assert len(result.packing.radii) == pytest.approx(250, rel=0.25)


def test_dense_targets_are_reached_with_bounded_overlap() -> None:
    """AM 40 %, SE 40 % need overlaps; what they hide is made up for, and none is deeper than allowed."""
    result = random_packing(settings(0.4, 0.4, max_overlap=0.12))
    found = counted(result.packing)
    assert found["AM"] == pytest.approx(0.4, abs=0.005)
    assert found["SE"] == pytest.approx(0.4, abs=0.005)
    deepest = find_contacts(result.packing).overlap_fraction.max()
    assert 0.06 < deepest <= 0.12
    assert result.report["max_overlap"] == pytest.approx(deepest)
    nominal = (4.0 / 3.0 * np.pi * result.packing.radii**3).sum() / result.packing.size.prod()
    assert nominal > 0.81, "the union is measured, not the sum of the spheres"
    for name in ("AM", "SE"):
        assert result.report["volume_fractions"][name] == pytest.approx(found[name], abs=1e-3)


def test_limits_hold_for_chosen_pairs() -> None:
    """Overlaps are forbidden between AM particles and small between AM and SE."""
    limits = {"AM|AM": 0.0, "AM|SE": 0.05}
    result = random_packing(settings(0.35, 0.35, max_overlap=0.15, pair_overlaps=limits))
    contacts = find_contacts(result.packing).by_phase_pair()
    assert len(contacts["AM|AM"]) == 0
    assert 0.0 < contacts["AM|SE"].overlap_fraction.max() <= 0.05
    assert 0.05 < contacts["SE|SE"].overlap_fraction.max() <= 0.15


def test_a_jammed_correction_keeps_the_packing_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first packing is within the tolerance; that the finer one jams must not lose it."""
    calls = []

    def jams_later(centres: FloatArray, limits: Limits) -> Relaxation:
        calls.append(relax(centres, limits))
        return calls[0] if len(calls) == 1 else replace(calls[-1], violation=0.1)

    monkeypatch.setattr("manufacturing.random_packing.relax", jams_later)
    result = random_packing(settings(0.35, 0.35, max_overlap=0.1, tolerance=0.02))
    assert len(calls) == 2
    assert result.report["corrections"] == 1
    assert np.array_equal(result.packing.centres, calls[0].centres)
    assert counted(result.packing)["SE"] == pytest.approx(0.35, abs=0.02)


@pytest.mark.parametrize("wall_overlap", [0.0, 0.2])
def test_walls_hold_the_spheres(wall_overlap: float) -> None:
    """Between two planes no sphere sticks out by more than allowed; volume outside the planes does not count."""
    wanted = settings(0.3, 0.25, periodic=(True, True, False), wall_overlap=wall_overlap, aspect_ratio=1.5)
    packing = random_packing(wanted).packing
    out = np.maximum(packing.radii - packing.centres[:, 2], packing.centres[:, 2] + packing.radii - packing.size[2])
    assert (out / packing.radii).max() <= wall_overlap + 1e-12
    assert (out / packing.radii).max() > wall_overlap - 0.1
    assert packing.periodic == (True, True, False)
    assert packing.size[2] == pytest.approx(1.5 * packing.size[0])
    found = counted(packing)
    assert found["AM"] == pytest.approx(0.3, abs=0.005)
    assert found["SE"] == pytest.approx(0.25, abs=0.005)


def test_three_phases_and_overlap_priority() -> None:
    """CBD owns what it shares with SE; all three targets are met after that."""
    phases = (
        PackedPhase(Phase.AM, 0.35, (6e-6, 4e-6), (1.0, 2.0)),
        PackedPhase(Phase.CBD, 0.1, (2e-6,)),
        PackedPhase.of_sizes(Phase.SE, 0.3, SizeDistribution.from_classes((2e-6, 3e-6), (0.6, 0.4))),
    )
    result = random_packing(RandomPackingSettings(phases, 300, max_overlap=0.15))
    found = counted(result.packing)
    for name, target in (("AM", 0.35), ("CBD", 0.1), ("SE", 0.3)):
        assert found[name] == pytest.approx(target, abs=0.005)


def test_sizes_follow_their_number_fractions() -> None:
    """Counts per class are those of the number fractions to within one particle."""
    packing = random_packing(settings(0.25, 0.25)).packing
    diameters = 2e6 * packing.radii[packing.phases == Phase.SE]
    for diameter, share in zip((1.0, 2.0, 3.0, 4.0), SE_SIZES[1], strict=True):
        assert np.isclose(diameters, diameter).sum() == pytest.approx(share * len(diameters), abs=1.0)
    assert set(np.round(2e6 * packing.radii[packing.phases == Phase.AM], 9)) == {5.0}


def test_random_close_packing_of_equal_spheres() -> None:
    """62 % without overlap is reached (random close packing is 64 %), 70 % is not."""
    phase = PackedPhase(Phase.SE, 0.62, (2e-6,))
    result = random_packing(RandomPackingSettings((phase,), 300))
    assert len(find_contacts(result.packing)) == 0
    assert result.report["volume_fractions"]["SE"] == pytest.approx(0.62, abs=0.005)
    with pytest.raises(StageError, match=r"jammed.*overlaps up to 0\.0\d+.*within the limits SE 0\.(59|6[0-4])"):
        random_packing(RandomPackingSettings((replace(phase, volume_fraction=0.7),), 300))


def test_seeds_decide() -> None:
    """The same seed gives the same packing bit by bit, another one another."""
    first, second = random_packing(settings(0.3, 0.3)).packing, random_packing(settings(0.3, 0.3)).packing
    assert np.array_equal(first.centres, second.centres)
    assert first.provenance == second.provenance
    other = random_packing(settings(0.3, 0.3, seed=2)).packing
    assert np.abs(other.centres[:10] - first.centres[:10]).max() > 1e-7


def test_the_packing_carries_its_origin() -> None:
    """Targets, figures and seed, but no wall time, which would differ from run to run."""
    result = random_packing(settings(0.2, 0.2, seed=7))
    provenance = result.packing.provenance
    assert provenance["source"] == "random packing"
    assert provenance["targets"] == {"AM": 0.2, "SE": 0.2}
    assert provenance["seed"] == 7
    assert "seconds" in result.report
    assert "seconds" not in provenance


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"particles": 4}, "particles: found 4, which meets the volume fractions only to"),
        ({"particles": 1}, "at least 2"),
        ({"max_overlap": 0.7}, "max_overlap.*0.7"),
        ({"wall_overlap": -0.1}, "wall_overlap.*-0.1"),
        ({"pair_overlaps": {"AM|CBD": 0.1}}, r"AM\|CBD.*AM\|AM, AM\|SE, SE\|SE"),
        ({"aspect_ratio": 0.0}, "aspect_ratio"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"phases": ()}, "each phase once"),
        ({"phases": (PackedPhase(Phase.AM, 0.6, (1e-6,)), PackedPhase(Phase.SE, 0.4, (1e-6,)))}, "sum 1"),
        ({"aspect_ratio": 0.05, "tolerance": 0.05}, "largest needs 5e-06 m"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    """The message names the setting."""
    with pytest.raises(InputError, match=message):
        random_packing(settings(0.3, 0.3, **{k: v for k, v in changes.items() if k != "phases"})) if (
            "phases" not in changes
        ) else RandomPackingSettings(changes["phases"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Phase.void, 0.3, (1e-6,)), "void"),
        ((Phase.AM, 1.0, (1e-6,)), "volume_fraction.*1.0"),
        ((Phase.AM, 0.3, ()), "0 diameters"),
        ((Phase.AM, 0.3, (1e-6, 2e-6)), "2 diameters, 1 number fractions"),
        ((Phase.AM, 0.3, (-1e-6,)), "AM.diameters.*-1e-06"),
        ((Phase.AM, 0.3, (1e-6,), (float("nan"),)), "AM.number_fractions.*nan"),
    ],
)
def test_wrong_phases_are_refused(arguments: tuple[Any, ...], message: str) -> None:
    """The message names the phase and the quantity."""
    with pytest.raises(InputError, match=message):
        PackedPhase(*arguments)
