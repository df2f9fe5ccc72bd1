"""Case -> what the solver needs: conductivities, reactions and the protocol, checked before any long computation."""

from __future__ import annotations

from typing import Any

import numpy as np

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from solver.half_cell import CellModel
from solver.kinetics import (
    ButlerVolmer,
    CurveExchange,
    ExchangeCurrent,
    InsertionReaction,
    KineticsLaw,
    LinearKinetics,
    MetalReaction,
    RateConstant,
    SinhKinetics,
)
from solver.marcus import MarcusHushChidsey
from solver.materials import (
    ActiveMaterial,
    Binder,
    CounterElectrode,
    Curve,
    Electrolyte,
    Material,
    at_temperature,
    describe,
    material,
    with_overrides,
    without_temperature,
)

from .cell_contacts import cell_contacts
from .initial_stoichiometry import initial_stoichiometry
from .schema import Case, KineticsSection, MaterialSection

KINDS: dict[str, tuple[type[Material], ...]] = {
    "AM": (ActiveMaterial,),
    "SE": (Electrolyte,),
    "CBD": (Binder,),
    "separator": (Electrolyte,),
    "anode": (ActiveMaterial,),
    "counter": (CounterElectrode,),
}


class CaseMaterials:
    """The materials of a case, overrides applied, at the temperature of the cell.

    Raises:
        InputError: unknown name, unknown property, or a material of the wrong kind for its domain.
    """

    def __init__(self, case: Case) -> None:
        self.temperature = case.cell.temperature
        self.as_given: dict[str, Material] = {}
        for domain, kinds in KINDS.items():
            section = getattr(case.materials, domain)
            if section is not None:
                self.as_given[domain] = _resolve(domain, section, kinds)
        if "separator" not in self.as_given and "SE" in self.as_given:
            self.as_given["separator"] = self.as_given["SE"]
        self.by_domain = {
            domain: at_temperature(entry, self.temperature, f"materials.{domain}")
            for domain, entry in self.as_given.items()
        }

    def get(self, domain: str) -> Any:
        """Return the material of a domain; raise InputError when the case gives none."""
        if domain not in self.by_domain:
            raise InputError(f"materials.{domain}", "nothing", "a material of the library")
        return self.by_domain[domain]

    def actives(self) -> dict[Phase, Any]:
        """Return the active materials by phase; raise InputError when that of the electrode is not given."""
        found = {Phase.AM: self.get("AM")}
        return found | ({Phase.anode: self.get("anode")} if "anode" in self.by_domain else {})

    def describe(self) -> dict[str, Any]:
        """Return every number of every material with its source, at its own reference temperature."""
        return {domain: describe(entry) for domain, entry in self.as_given.items()}

    def lines(self) -> list[str]:
        """Return one line per property of every material: value, unit, source; tables in full."""
        text = []
        for domain, entry in self.as_given.items():
            fixed = without_temperature(entry, self.temperature)
            if fixed:
                known = f"{entry.reference_temperature.value:g} K is used at {self.temperature:g} K"
                text.append(f"warning: {domain} = {entry.name}: {', '.join(fixed)} of {known}, no activation energy")
            for name, value in describe(entry).items():
                if isinstance(value, dict) and "source" in value:
                    text.append(f"{domain} = {entry.name}: {name} {_shown(value)} [{value['source']}]")
        return text

    def electronic_properties(self) -> dict[Phase, float | Curve]:
        """Return the electronic conductivity of each conductor that is given [S/m]: a number, or sigma_e(x)."""
        found: dict[Phase, float | Curve] = {}
        for domain in ("AM", "CBD", "anode"):
            entry = self.by_domain.get(domain)
            if isinstance(entry, ActiveMaterial):
                found[Phase[domain]] = entry.transport("electronic_conductivity")
            elif isinstance(entry, Binder):
                found[Phase[domain]] = entry.electronic_conductivity.value
        return found

    def electronic(self) -> dict[Phase, float]:
        """Return the electronic conductivity of each conductor that is given [S/m], active material discharged."""
        found = {}
        for phase, entry in self.electronic_properties().items():
            x = self.get(phase.name).stoichiometry_discharged.value if not isinstance(entry, float) else 0.0
            found[phase] = entry if isinstance(entry, float) else float(entry.value(x))
        return found

    def ionic(self) -> dict[Phase, float]:
        """Return the ionic conductivity of each electrolyte that is given [S/m]."""
        return {
            Phase[d]: self.by_domain[d].ionic_conductivity.value  # type: ignore[union-attr]
            for d in ("SE", "separator")
            if d in self.by_domain
        }


def _shown(value: dict[str, Any]) -> str:
    """Return a number with its unit, or a table as x: y pairs."""
    if "x" in value and "y" in value:
        pairs = ", ".join(f"{x:g}: {y:g}" for x, y in zip(value["x"], value["y"], strict=True))
        return f"{value.get('unit', '')} at x = {pairs}"
    return f"{value.get('value', value.get('expression', ''))} {value.get('unit', '')}".strip()


