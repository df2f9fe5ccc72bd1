"""Beads and forces while the solvent leaves, against their balances."""

from __future__ import annotations

import math

import pytest

from manufacturing.beads import BeadClass, BeadTable
from manufacturing.errors import InputError
from manufacturing.evaporation import Evaporation, between, diameters_with, masses_with
from manufacturing.force_field import DRIED_FORCE_FIELD, SLURRY_FORCE_FIELD
from manufacturing.phases import Phase

BEADS = BeadTable(
    (
        BeadClass(Phase.AM, 2, 10e-6, 10e-6, 2e-12, 2e-12),
        BeadClass(Phase.CBD, 5, 3e-6, 7.5e-6, 6e-15, 200e-15),
    )
)


def test_solvent_leaves_in_equal_portions() -> None:
    """Four portions leave 3/4, 1/2, 1/4 and nothing; at 5000 1/s they are 50 us apart."""
    evaporation = Evaporation(stages=4, rate=5e3)
    assert evaporation.solvent_left() == pytest.approx([0.75, 0.5, 0.25, 0.0])
    assert evaporation.interval == pytest.approx(50e-6)
    assert Evaporation().solvent_left() == pytest.approx([0.0])


def test_bead_volume_follows_the_solvent() -> None:
    """Half the solvent is half of the volume between wet and dry; the enlargement of AM halves as well."""
    active, binder = diameters_with(BEADS, 0.5, 1.14)
    assert (binder / 1e-6) ** 3 == pytest.approx(0.5 * (3.0**3 + 7.5**3))
    assert active / 1e-6 == pytest.approx(10.7)
    assert diameters_with(BEADS, 0.0, 1.14) == pytest.approx([10e-6, 3e-6], rel=1e-9, abs=0.0)
    assert diameters_with(BEADS, 1.0, 1.14) == pytest.approx([11.4e-6, 7.5e-6], rel=1e-9, abs=0.0)


def test_mass_follows_the_solvent() -> None:
    """Only beads that hold solvent lose mass."""
    assert masses_with(BEADS, 0.25) == pytest.approx([2e-12, 6e-15 + 0.25 * 194e-15], rel=1e-9, abs=0.0)


def test_forces_go_from_slurry_to_dried() -> None:
    """The ends are the two force fields; half-way energies are geometric and lengths arithmetic means."""
    assert between(SLURRY_FORCE_FIELD, DRIED_FORCE_FIELD, 1.0).contact == SLURRY_FORCE_FIELD.contact
    assert between(SLURRY_FORCE_FIELD, DRIED_FORCE_FIELD, 0.0) == DRIED_FORCE_FIELD
    half = between(SLURRY_FORCE_FIELD, DRIED_FORCE_FIELD, 0.5)
    assert half.attraction[Phase.CBD].epsilon == pytest.approx(math.sqrt(0.88 * 400.0))
    assert half.attraction[Phase.SE].sigma == pytest.approx(0.5 * (0.99 + 0.93))
    assert half.contact.stiffness == pytest.approx(math.sqrt(0.1 * 100.0))


def test_bridges_may_come_last() -> None:
    """With `last` the forces of the slurry hold until no solvent is left."""
    late = Evaporation(stages=2, bridges="last")
    assert late.force_field(SLURRY_FORCE_FIELD, DRIED_FORCE_FIELD, 0.5).contact == SLURRY_FORCE_FIELD.contact
    assert late.force_field(SLURRY_FORCE_FIELD, DRIED_FORCE_FIELD, 0.0) == DRIED_FORCE_FIELD


@pytest.mark.parametrize(
    ("field", "value"), [("stages", 0), ("rate", 0.0), ("rate", float("nan")), ("bridges", "never")]
)
def test_wrong_settings_are_named(field: str, value: object) -> None:
    """The message carries the key."""
    with pytest.raises(InputError, match=rf"drying\.evaporation\.{field}"):
        Evaporation(**{field: value})  # type: ignore[arg-type]
