"""Stoichiometry at the start of charge or discharge, and how it is kept off the ends of the known range."""

from __future__ import annotations

from collections.abc import Mapping

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from solver.half_cell import CellModel
from solver.materials import ActiveMaterial

from .protocol import starts_with_charge, stepping_section
from .schema import Case

SYMBOLS = {"open_circuit_potential": "U(x)", "diffusivity": "D(x)", "electronic_conductivity": "sigma_e(x)"}


def initial_stoichiometry(case: Case, actives: Mapping[Phase, ActiveMaterial]) -> dict[Phase, float]:
    """Return x at the start: charged before a discharge, discharged before a charge; the anode opposite."""
    section = stepping_section(case)
    assert section is not None
    charging = starts_with_charge(case)
    start = {}
    for phase, entry in actives.items():
        lithium_poor = (phase == Phase.AM) != charging
        start[phase] = (entry.stoichiometry_charged if lithium_poor else entry.stoichiometry_discharged).value
    if section.initial_stoichiometry is not None:
        start[Phase.AM] = section.initial_stoichiometry
    where = "discharge" if case.discharge is not None else "protocol"
    for name, curve in actives[Phase.AM].curves().items():
        low, high = curve.range
        if not low <= start[Phase.AM] <= high:
            expected = f"x in {low:g} to {high:g} where {SYMBOLS.get(name, name)} is known"
            raise InputError(f"{where}.initial_stoichiometry", start[Phase.AM], expected)
    return start


def moved_starts(case: Case, actives: Mapping[Phase, ActiveMaterial], model: CellModel) -> list[str]:
    """Return a warning for each active material whose start was moved off an end of its range."""
    text = []
    for phase, given in initial_stoichiometry(case, actives).items():
        used = model.initial_stoichiometry[phase]
        if used != given:
            low, high = model.known_range(phase)
            moved = f"{phase.name} starts at x = {used:.6g} instead of {given:g}"
            text.append(f"warning: {moved}, off the end of its range {low:g} to {high:g}")
    return text
