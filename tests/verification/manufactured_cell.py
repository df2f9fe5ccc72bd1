"""Manufactured solution of the half cell: an AM hemisphere in electrolyte, smooth fields, every term with its source.

Three functions of place and time are chosen freely, so they neither solve (6)-(8) nor meet at the interface by
(9)-(11). What they miss is put on the right-hand side: loads of the weak form,

    electrolyte       integral(sigma_i grad phi_i . grad v) dV - integral(i v) dA
    conductors        integral(sigma_e grad phi_e . grad v) dV + integral(i v) dA + I v(collector)
    active material   integral(F c_max (dx/dt v + D grad x . grad v)) dV + integral(i v) dA

with the interface current i of the exact fields by a Butler-Volmer law written here, and I the exact current into
the collector. All integrals are taken by Gauss points on the meshed geometry, so the interface need not be a sphere
and the solver has to return the fields to its own accuracy: h^2 in L2, dt^2. Serial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import basix
import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from cases.case_file import validate_case
from cases.physics import CaseMaterials, build_cell_model
from cases.runner import run_in_process
from manufacturing.phases import COLLECTOR, Phase
from meshing.facets import triangle_areas
from meshing.labelled_mesh import load_mesh
from solver.active_network import find_active_network
from solver.controls import Galvanostatic
from solver.half_cell import HalfCell
from solver.integrator import CellIntegrator, CellPoint
from solver.newton import NewtonResult, NewtonSettings, NewtonSolver
from solver.time_stepping import GAMMA

from .half_cell_1d import FARADAY, GAS_CONSTANT

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Values = npt.NDArray[Any]
BOX, RADIUS = np.array([10e-6, 10e-6, 8e-6]), 4e-6
IONIC, ELECTRONIC, DIFFUSIVITY, C_MAX = 1e-3, 2e-3, 1e-13, 5e4  # [S/m, S/m, m2/s, mol/m3]
RATE, ALPHA_A, FILM, TEMPERATURE = 4e-10, 0.6, 2e-3, 298.15
CHARGE = FARADAY * C_MAX
WAVE = 2.0 * np.pi / BOX[0]
OMEGA = 2.0 * np.pi / 400.0  # [1/s]
COMPLEX_STEP = 1e-30
REFERENCE_CURRENT = 1.0 * BOX[0] * BOX[1]  # [A] of 1 A/m2, which residuals are compared with


def case() -> dict[str, Any]:
    """The cell as a case: all properties reach the solver this way."""
    active = {
        "name": "NMC622",
        "electronic_conductivity": ELECTRONIC,
        "diffusivity": DIFFUSIVITY,
        "maximum_concentration": C_MAX,
        "open_circuit_potential": [[0.0, 1.0], [4.5, 3.3]],
        "rate_constant": RATE,
        "transfer_coefficient_anodic": ALPHA_A,
    }
    return {
        "geometry": {"source": "hemisphere", "box": BOX.tolist(), "radius": RADIUS},
        "materials": {"AM": active, "SE": {"name": "Li6PS5Cl", "ionic_conductivity": IONIC}},
        "interfaces": {"AM|SE": {"resistance": FILM}},
        "conduction": {},
        "discharge": {"current_density": 1.0, "initial_stoichiometry": 0.5},
        "output": {"fields": False, "plots": False, "until": "meshing"},
    }


def ionic_potential(p: Values, time: Any) -> Values:
    """phi_i [V] at points (n, 3) and a time: 0 on the counter plane, periodic in x and y."""
    s = p[:, 2] / BOX[2]
    swing = 1.0 + 0.3 * np.cos(WAVE * p[:, 0]) * s + 0.2 * np.sin(WAVE * p[:, 1])
    return np.asarray(0.05 * np.sin(1.5 * s) * swing * (1.0 + 0.3 * np.sin(OMEGA * time)))


def electronic_potential(p: Values, time: Any) -> Values:
    """phi_e [V]: the same everywhere on the collector; its gradient there does not depend on time."""
    s = p[:, 2] / BOX[2]
    inner = 0.05 * (1.0 - s) * (1.0 + 0.4 * np.cos(WAVE * p[:, 0]) * np.cos(WAVE * p[:, 1]) * s)
    return np.asarray(cell_voltage(time) + inner)


def cell_voltage(time: Any) -> Any:
    """Potential of the collector [V]."""
    return 3.95 + 0.05 * np.sin(OMEGA * time)


def stoichiometry(p: Values, time: Any) -> Values:
    """x [-], no symmetry."""
    s = p[:, 2] / BOX[2]
    across = np.cos(WAVE * p[:, 0]) + 0.7 * np.sin(WAVE * p[:, 1]) * s
    return np.asarray(0.5 + 0.1 * across * np.cos(OMEGA * time) + 0.15 * s**2)


EXACT: tuple[Callable[[Values, Any], Values], ...] = (ionic_potential, electronic_potential, stoichiometry)


def gradient(function: Callable[[Values, Any], Values], p: FloatArray, time: float) -> FloatArray:
    """Gradient at points, shape (n, 3), by complex steps: exact to rounding."""
    return np.column_stack([np.imag(function(p + 1j * COMPLEX_STEP * e, time)) / COMPLEX_STEP for e in np.eye(3)])


def interface_current(p: FloatArray, time: float) -> FloatArray:
    """i of the exact fields [A/m2], positive from active material into electrolyte, by bisection through the film."""
    x = stoichiometry(p, time)
    drive = electronic_potential(p, time) - ionic_potential(p, time) - (4.5 - 1.2 * x)
    exchange = FARADAY * RATE * C_MAX * (1.0 - x) ** ALPHA_A * x ** (1.0 - ALPHA_A)
    thermal = FARADAY / (GAS_CONSTANT * TEMPERATURE)
    low, high = np.minimum(drive, 0.0), np.maximum(drive, 0.0)
    for _ in range(60):
        eta = 0.5 * (low + high)
        current = exchange * (np.exp(ALPHA_A * thermal * eta) - np.exp(-(1.0 - ALPHA_A) * thermal * eta))
        above = eta + FILM * current > drive
        low, high = np.where(above, low, eta), np.where(above, eta, high)
    return np.asarray(current)


@dataclass(frozen=True)
class Simplices:
    """Gauss points on cells or facets of a mesh, with the values of the first-order shape functions there."""

    nodes: IntArray  # (n, k) of the field that is tested
    measures: FloatArray  # (n,) [m3] or [m2]
    points: FloatArray  # (n, q, 3)
    weights: FloatArray  # (q,) sum 1
    shapes: FloatArray  # (q, k)

    def integrate(self, values: FloatArray, count: int) -> FloatArray:
        """integral(f v) of every shape function v of the field, f given at the points (n, q)."""
        loads = np.einsum("n,q,nq,qk->nk", self.measures, self.weights, values, self.shapes)
        return np.bincount(self.nodes.ravel(), loads.ravel(), minlength=count)

    def evaluate(self, function: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """A function of points (m, 3) at all of them, shape (n, q, ...)."""
        found = function(self.points.reshape(-1, 3))
        return found.reshape(*self.points.shape[:2], *found.shape[1:])


def simplices(corners: FloatArray, measures: FloatArray, nodes: IntArray, degree: int = 4) -> Simplices:
    """Place Gauss points of a degree on tetrahedra (n, 4, 3) or triangles (n, 3, 3)."""
    kind = basix.CellType.tetrahedron if corners.shape[1] == 4 else basix.CellType.triangle
    local, weights = basix.make_quadrature(kind, degree)
    shapes = np.column_stack([1.0 - local.sum(axis=1), local])
    points = np.einsum("qk,nkd->nqd", shapes, corners)
    return Simplices(nodes, measures, points, weights / weights.sum(), shapes)


class SourcedHalfCell(HalfCell):
    """The half cell with a right-hand side."""

    loads: FloatArray

    def residual(self, *arguments: Any, **options: Any) -> FloatArray:
        """The residual less the loads [A]."""
        return np.asarray(super().residual(*arguments, **options) - self.loads)


class ClockedSolver(NewtonSolver):
    """Newton's method that sets the loads of the instant of each stage."""

    instants: Iterator[float]
    loads_at: Callable[[float], FloatArray]

    def solve(self, *arguments: Any, **options: Any) -> NewtonResult:
        """Solve the next stage."""
        assert isinstance(self.cell, SourcedHalfCell)
        self.cell.loads = self.loads_at(next(self.instants))
        return super().solve(*arguments, **options)


