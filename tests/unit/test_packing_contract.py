"""The packing: saved and loaded unchanged, and refused when it cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from manufacturing.errors import InputError
from manufacturing.packing import Packing, load_packing
from manufacturing.phases import Phase


def packing() -> Packing:
    """Return two spheres in a box of 10 um; the second sticks out at the top."""
    return Packing(
        1e-6 * np.array([[1.0, 2.0, 3.0], [9.0, 5.0, 11.0]]),
        1e-6 * np.array([1.0, 2.0]),
        np.array([Phase.AM, Phase.CBD], dtype=np.int64),
        np.array([7, 3], dtype=np.int64),
        np.zeros(3),
        np.full(3, 10e-6),
        provenance={"seed": 4, "assumptions": [{"name": "a", "value": 1.5}]},
    )


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    """Arrays, flags and provenance survive bit by bit."""
    path = tmp_path / "packing.h5"
    packing().save(path)
    found = load_packing(path)
    for name in ("centres", "radii", "phases", "particle_ids", "lower", "upper"):
        assert np.array_equal(getattr(found, name), getattr(packing(), name))
    assert found.periodic == (True, True, False)
    assert found.provenance == packing().provenance
    assert found.count_by_phase() == {"AM": 1, "CBD": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radii": np.array([1e-6, 0.0])}, "radii"),
        ({"radii": np.array([1e-6])}, "packing.centres"),
        ({"particle_ids": np.array([7, 7])}, "particle_ids"),
        ({"phases": np.array([1, 9])}, "phases"),
        ({"upper": np.array([1e-5, 1e-5, -1e-5])}, "box size"),
        ({"upper": np.array([8e-6, 1e-5, 1e-5])}, "particle 3.*x = 9e-06"),
        ({"upper": np.array([1e-5, 1e-5, 8e-6])}, "particle 3.*z = 1.1e-05"),
        ({"centres": np.full((2, 3), np.nan)}, "not finite"),
    ],
)
def test_unusable_packings_are_refused(change: dict[str, object], message: str) -> None:
    """The message names the array or the particle."""
    with pytest.raises(InputError, match=message):
        replace(packing(), **change)  # type: ignore[arg-type]


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    """Missing, truncated, foreign and newer files each give an input error."""
    path = tmp_path / "packing.h5"
    with pytest.raises(InputError, match="unreadable"):
        load_packing(path)
    packing().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="unreadable"):
        load_packing(path)
    path.write_bytes(content)
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(InputError, match="version 99"):
        load_packing(path)
    with h5py.File(path, "w") as file:
        file["centres"] = np.zeros(3)
    with pytest.raises(InputError, match="granode-packing"):
        load_packing(path)