def _resolve(domain: str, section: MaterialSection, kinds: tuple[type[Material], ...]) -> Material:
    where = f"materials.{domain}"
    entry = material(section.name, f"{where}.name")
    if not isinstance(entry, kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise InputError(f"{where}.name", f"{section.name} ({type(entry).__name__})", f"a material of kind {expected}")
    return with_overrides(entry, section.model_extra or {}, where)


def build_cell_model(case: Case, materials: CaseMaterials) -> CellModel:
    """Return the cell's properties and reactions.

    Raises:
        InputError: a material that charge and discharge need is missing.
    """
    actives = materials.actives()
    materials.get("separator")
    model = CellModel(
        ionic_conductivity=materials.ionic(),
        electronic_conductivity=materials.electronic_properties(),
        diffusivity={phase: entry.transport("diffusivity") for phase, entry in actives.items()},
        maximum_concentration={phase: entry.maximum_concentration.value for phase, entry in actives.items()},
        initial_stoichiometry=initial_stoichiometry(case, actives),
        reactions={phase: _reaction(case, phase, entry) for phase, entry in actives.items()},
        counter=_counter(case, materials),
        contacts=cell_contacts(case),
        temperature=case.cell.temperature,
        entropy_coefficient={phase: curve for phase, entry in actives.items() if (curve := entry.entropy) is not None},
        counter_entropy_coefficient=_counter_entropy(materials),
    )
    return model.within_barriers()


def stoichiometry_window(materials: CaseMaterials) -> tuple[float, float]:
    """Return x at 100 % and at 0 % charge of the active material."""
    active = materials.get("AM")
    return active.stoichiometry_charged.value, active.stoichiometry_discharged.value


def check_cutoff(case: Case, model: CellModel) -> None:
    """Raise InputError when the cut-off lies beyond the voltage at rest."""
    step = case.discharge
    if step is None or step.cutoff_voltage is None or step.hold_voltage is not None:
        return
    x = model.initial_stoichiometry
    rest = float(model.reactions[Phase.AM].open_circuit_potential.value(np.array([x[Phase.AM]]))[0])
    if Phase.anode in x:
        rest -= float(model.reactions[Phase.anode].open_circuit_potential.value(np.array([x[Phase.anode]]))[0])
    elif model.counter is not None:
        rest -= model.counter.equilibrium_potential
    discharging = (step.c_rate or step.current_density or 0.0) > 0.0
    if (rest <= step.cutoff_voltage) if discharging else (rest >= step.cutoff_voltage):
        side = "below" if discharging else "above"
        raise InputError(
            "discharge.cutoff_voltage", f"{step.cutoff_voltage} V", f"a voltage {side} {rest:.4f} V at rest"
        )


def _reaction(case: Case, phase: Phase, active: ActiveMaterial) -> InsertionReaction:
    of_phase = case.interfaces.get("AM|SE") if phase == Phase.AM else case.interfaces.get("SE|anode")
    section = of_phase or KineticsSection()
    alpha_a, alpha_c = active.transfer_coefficient_anodic.value, active.transfer_coefficient_cathodic
    exchange: ExchangeCurrent
    if active.rate_constant is not None:
        exchange = RateConstant(active.rate_constant, active.maximum_concentration.value, alpha_a, alpha_c)
    else:
        exchange = CurveExchange(active.exchange_current)  # type: ignore[arg-type]
    law = _law(section, alpha_a, alpha_c, case.cell.temperature)
    potential = active.open_circuit_potential
    return InsertionReaction(law, exchange, potential, section.resistance, section.double_layer_capacitance)


def _counter(case: Case, materials: CaseMaterials) -> MetalReaction | None:
    if "counter" not in materials.by_domain:
        return None
    entry: CounterElectrode = materials.get("counter")
    section = case.interfaces.get("counter", KineticsSection())
    if section.double_layer_capacitance > 0.0:
        found = section.double_layer_capacitance
        raise InputError("interfaces.counter.double_layer_capacitance", found, "0: double layers are on AM only")
    alphas = entry.transfer_coefficient_anodic.value, entry.transfer_coefficient_cathodic
    return MetalReaction(
        _law(section, *alphas, case.cell.temperature),
        entry.exchange_current_density.value,
        entry.potential.value,
        entry.interface_resistance.value + section.resistance,
    )


def _counter_entropy(materials: CaseMaterials) -> float | None:
    """Return dU/dT of the metal counter electrode [V/K], None without one or where it is not known."""
    entry = materials.by_domain.get("counter")
    known = entry.entropy_coefficient if isinstance(entry, CounterElectrode) else None
    return None if known is None else known.value


def _law(section: KineticsSection, alpha_a: float, alpha_c: float, temperature: float) -> KineticsLaw:
    if section.kinetics == "linear":
        return LinearKinetics(temperature)
    if section.kinetics == "sinh":
        return SinhKinetics(section.scale)
    if section.reorganisation_energy is not None:
        return MarcusHushChidsey(section.reorganisation_energy, temperature)
    return ButlerVolmer(alpha_a, alpha_c, temperature)
