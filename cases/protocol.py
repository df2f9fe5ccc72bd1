"""Case -> the steps that the solver runs through, checked for what can never make sense."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from solver.discharge import SteppingSettings
from solver.half_cell import CellModel
from solver.protocol import End, ProtocolStep

from .schema import Case
from .schema_protocol import DischargeSection, EndsSection, ProtocolStepSection, SteppingSection

LARGEST_PROTOCOL = 100_000  # steps, with every repetition
TIME_WITHOUT_CUTOFF = 36000.0  # [s]
# What an end can never end, and why.
SENSELESS = {
    "hold_voltage": ({"voltage"}, "which stays what it is on hold"),
    "rest": ({"capacity", "capacity_share", "c_rate", "current_density", "stoichiometry"}, "which stays at rest"),
    "constant current": ({"c_rate", "current_density"}, "which stays at a constant current"),
}


def stepping_section(case: Case) -> SteppingSection | None:
    """Return the section that charges or discharges the cell, None in a case without."""
    return case.discharge if case.discharge is not None else case.protocol


def protocol_steps(case: Case) -> tuple[ProtocolStep, ...]:
    """Return every step of a case in the order in which it is run, repetitions written out.

    Raises:
        InputError: an end that can never be met, no end, or too many steps.
    """
    if case.discharge is not None:
        return (_short_form(case.discharge),)
    assert case.protocol is not None
    steps: list[ProtocolStep] = []
    for step in _flat(case.protocol.steps, "protocol.steps", itertools.count(1)):
        steps.append(step)
        if len(steps) > LARGEST_PROTOCOL:
            raise InputError("protocol.steps", f"more than {LARGEST_PROTOCOL} steps", "fewer repetitions")
    return tuple(steps)


def stepping_settings(case: Case) -> SteppingSettings:
    """Return the numerical settings of a case that charges or discharges."""
    section = stepping_section(case)
    assert section is not None
    return SteppingSettings(section.tolerance, section.first_step, section.smallest_step, section.largest_step)


def starts_with_charge(case: Case) -> bool:
    """Return whether the first step that has a direction is a charge."""
    for step in protocol_steps(case):
        if step.drive not in ("rest", "hold_voltage"):
            return step.value < 0.0
    return False


def check_voltages(case: Case, model: CellModel) -> None:
    """Refuse voltages of a protocol that no state of the cell can meet.

    Raises:
        InputError: a hold outside the open-circuit voltages, or an end that is met in every state.
    """
    if case.protocol is None:
        return
    lowest, highest = open_circuit_window(model)
    if highest - lowest < 1e-9:  # a constant potential
        return
    for step in protocol_steps(case):
        if step.drive == "hold_voltage" and not lowest <= step.value <= highest:
            expected = f"an open-circuit voltage of the cell, {lowest:.4g} to {highest:.4g} V"
            raise InputError(f"{step.key}.hold_voltage", f"{step.value} V", expected)
        for end in step.ends:
            if end.kind != "voltage" or step.drive == "rest":
                continue
            if step.value > 0.0 and end.value >= highest:
                raise InputError(end.key, f"{end.value} V on discharge", f"a voltage below {highest:.4g} V")
            if step.value < 0.0 and end.value <= lowest:
                raise InputError(end.key, f"{end.value} V on charge", f"a voltage above {lowest:.4g} V")


def open_circuit_window(model: CellModel) -> tuple[float, float]:
    """Return the lowest and highest open-circuit voltage of a cell over the range of its curves [V]."""
    lows, highs = {}, {}
    for phase, reaction in model.reactions.items():
        curve = reaction.open_circuit_potential
        values = curve.value(np.linspace(*curve.range, 401))
        lows[phase], highs[phase] = float(values.min()), float(values.max())
    counter = model.counter.equilibrium_potential if model.counter is not None else 0.0
    return (
        lows[Phase.AM] - highs.get(Phase.anode, counter),
        highs[Phase.AM] - lows.get(Phase.anode, counter),
    )


def _short_form(section: DischargeSection) -> ProtocolStep:
    drive = next(name for name in ("c_rate", "current_density", "hold_voltage") if getattr(section, name) is not None)
    ends = []
    if section.maximum_time is not None or section.cutoff_voltage is None:
        ends.append(End("time", section.maximum_time or TIME_WITHOUT_CUTOFF, "discharge.maximum_time"))
    if section.cutoff_voltage is not None:
        ends.append(End("voltage", section.cutoff_voltage, "discharge.cutoff_voltage"))
    return ProtocolStep(drive, getattr(section, drive), tuple(ends), key="discharge")


def _flat(
    sections: tuple[ProtocolStepSection, ...], path: str, cycles: Iterator[int], cycle: int = 0
) -> Iterator[ProtocolStep]:
    """Yield the steps of a list; each pass through an outermost group is a cycle."""
    for k, section in enumerate(sections):
        key = f"{path}[{k}]"
        if section.steps is None:
            yield _step(section, key, cycle)
            continue
        for _ in range(section.repeat):
            yield from _flat(section.steps, f"{key}.steps", cycles, cycle or next(cycles))


def _step(section: ProtocolStepSection, key: str, cycle: int) -> ProtocolStep:
    drive = section.drive
    assert drive is not None
    value = float(getattr(section, drive))
    if value == 0.0 and drive != "hold_voltage":
        raise InputError(f"{key}.{drive}", 0, "a value other than 0, or rest")
    ends = _ends(section.until, key, drive)
    if drive == "rest":
        ends = (*ends, End("time", value, f"{key}.rest"))
    if not ends:
        raise InputError(f"{key}.until", "no end", f"at least one of {', '.join(EndsSection.model_fields)}")
    return ProtocolStep(drive, value, ends, section.name, cycle, key)


def _ends(section: EndsSection | None, key: str, drive: str) -> tuple[End, ...]:
    kind = drive if drive in SENSELESS or drive.startswith("power") else "constant current"
    senseless, reason = SENSELESS.get(kind, (set(), ""))
    ends = []
    for name in EndsSection.model_fields:
        value = getattr(section, name) if section is not None else None
        if value is None:
            continue
        if name in senseless:
            raise InputError(f"{key}.until.{name}", f"{value:g}, {reason}", f"an end that {drive} can reach")
        ends.append(End(name, float(value), f"{key}.until.{name}"))
    return tuple(ends)
