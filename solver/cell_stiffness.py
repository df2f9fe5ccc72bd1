"""Stiffness of a conductivity or diffusivity that follows the stoichiometry, cell by cell (Eqs. D3, D4).

A cell c has the coefficient k(x_c) at the mean x_c of its nodal stoichiometries, so that K(x) = sum of
k(x_c) K_c with the matrices K_c of a coefficient of one. Flows are computed without a matrix; the positions
of the entries are found once, and a new state only fills in values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from dolfinx import fem, la
from mpi4py import MPI
from petsc4py import PETSc

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

from .field import NodalField
from .materials import Curve

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TransportProperty = float | Curve


@dataclass(frozen=True)
class VaryingCoefficient:
    """A transport property of one active material, held at its ends beyond the range of its curve."""

    curve: Curve
    factor: float = 1.0  # F c_max [C/m3] with a diffusivity, 1 with a conductivity

    def value(self, x: FloatArray) -> FloatArray:
        """Return the coefficient, shape of x."""
        return np.asarray(self.factor * self.curve.value(np.clip(x, *self.curve.range)))

    def slope(self, x: FloatArray) -> FloatArray:
        """Return its derivative by x, shape of x."""
        inside = np.clip(x, *self.curve.range)
        return np.where(inside == x, self.factor * self.curve.slope(inside), 0.0)


def constant_part(properties: Mapping[Phase, TransportProperty]) -> dict[Phase, float]:
    """Return the numbers among the properties, 0 in place of a curve."""
    return {phase: entry if isinstance(entry, float | int) else 0.0 for phase, entry in properties.items()}


def typical_values(properties: Mapping[Phase, TransportProperty]) -> dict[Phase, float]:
    """Return every property as a number, a curve by its value in the middle of its range."""
    return {
        phase: float(entry) if isinstance(entry, float | int) else float(entry.value(np.mean(entry.range)))
        for phase, entry in properties.items()
    }


def varying_part(
    properties: Mapping[Phase, TransportProperty], factors: Mapping[Phase, float]
) -> dict[Phase, VaryingCoefficient]:
    """Return the curves among the properties, each times the factor of its phase (1 where none is given)."""
    return {
        phase: VaryingCoefficient(entry, factors.get(phase, 1.0))
        for phase, entry in properties.items()
        if not isinstance(entry, float | int)
    }


class EntryPattern:
    """Where the entries of the cells on this rank stand in a matrix over all ranks.

    Args:
        rows: global row of each node of each cell, (cells, 4), -1 where there is none.
        columns: global column likewise.
        sizes: rows and columns of the matrix that this rank owns.
    """

    def __init__(self, rows: IntArray, columns: IntArray, sizes: tuple[int, int]) -> None:
        self.sizes = sizes
        shape = (len(rows), 4, 4)
        row, column = np.broadcast_to(rows[:, :, None], shape), np.broadcast_to(columns[:, None, :], shape)
        width = int(columns.max(initial=0)) + 1
        keys = np.where((row >= 0) & (column >= 0), row * width + column, -1).ravel()
        unique, positions = np.unique(keys, return_inverse=True)
        self._dropped = int(len(unique) > 0 and unique[0] == -1)
        self._positions = positions.ravel()
        self._rows, starts = np.unique(unique[self._dropped :] // width, return_index=True)
        self._starts = np.append(starts, len(unique) - self._dropped)
        self._columns = unique[self._dropped :] % width

    def add(self, matrix: PETSc.Mat, values: FloatArray) -> None:
        """Add values (cells, 4, 4) to a matrix that has the pattern (collective)."""
        summed = np.bincount(self._positions, values.ravel(), minlength=self._dropped)[self._dropped :]
        indices = (array.astype(PETSc.IntType) for array in (self._starts, self._columns))
        rows = self._rows.astype(PETSc.IntType)
        matrix.setValuesIJV(*indices, summed, addv=PETSc.InsertMode.ADD_VALUES, rowmap=rows)
        matrix.assemble()

    def empty_matrix(self, comm: MPI.Intracomm) -> PETSc.Mat:
        """Return a matrix with the pattern and zeros in it (collective)."""
        matrix = PETSc.Mat().createAIJ([[size, None] for size in self.sizes], comm=comm)
        matrix.setUp()
        self.add(matrix, np.zeros(len(self._positions)))
        return matrix


class CellStiffness:
    """The cells of a field whose coefficient follows the stoichiometry, on this rank.

    Args:
        mesh: labelled mesh.
        field: the field that flows, u.
        lithium: the stoichiometry x; the same field where lithium itself flows.
        coefficients: k(x) of each active material that has one.
    """

    def __init__(
        self,
        mesh: LabelledMesh,
        field: NodalField,
        lithium: NodalField,
        coefficients: Mapping[Phase, VaryingCoefficient],
    ) -> None:
        self.field, self.lithium = field, lithium
        phases = mesh.phases[field.domain.cell_ids]
        cells = np.flatnonzero(np.isin(phases, list(coefficients)))
        self._laws = [(np.flatnonzero(phases[cells] == phase), law) for phase, law in coefficients.items()]
        self.dofs = np.asarray(field.space.dofmap.list, dtype=np.int64)[cells]
        same = _positions(lithium.domain.cell_ids, field.domain.cell_ids[cells])
        self.lithium_dofs = np.asarray(lithium.space.dofmap.list, dtype=np.int64)[same]
        geometry = field.domain.mesh.geometry
        self.unit = unit_stiffness(np.asarray(geometry.x[geometry.dofmap[cells]], dtype=np.float64))
        rows, columns = _global_columns(field)[self.dofs], _global_columns(lithium)[self.lithium_dofs]
        sizes = (field.reduction.size_local, lithium.reduction.size_local)
        self.own = EntryPattern(rows, rows, (sizes[0], sizes[0]))
        self.coupled = None if field is lithium else EntryPattern(rows, columns, sizes)
        self._total: PETSc.Mat = field.reduced.copy()
        self._by_stoichiometry: FloatArray = np.empty(0)

    def flow(self, unknowns: FloatArray, stoichiometry: FloatArray) -> FloatArray:
        """Return K(x) u [A] at the owned dofs of the unconstrained problem."""
        value = self._by_law(self._means(stoichiometry), "value")
        return _added_up(self.field.space, self.dofs, value[:, None] * self._unit_flow(unknowns))

    def reduced_flow(self, unknowns: FloatArray, stoichiometry: FloatArray) -> FloatArray:
        """Return P^T K(x) P u [A], owned unknowns."""
        matrix = self.field.reduction.matrix
        left, right = matrix.createVecLeft(), matrix.createVecRight()
        left.array[:] = self.flow(unknowns, stoichiometry)
        matrix.multTranspose(left, right)
        return np.asarray(right.array)

    def linearise(self, unknowns: FloatArray, stoichiometry: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the entries of K(x) and of d(K(x) u)/dx in every cell, (cells, 4, 4) each; see the patterns.

        Where u is the stoichiometry itself, both belong to the same matrix, and the first is their sum.
        """
        means = self._means(stoichiometry)
        value, slope = self._by_law(means, "value"), self._by_law(means, "slope")
        # x_c is the mean of four nodal values: each has a quarter of the effect on k.
        by_node = 0.25 * slope[:, None] * self._unit_flow(unknowns)
        by_stoichiometry = np.broadcast_to(by_node[:, :, None], self.unit.shape)
        entries = value[:, None, None] * self.unit
        return entries + by_stoichiometry if self.coupled is None else entries, by_stoichiometry

    def assembled(self, unknowns: FloatArray, stoichiometry: FloatArray) -> PETSc.Mat:
        """Return the whole reduced stiffness at a state, with its derivative where u is the stoichiometry itself."""
        own, self._by_stoichiometry = self.linearise(unknowns, stoichiometry)
        self.field.reduced.copy(self._total, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        self.own.add(self._total, own)
        return self._total

    def united(self, block: PETSc.Mat) -> PETSc.Mat:
        """Return a matrix of the field's rows by x with the pattern of a block and of d(K(x) u)/dx."""
        assert self.coupled is not None
        matrix = block.copy()
        pattern = self.coupled.empty_matrix(self.field.domain.comm)
        matrix.axpy(1.0, pattern, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
        matrix.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        return matrix

    def enter(self, united: PETSc.Mat, block: PETSc.Mat) -> None:
        """Set a matrix of both patterns to a block and d(K(x) u)/dx of the last assembly."""
        assert self.coupled is not None
        united.zeroEntries()
        united.axpy(1.0, block, PETSc.Mat.Structure.SUBSET_NONZERO_PATTERN)
        self.coupled.add(united, self._by_stoichiometry)

    def _means(self, stoichiometry: FloatArray) -> FloatArray:
        """Return x_c of every cell."""
        return np.asarray(_local_values(self.lithium, stoichiometry)[self.lithium_dofs].sum(axis=1) * 0.25)

    def _by_law(self, means: FloatArray, what: Literal["value", "slope"]) -> FloatArray:
        """Return the coefficient of every cell, or its slope."""
        if len(self._laws) == 1:
            return np.asarray(getattr(self._laws[0][1], what)(means))
        result = np.zeros_like(means)
        for index, law in self._laws:
            result[index] = getattr(law, what)(means[index])
        return result

    def _unit_flow(self, unknowns: FloatArray) -> FloatArray:
        """Return K_c u in every cell, shape (cells, 4)."""
        return np.asarray(np.einsum("cij,cj->ci", self.unit, _local_values(self.field, unknowns)[self.dofs]))


def unit_stiffness(corners: FloatArray) -> FloatArray:
    """Return integral(grad v_i . grad v_j) dV of tetrahedra with corners (n, 4, 3) [m], shape (n, 4, 4) [m]."""
    edges = np.swapaxes(corners[:, 1:] - corners[:, :1], 1, 2)
    gradients = np.empty_like(corners)
    gradients[:, 1:] = np.linalg.inv(edges)
    gradients[:, 0] = -gradients[:, 1:].sum(axis=1)
    volumes = np.abs(np.linalg.det(edges)) / 6.0
    return np.asarray(volumes[:, None, None] * (gradients @ np.swapaxes(gradients, 1, 2)))


def _positions(known: IntArray, wanted: IntArray) -> IntArray:
    """Return where each wanted number stands among the known ones."""
    order = np.argsort(known)
    return np.asarray(order[np.searchsorted(known[order], wanted)])


def _local_values(field: NodalField, unknowns: FloatArray) -> FloatArray:
    """Return the values at all dofs that the cells of this rank touch."""
    return _with_ghosts(field.space, field.expand(unknowns))


def _global_columns(field: NodalField) -> IntArray:
    """Return the column of each local dof, ghosts included, -1 where the value is prescribed."""
    return np.rint(_with_ghosts(field.space, field.reduction.columns.astype(float))).astype(np.int64)


def _with_ghosts(space: fem.FunctionSpace, owned: FloatArray) -> FloatArray:
    vector = la.vector(space.dofmap.index_map, 1)
    vector.array[: len(owned)] = owned
    vector.scatter_forward()
    return np.array(vector.array)


def _added_up(space: fem.FunctionSpace, dofs: IntArray, values: FloatArray) -> FloatArray:
    """Return the sums of values at owned dofs over the cells of all ranks."""
    vector = la.vector(space.dofmap.index_map, 1)
    vector.array[:] = np.bincount(dofs.ravel(), values.ravel(), minlength=len(vector.array))
    vector.scatter_reverse(la.InsertMode.add)
    return np.array(vector.array[: space.dofmap.index_map.size_local])
