"""LAMMPS fixes from physical times: values by hand, and independence of time step and inertial scale."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.beads import BeadClass, BeadTable
from manufacturing.calendering import CalenderingStage
from manufacturing.configuration import Configuration
from manufacturing.drying import DryingStage
from manufacturing.errors import InputError
from manufacturing.force_field import Contact
from manufacturing.lammps_engine import LammpsEngine
from manufacturing.nanopores import NanoporeCompression
from manufacturing.parameter_sets import CALIBRATED, PRINTED
from manufacturing.phases import Phase
from manufacturing.plates import Plates
from manufacturing.press import Press, snapshot_name
from manufacturing.reporter import Reporter
from manufacturing.settling import barostat, drag, inertial_masses, limited_motion, steps
from manufacturing.slurry import SlurryStage
from manufacturing.stage import Workplace

BEADS = BeadTable(
    (
        BeadClass(Phase.AM, 1, 10e-6, 10e-6, 3e-12, 3e-12),
        BeadClass(Phase.SE, 3, 1e-6, 1e-6, 1e-15, 1e-15),
    )
)


@dataclass(frozen=True)
class Clock:
    """The two numbers of an engine that protocols use."""

    time_step: float
    inertial_scale: float = 10.0


@dataclass(frozen=True)
class Recorder:
    """An engine that only remembers what it is told."""

    diameters: list[float] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def set_beads(self, diameters: list[float], masses: list[float], counts: object) -> None:
        """Remember the diameters."""
        self.diameters[:] = diameters

    def command(self, *lines: str) -> None:
        """Remember the commands."""
        self.commands.extend(lines)


def engine(time_step: float, inertial_scale: float = 10.0) -> LammpsEngine:
    """Return what stands for an engine."""
    return cast(LammpsEngine, Clock(time_step, inertial_scale))


def last_number(command: str) -> float:
    """Return the last word of a command as a number."""
    return float(command.split()[-1])


def test_steps_fill_a_duration() -> None:
    """10 us are 100 steps of 0.1 us and 200 of half of it; never none."""
    assert [steps(engine(dt), 10e-6) for dt in (0.1e-6, 0.05e-6, 1.0)] == [100, 200, 1]


def test_drag_stops_the_mean_bead_in_its_time() -> None:
    """Masses 3000 and 3 x 250 pg, scaled by 10: the mean of 9375 pg stops in 30 us with 312.5 pg/us."""
    masses = inertial_masses([c.dry_mass for c in BEADS.classes], 250e-15)
    assert masses == [3e-12, 250e-15, 250e-15, 250e-15][:2]
    assert last_number(drag(BEADS, masses, 30e-6, 10.0)) == pytest.approx(9375.0 / 30.0)
    assert last_number(drag(BEADS, masses, 15e-6, 10.0)) == pytest.approx(9375.0 / 15.0)


def test_limited_motion_is_a_speed() -> None:
    """1 um in 2 us are 0.05 um per step of 0.1 us, half of it per half step."""
    found = [last_number(limited_motion(engine(dt), [10e-6, 1e-6], 2e-6)) for dt in (0.1e-6, 0.05e-6)]
    assert found == pytest.approx([0.05, 0.025])


def test_barostat_names_axes_pressure_time_and_modulus() -> None:
    """LAMMPS micro units: kPa and us."""
    assert barostat("z", 7e3, 50e3, 30e-6) == "fix baro all press/berendsen z 7 7 30 modulus 50"
    assert "iso 7 7 30 modulus" in barostat("xyz", 7e3, 50e3, 30e-6)
    assert barostat("xy z", 7e3, 50e3, 30e-6).endswith("x 7 7 30 y 7 7 30 z 7 7 30 couple xy modulus 50")


def test_scaled_slurry_keeps_the_number_of_steps() -> None:
    """Energies x 1/100: pressures x 1/100, times x 10, damping rate / 10; nothing else changes."""
    first, scaled = SlurryStage(), SlurryStage().scaled(0.01)
    times = [f.name for f in fields(SlurryStage) if f.name.endswith("_time") or f.name == "time_step"]
    assert len(times) == 7
    for name in times:
        assert getattr(scaled, name) == pytest.approx(10.0 * getattr(first, name))
    assert scaled.pressure == pytest.approx(1013.25)
    assert scaled.barostat_modulus / scaled.pressure == pytest.approx(first.barostat_modulus / first.pressure)
    assert scaled.settling_damping == pytest.approx(0.1 * first.settling_damping)
    assert scaled.force_field.contact.stiffness == pytest.approx(0.01 * first.force_field.contact.stiffness)
    assert (scaled.inertial_scale, scaled.enlargement) == (first.inertial_scale, first.enlargement)


@pytest.mark.parametrize(
    ("stage", "settings", "key"),
    [
        (SlurryStage, {"barostat_time": 0.0}, "slurry.barostat_time"),
        (SlurryStage, {"settling_damping": -1.0}, "slurry.settling_damping"),
        (DryingStage, {"axes": "x"}, "drying.axes"),
        (DryingStage, {"drag_time": float("nan")}, "drying.drag_time"),
        (CalenderingStage, {"degrees": (0.2, 0.1)}, "calendering.degrees"),
        (CalenderingStage, {"degrees": (0.2, 0.9)}, "calendering.degrees"),
        (CalenderingStage, {"release": "maybe"}, "calendering.release"),
        (CalenderingStage, {"hold_time": -1.0}, "calendering.hold_time"),
    ],
)
def test_wrong_settings_are_named(stage: Any, settings: dict[str, Any], key: str) -> None:
    """The message carries the key."""
    with pytest.raises(InputError, match=key.replace(".", r"\.")):
        stage(**settings)


@pytest.mark.parametrize("stage", [SlurryStage(), DryingStage(), CalenderingStage()])
def test_every_physical_time_and_mass_is_an_assumption(stage: Any) -> None:
    """What decides about a result travels with it; kinds are the four known ones."""
    found = {a.name.split(".", 1)[1]: a for a in stage.assumptions()}
    for name in ("time_step", "inertial_scale", "smallest_inertial_mass", "drag_time"):
        assert found[name].value == getattr(stage, name)
    assert {a.kind for a in found.values()} <= {"printed", "assumed", "calibrated", "numerical"}


def kinds(stage: Any) -> dict[str, tuple[float | str, str]]:
    """Return value and kind of every assumption by name."""
    return {a.name: (a.value, a.kind) for a in stage.assumptions()}


def test_every_calibrated_number_of_the_force_field_is_an_assumption() -> None:
    """What differs from print is listed with its value; the printed set lists only what had to be interpreted."""
    force_field, found = CALIBRATED.slurry, kinds(SlurryStage.from_parameters(CALIBRATED))
    for phase, law in force_field.attraction.items():
        assert found[f"slurry.epsilon_{phase.name}"] == (law.epsilon, "calibrated")
    assert found["slurry.stiffness"] == (force_field.contact.stiffness, "calibrated")
    assert found["slurry.damping"] == (force_field.contact.damping, "calibrated")
    assert found["slurry.pressure"][1] == "calibrated"
    assert found["slurry.sigma_CBD"] == (0.97, "assumed")
    printed = kinds(SlurryStage.from_parameters(PRINTED))
    assert "slurry.damping" not in printed
    assert not any(name.startswith("slurry.epsilon") for name in printed)
    assert printed["slurry.pressure"][1] == "printed"


def test_given_numbers_are_neither_printed_nor_calibrated() -> None:
    """Somebody's own values count as assumed, whatever they replace."""
    field = replace(CALIBRATED.dried, contact=replace(CALIBRATED.dried.contact, friction=3.0))
    assert kinds(SlurryStage(pressure=5e3, enlargement=1.3))["slurry.pressure"] == (5e3, "given")
    assert kinds(SlurryStage(pressure=5e3, enlargement=1.3))["slurry.enlargement"] == (1.3, "given")
    assert kinds(DryingStage(pressure=1e4, force_field=field))["drying.pressure"] == (1e4, "given")
    assert kinds(DryingStage(force_field=field))["drying.friction"] == (3.0, "given")
    pores = kinds(CalenderingStage(nanopores=NanoporeCompression(0.3)))
    assert pores["calendering.nanopores.initial"] == (0.3, "given")


