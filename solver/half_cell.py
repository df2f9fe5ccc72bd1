"""The coupled equations of charge and discharge on the resolved geometry (Eqs. 6-8, discrete 14-16).

All equations on one page, with the files that hold them: docs/half_cell.md. Unknowns are phi_i [V] on the
electrolyte, phi_e [V] on the electronic conductors and the stoichiometry x = c/c_max in the active material;
every residual is in ampere:

    electrolyte       K_i phi_i - S_i^T w i - S_0^T w_0 i_0               = 0
    conductors        K_e(x) phi_e + S_e^T w i + I(V) e_collector         = 0
    active material   M (x - x_base)/(gamma dt) + K_x(x) x + S_x^T w i_n  = 0

K are first-order stiffness matrices of sigma_i, sigma_e and F c_max D (contacts with a resistance included), M the
lumped mass of F c_max, S pick the fields at the points of the reactive surface with weights w [m2]. i is the
interface current density (positive from active material into electrolyte), i_n its part that takes lithium along
(all of it without a double layer), and i_0 that of the metal counter electrode (positive into the electrolyte). I is
positive on discharge: a number, or P/V at constant power; a prescribed voltage takes the place of the collector's row.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from petsc4py import PETSc

from manufacturing.phases import COUNTER, Phase
from meshing.labelled_mesh import LabelledMesh

from .active_network import IONIC, ActiveNetwork, ReactiveSurface
from .cell_contacts import CellContacts
from .cell_stiffness import CellStiffness, TransportProperty, constant_part, typical_values, varying_part
from .constants import FARADAY
from .controls import Control, Potentiostatic
from .domain_mesh import field_owners
from .double_layer import LayerStages
from .field import NodalField, build_field, reduced_mass
from .interface_points import FacetSide, InterfacePoints, surface_points
from .kinetics import InsertionReaction, InterfaceCurrent, MetalReaction
from .materials import Curve
from .potential_reference import PotentialReference, first_unknown
from .range_closure import off_the_ends
from .reduction import global_extremes, global_sum, global_sums

FloatArray = npt.NDArray[np.float64]

IONIC_FIELD, ELECTRONIC_FIELD, LITHIUM_FIELD = 0, 1, 2
SURFACE_FIELDS = (IONIC_FIELD, ELECTRONIC_FIELD, LITHIUM_FIELD)


@dataclass(frozen=True)
class CellModel:
    """Material properties and reactions of the cell."""

    ionic_conductivity: dict[Phase, float]  # [S/m]
    electronic_conductivity: dict[Phase, TransportProperty]  # [S/m], a number or a function of x
    diffusivity: dict[Phase, TransportProperty]  # [m2/s] of each active material, likewise
    maximum_concentration: dict[Phase, float]  # [mol/m3]
    initial_stoichiometry: dict[Phase, float]
    reactions: dict[Phase, InsertionReaction]
    counter: MetalReaction | None  # None: phi_i = 0 on the counter face
    contacts: CellContacts = field(default_factory=CellContacts)  # resistances without charge transfer
    temperature: float = 298.15  # [K]
    entropy_coefficient: dict[Phase, Curve] = field(default_factory=dict)  # dU/dT(x) [V/K] where it is known
    counter_entropy_coefficient: float | None = None  # dU/dT of a metal counter electrode [V/K], None: not known

    def known_range(self, phase: Phase) -> tuple[float, float]:
        """Return the stoichiometries for which every function of an active material is known."""
        ranges = [self.reactions[phase].known_range]
        for properties in (self.electronic_conductivity, self.diffusivity):
            entry = properties[phase]
            ranges += [] if isinstance(entry, float | int) else [entry.range]
        return max(low for low, _ in ranges), min(high for _, high in ranges)

    def within_barriers(self) -> CellModel:
        """Return the model with starts moved to where the open-circuit potential is that of its curve (Eq. 11c)."""
        starts = {p: off_the_ends(x, self.known_range(p)) for p, x in self.initial_stoichiometry.items()}
        return replace(self, initial_stoichiometry=starts)

    def closing_reaction(self, phase: Phase) -> InsertionReaction:
        """Return the reaction of an active material, which closes where one of its functions is no longer known."""
        return replace(self.reactions[phase], narrower_range=self.known_range(phase))


@dataclass(frozen=True)
class ImplicitStage:
    """u - gamma dt f(u) = base for the lithium inventory; base is frozen over a stage."""

    duration: float  # gamma dt [s]; 0: the instant at which a current is switched on, stoichiometry fixed
    base: FloatArray  # (owned lithium unknowns,) stoichiometry
    layers: LayerStages | None = None  # of the double layers; None: there are none

    @property
    def frozen(self) -> bool:
        """Whether the stoichiometry stays what it is."""
        return self.duration == 0.0


@dataclass(frozen=True)
class CellCurrents:
    """Currents of a state on this rank."""

    surfaces: tuple[InterfaceCurrent, ...]
    counter: FloatArray  # (counter points,) [A/m2]
    counter_slope: FloatArray  # [S/m2]


class HalfCell:
    """Discrete half cell: residual, Jacobian and the figures of a state.

    A state is one array per rank: ionic, electronic and lithium unknowns, in this order. Electronic
    potentials are kept relative to the collector, whose own entry holds its potential: 4 V of constant
    would drown the balances of small currents in rounding. Those of a second electrode count from
    the counter face, those of the electrolyte from one of its nodes.
    """

    def __init__(self, mesh: LabelledMesh, network: ActiveNetwork, model: CellModel, comm: MPI.Intracomm) -> None:
        self.mesh, self.network, self.model, self.comm = mesh, network, model, comm
        self.fields = _build_fields(mesh, network, model, comm)
        self.sizes = [field.reduction.size_local for field in self.fields]
        self.slices = tuple(slice(sum(self.sizes[:k]), sum(self.sizes[: k + 1])) for k in range(3))
        self.varying = _varying_stiffness(mesh, model, self.fields)
        self.mass = reduced_mass(self.fields[LITHIUM_FIELD], mesh.per_cell(_charge_capacity(model)))
        self._materials = tuple(self.members(surface.material) for surface in network.surfaces)
        self.points = tuple(_reactive_points(mesh, surface, self.fields, comm) for surface in network.surfaces)
        self.reactions = tuple(model.closing_reaction(s.material) for s in network.surfaces)
        self.counter_points = _counter_points(mesh, network, model, self.fields[IONIC_FIELD], comm)
        # 1 at the electronic unknowns that count from the collector, 0 at those of a second electrode.
        self.floating = 1.0 - self.fields[ELECTRONIC_FIELD].indicator(network.grounded)
        electronic = self.fields[ELECTRONIC_FIELD].reduction
        self.collector = int(electronic.tied_columns[0])
        # Which owned electronic unknown is the collector: one on one rank, none on the others.
        self.is_collector = np.arange(electronic.size_local) + electronic.offset == self.collector
        self.references = {ELECTRONIC_FIELD: PotentialReference(comm, self.is_collector, self.floating)}
        if model.counter is not None or Phase.anode in model.reactions:
            self.references[IONIC_FIELD] = first_unknown(self.fields[IONIC_FIELD], comm)
        self._multiply = [
            (field.reduced, field.reduced.createVecRight(), field.reduced.createVecLeft()) for field in self.fields
        ]

    @property
    def unknowns(self) -> int:
        """Number of unknowns over all ranks."""
        return int(self.comm.allreduce(sum(self.sizes)))

    def initial_state(self) -> FloatArray:
        """Return the cell at rest at the initial stoichiometry: no overpotential at any electrode."""
        state = np.zeros(sum(self.sizes))
        rest = {p: _open_circuit(self.model, p) for p in self.model.initial_stoichiometry}
        counter = self.model.counter.equilibrium_potential if self.model.counter is not None else 0.0
        ionic = -rest.get(Phase.anode, counter)
        at_rest = np.full(self.sizes[IONIC_FIELD], ionic)
        reference = self.references.get(IONIC_FIELD)
        state[self.slices[IONIC_FIELD]] = at_rest if reference is None else reference.kept(at_rest)
        electronic = state[self.slices[ELECTRONIC_FIELD]]
        electronic[self.is_collector] = rest[Phase.AM] + ionic
        for phase, x in self.model.initial_stoichiometry.items():
            state[self.slices[LITHIUM_FIELD]] += x * self.members(phase)
        return state

    def members(self, material: Phase) -> FloatArray:
        """Return 1 at the owned lithium unknowns of an active material, 0 at others."""
        return self.fields[LITHIUM_FIELD].indicator(self.network.insertion & (self.mesh.phases == material))

    def values(self, field: int, state: FloatArray) -> FloatArray:
        """Return the unknowns of a field; potentials as they are against the counter electrode [V]."""
        part = state[self.slices[field]]
        return self.references[field].absolute(part) if field in self.references else part

    def relative_values(self, field: int, state: FloatArray) -> FloatArray:
        """Return the unknowns of a field up to a constant that K u does not see."""
        part = state[self.slices[field]]
        return self.references[field].relative(part) if field in self.references else part

    def moved(self, state: FloatArray, step: FloatArray, factor: float) -> FloatArray:
        """Return state - factor * step for a step in potentials against the counter electrode."""
        change = factor * step
        for number, reference in self.references.items():
            change[self.slices[number]] = reference.kept(change[self.slices[number]])
        return np.asarray(state - change)

    def currents(self, state: FloatArray, layers: LayerStages | None = None) -> CellCurrents:
        """Evaluate all reactions; without stages of the double layers these are not charged."""
        surfaces = []
        unknowns = [self.values(k, state) for k in SURFACE_FIELDS]
        for number, (points, reaction) in enumerate(zip(self.points, self.reactions, strict=True)):
            phi_i, phi_e, x = (points.values(k, unknowns[k]) for k in SURFACE_FIELDS)
            surfaces.append(reaction(phi_e - phi_i, x, layers.of(number) if layers is not None else None))
        if self.counter_points is None or self.model.counter is None:
            return CellCurrents(tuple(surfaces), np.empty(0), np.empty(0))
        phi_i = self.counter_points.values(0, unknowns[IONIC_FIELD])
        return CellCurrents(tuple(surfaces), *self.model.counter(-phi_i))

    def conduction(self, field: int, state: FloatArray) -> FloatArray:
        """Return K u of one field [A], with the properties at the stoichiometry of the state."""
        matrix, right, left = self._multiply[field]
        right.array[:] = self.relative_values(field, state)
        matrix.mult(right, left)
        if field not in self.varying:
            return np.array(left.array)
        x = state[self.slices[LITHIUM_FIELD]]
        return np.asarray(left.array + self.varying[field].reduced_flow(self.relative_values(field, state), x))

    def nodal_reaction(self, field: int, state: FloatArray) -> FloatArray:
        """Return K u of one field at the owned dofs of the unconstrained problem [A]."""
        values = self.relative_values(field, state)
        reaction = self.fields[field].nodal_reaction(values)
        if field in self.varying:
            reaction = reaction + self.varying[field].flow(values, state[self.slices[LITHIUM_FIELD]])
        return reaction

    def residual(self, state: FloatArray, currents: CellCurrents, stage: ImplicitStage, control: Control) -> FloatArray:
        """Return the residual of the three equations [A], owned unknowns."""
        parts = [self.conduction(k, state) for k in SURFACE_FIELDS]
        for points, surface in zip(self.points, currents.surfaces, strict=True):
            for k, density in zip(SURFACE_FIELDS, (-surface.current, surface.current, surface.faradaic), strict=True):
                parts[k] += points.collect(k, points.weights * density)
        if self.counter_points is not None:
            parts[IONIC_FIELD] -= self.counter_points.collect(0, self.counter_points.weights * currents.counter)
        change = self.mass * (state[self.slices[LITHIUM_FIELD]] - stage.base)
        parts[LITHIUM_FIELD] = change if stage.frozen else parts[LITHIUM_FIELD] + change / stage.duration
        potential = self.collector_potential(state)
        if isinstance(control, Potentiostatic):
            mismatch = self.collector_conductance * (potential - control.voltage)
            parts[ELECTRONIC_FIELD][self.is_collector] = mismatch
        else:
            parts[ELECTRONIC_FIELD][self.is_collector] += control.current_at(potential)
        return np.concatenate(parts)

    @property
    def collector_conductance(self) -> float:
        """Scale of the equation that prescribes the collector potential [S]."""
        largest = max(typical_values(self.model.electronic_conductivity).values())
        return largest * self.mesh.cross_section / self.mesh.electrode_thickness

    def collector_potential(self, state: FloatArray) -> FloatArray:
        """Return phi_collector - phi_counter [V] on the rank that owns it, shape (1,), and (0,) on the others."""
        return np.asarray(state[self.slices[ELECTRONIC_FIELD]][self.is_collector])

    def voltage(self, state: FloatArray) -> float:
        """Return phi_collector - phi_counter [V] on every rank."""
        return global_sum(self.comm, float(self.collector_potential(state).sum()))

    def interface_flows(self, currents: CellCurrents) -> FloatArray:
        """Return the total current of each surface [A], positive from active material into electrolyte."""
        local = [float(p.weights @ s.current) for p, s in zip(self.points, currents.surfaces, strict=True)]
        return global_sums(self.comm, np.array(local))

    def lithium_flows(self, currents: CellCurrents) -> FloatArray:
        """Return the current of each surface that takes lithium with it [A], positive out of the active material."""
        local = [float(p.weights @ s.faradaic) for p, s in zip(self.points, currents.surfaces, strict=True)]
        return global_sums(self.comm, np.array(local))

    def layers(self, currents: CellCurrents, duration: float, last: LayerStages | None = None) -> LayerStages | None:
        """Return a stage that charges the double layers from their voltages; None where there are no layers.

        Args:
            currents: at the start.
            duration: of the stage [s].
            last: with which these currents were evaluated; None at rest.
        """
        if not any(reaction.capacitance > 0.0 for reaction in self.reactions):
            return None
        if last is not None and last.switching:
            return LayerStages(duration, last.bases)
        return LayerStages(duration, layer_voltages(currents))

    def inventory(self, state: FloatArray) -> FloatArray:
        """Return integral(F c) dV over each active material that takes part, in the order of the surfaces [C]."""
        charge = self.mass * state[self.slices[LITHIUM_FIELD]]
        return global_sums(self.comm, np.array([float(charge @ member) for member in self._materials]))

    def mean_stoichiometry(self, state: FloatArray) -> FloatArray:
        """Return the volume average of x in each active material that takes part."""
        full = global_sums(self.comm, np.array([float(self.mass @ member) for member in self._materials]))
        return np.asarray(self.inventory(state) / full)

    def surface_ranges(self, state: FloatArray) -> list[tuple[float, float]]:
        """Return the smallest and largest stoichiometry on each surface over all ranks."""
        x = state[self.slices[LITHIUM_FIELD]]
        local = [points.values(LITHIUM_FIELD, x) for points in self.points]
        return global_extremes(self.comm, local)

    def terminal_currents(self, state: FloatArray, currents: CellCurrents) -> tuple[float, float]:
        """Return the currents at collector and counter electrode from nodal reactions [A], positive on discharge."""
        collector = counter = 0.0
        z = self.mesh.vertices[:, 2]
        for k, sign in ((ELECTRONIC_FIELD, 1.0), (IONIC_FIELD, -1.0)):
            field = self.fields[k]
            reaction = self.nodal_reaction(k, state)
            height = z[field.dof_vertices]
            if k == ELECTRONIC_FIELD:
                collector -= float(reaction[field.reduction.columns == self.collector].sum())
            counter += float(reaction[self.mesh.at_counter(height)].sum())
            for points, surface in zip(self.points, currents.surfaces, strict=True):
                counter += sign * float((points.weights * points.at_counter) @ surface.current)
        for points, surface in zip(self.points, currents.surfaces, strict=True):
            on_top = points.values(ELECTRONIC_FIELD, self.is_collector.astype(float))
            collector -= float((points.weights * on_top) @ surface.current)
        both = global_sums(self.comm, np.array([collector, counter]))
        return float(both[0]), float(both[1])


def layer_voltages(currents: CellCurrents) -> tuple[FloatArray, ...]:
    """Return the voltage over the double layer at the points of each surface [V]."""
    return tuple(surface.layer_voltage for surface in currents.surfaces)


def _open_circuit(model: CellModel, phase: Phase) -> float:
    """Return U at the initial stoichiometry of an active material [V]."""
    x = np.array([model.initial_stoichiometry[phase]])
    return float(model.reactions[phase].open_circuit_potential.value(x)[0])


def _charge_capacity(model: CellModel) -> dict[Phase, float]:
    return {phase: FARADAY * c for phase, c in model.maximum_concentration.items()}


def _build_fields(
    mesh: LabelledMesh, network: ActiveNetwork, model: CellModel, comm: MPI.Intracomm
) -> tuple[NodalField, NodalField, NodalField]:
    cells = network.fields
    # The fields are solved for one after the other: each is divided equally, lithium with its conductors.
    divided = [np.flatnonzero(cells[k].member) for k in (IONIC_FIELD, ELECTRONIC_FIELD)]
    of_ions, of_electrons = field_owners(mesh, divided, comm)
    capacity = _charge_capacity(model)
    flow = {phase: capacity[phase] * d for phase, d in constant_part(model.diffusivity).items()}
    ionic = mesh.per_cell(model.ionic_conductivity)
    electronic = mesh.per_cell(constant_part(model.electronic_conductivity))
    below = mesh.at_counter(mesh.vertices[:, 2])
    anode = below if (mesh.phases == Phase.anode).any() else None
    grounded = below if model.counter is None and anode is None else None
    electrons = cells[ELECTRONIC_FIELD]
    return (
        build_field(mesh, cells[IONIC_FIELD], of_ions, comm, ionic, prescribed_below=grounded),
        build_field(mesh, electrons, of_electrons, comm, electronic, prescribed_below=anode, tied_above=True),
        build_field(mesh, cells[LITHIUM_FIELD], of_electrons, comm, mesh.per_cell(flow)),
    )


def _reactive_points(
    mesh: LabelledMesh, surface: ReactiveSurface, fields: tuple[NodalField, ...], comm: MPI.Intracomm
) -> InterfacePoints:
    """Return the points of a reactive surface: the ionic field on the second side, the others on the first."""
    material, electrolyte = (
        FacetSide(corners, surface.sides.cells[:, k])
        for k, corners in enumerate((surface.sides.first, surface.sides.second))
    )
    return surface_points(mesh, (electrolyte, material, material), fields, comm)


def _varying_stiffness(
    mesh: LabelledMesh, model: CellModel, fields: tuple[NodalField, NodalField, NodalField]
) -> dict[int, CellStiffness]:
    """Return what depends on the stoichiometry, by field; nothing where all properties are numbers."""
    lithium = fields[LITHIUM_FIELD]
    varying = {
        ELECTRONIC_FIELD: varying_part(model.electronic_conductivity, {}),
        LITHIUM_FIELD: varying_part(model.diffusivity, _charge_capacity(model)),
    }
    return {k: CellStiffness(mesh, fields[k], lithium, laws) for k, laws in varying.items() if laws}


def _counter_points(
    mesh: LabelledMesh, network: ActiveNetwork, model: CellModel, ionic: NodalField, comm: MPI.Intracomm
) -> InterfacePoints | None:
    if model.counter is None:
        return None
    index = mesh.named(COUNTER)
    behind = mesh.facet_cells[index, 0]
    index = index[network.ionic[behind] & np.isin(mesh.phases[behind], IONIC)]
    return surface_points(mesh, (FacetSide(mesh.facets[index], mesh.facet_cells[index, 0]),), (ionic,), comm)


def create_vector(cell: HalfCell) -> PETSc.Vec:
    """Return an ordinary distributed vector that holds one state."""
    return PETSc.Vec().createMPI([sum(cell.sizes), None], comm=cell.comm)