class ManufacturedCell:
    """The hemisphere on a mesh, run in equal steps from the exact fields.

    Args:
        folder: where the mesh is made.
        cell_size: of the lattice [m].
    """

    def __init__(self, folder: Path, cell_size: float) -> None:
        content = case() | {"mesh": {"cell_size": cell_size}}
        run_in_process(content, folder, MPI.COMM_SELF)
        valid = validate_case(content)
        model = build_cell_model(valid, CaseMaterials(valid))
        mesh = load_mesh(folder / "mesh.h5")
        self.cell = SourcedHalfCell(mesh, find_active_network(mesh), model, MPI.COMM_SELF)
        network, volumes = self.cell.network, mesh.volumes()
        (surface,) = network.surfaces
        self.corners, self.domains, self.surfaces = [], [], []
        for k, (field, side) in enumerate(zip(self.cell.fields, (1, 0, 0), strict=True)):
            chosen = np.flatnonzero(network.fields[k].member)
            corners = mesh.vertices[mesh.cells[chosen]]
            self.corners.append(corners)
            self.domains.append(simplices(corners, volumes[chosen], field.split.cells_of(mesh, chosen)))
            facets = surface.sides.second if side else surface.sides.first
            nodes = field.split.facets_of(mesh, surface.sides.cells[:, side], facets)
            self.surfaces.append(simplices(mesh.vertices[facets], triangle_areas(mesh.vertices, facets), nodes))
        top = mesh.named(COLLECTOR)
        top = mesh.facets[top[mesh.phases[mesh.facet_cells[top, 0]] == Phase.AM]]
        self.top = simplices(mesh.vertices[top], triangle_areas(mesh.vertices, top), top)
        self.current = -self._flux_through_top()  # [A]

    def _flux_through_top(self) -> float:
        slopes = self.top.evaluate(lambda p: gradient(electronic_potential, p, 0.0)[:, 2])
        return float(ELECTRONIC * self.top.measures @ (slopes @ self.top.weights))

    def loads(self, time: float) -> FloatArray:
        """Right-hand side at an instant [A], in the order of the unknowns."""
        parts = []
        for k, (coefficient, sign) in enumerate(((IONIC, -1.0), (ELECTRONIC, 1.0), (CHARGE * DIFFUSIVITY, 1.0))):
            nodal = self._diffusion(k, coefficient, time)
            reacting = self.surfaces[k].evaluate(lambda p: interface_current(p, time))
            nodal += sign * self.surfaces[k].integrate(reacting, len(nodal))
            parts.append(nodal)
        rates = self.domains[2].evaluate(lambda p: np.imag(stoichiometry(p, time + 1j * COMPLEX_STEP)) / COMPLEX_STEP)
        parts[2] += CHARGE * self.domains[2].integrate(rates, len(parts[2]))
        reduced = [self._reduced(k, part) for k, part in enumerate(parts)]
        reduced[1][self.cell.is_collector] += self.current
        return np.concatenate(reduced)

    def _diffusion(self, field: int, coefficient: float, time: float) -> FloatArray:
        """integral(k grad u . grad v) dV of the exact field for every node."""
        domain = self.domains[field]
        slopes = domain.evaluate(lambda p: gradient(EXACT[field], p, time))
        mean = np.einsum("nqd,q->nd", slopes, domain.weights)
        corners = self.corners[field]
        inverse = np.linalg.inv(corners[:, 1:] - corners[:, :1])  # columns: gradients of shape functions 1 to 3
        shapes = np.concatenate([-inverse.sum(axis=2, keepdims=True), inverse], axis=2)
        loads = coefficient * domain.measures[:, None] * np.einsum("nd,ndk->nk", mean, shapes)
        count = len(self.cell.fields[field].columns_of_nodes)
        return np.bincount(domain.nodes.ravel(), loads.ravel(), minlength=count)

    def _reduced(self, field: int, nodal: FloatArray) -> FloatArray:
        """Sum over the nodes that share an unknown; prescribed ones have none."""
        columns = self.cell.fields[field].columns_of_nodes
        known = columns >= 0
        return np.bincount(columns[known], nodal[known], minlength=self.cell.sizes[field]).astype(np.float64)

    def exact_state(self, time: float) -> FloatArray:
        """The exact fields at the nodes, as the solver keeps them."""
        parts = [self.cell.fields[k].from_vertices(EXACT[k](self.cell.mesh.vertices, time)) for k in range(3)]
        parts[1] -= np.where(self.cell.is_collector, 0.0, cell_voltage(time))
        return np.concatenate(parts)

    def run(self, duration: float, steps: int) -> FloatArray:
        """State after equal steps."""
        solver = ClockedSolver(self.cell, NewtonSettings(), REFERENCE_CURRENT)
        solver.loads_at = self.loads
        integrator = CellIntegrator(self.cell, solver)
        state, step = self.exact_state(0.0), duration / steps
        point = CellPoint(0.0, state, self.cell.currents(state))
        for k in range(steps):
            solver.instants = iter((k * step + GAMMA * step, (k + 1) * step))
            point = integrator.advance(point, step, Galvanostatic(self.current)).point
        return point.state

    def errors(self, state: FloatArray, time: float) -> dict[str, float]:
        """Root mean squares over the domains of phi_i and phi_e [V] and of x, and the cell voltage [V]."""
        found = {"voltage": abs(self.cell.voltage(state) - float(cell_voltage(time)))}
        for k, name in enumerate(("phi_i", "phi_e", "x")):
            nodal = self.cell.fields[k].at_nodes(self.cell.values(k, state))
            assert nodal is not None
            domain = self.domains[k]
            ours = np.einsum("nk,qk->nq", nodal[domain.nodes], domain.shapes)
            exact = domain.evaluate(lambda p, k=k: EXACT[k](p, time))  # type: ignore[misc]
            square = np.einsum("n,q,nq->", domain.measures, domain.weights, (ours - exact) ** 2)
            found[name] = float(np.sqrt(square / domain.measures.sum()))
        return found