def test_degrees_and_names_of_snapshots() -> None:
    """Equal increments from 0, or a list that starts at 0 in any case."""
    assert CalenderingStage(degree=0.5, increments=2).all_degrees == pytest.approx((0.0, 0.25, 0.5))
    assert CalenderingStage(degrees=(0.1, 0.4)).all_degrees == (0.0, 0.1, 0.4)
    assert [snapshot_name(d) for d in (0.0, 0.05, 0.1, 0.125, 0.3)] == [
        "calendered_00",
        "calendered_05",
        "calendered_10",
        "calendered_12.5",
        "calendered_30",
    ]


def test_closing_nanopores_reach_contacts_and_attraction() -> None:
    """Rate 1, degree 0.5: diameters x (0.5/0.75)^(1/3), and sigma of the pair potential with them."""
    table = BeadTable((BeadClass(Phase.CBD, 4, 3e-6, 7.5e-6, 6e-15, 200e-15),))
    film = Configuration(np.zeros((4, 3)), np.zeros(3), np.ones(3))
    recorder, stage = Recorder(), CalenderingStage(degrees=(0.5,), nanopores=NanoporeCompression(0.5, 1.0))
    plates = Plates(Contact(1.0, 1.0, 1.0), film, 1.0)
    press = Press(stage, cast(LammpsEngine, recorder), table, plates, Workplace(MPI.COMM_SELF, Reporter()))
    press.shrink(0.5)
    factor = (0.5 / 0.75) ** (1.0 / 3.0)
    assert recorder.diameters == pytest.approx([factor * 3e-6], rel=1e-9, abs=0.0)
    (pair,) = recorder.commands
    assert float(pair.split()[5]) == pytest.approx(0.89 * 3.0 * factor)
