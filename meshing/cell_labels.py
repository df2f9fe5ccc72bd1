"""Labels of the cells while a mesh is cut: a phase, or one colour class of a phase with contact planes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.errors import StageError
from manufacturing.phases import OVERLAP_PRIORITY, Phase

IntArray = npt.NDArray[np.int64]

FIRST_PART = max(Phase) + 1  # smaller labels are phases
CONTACT_SHIFT = 31  # bit CONTACT_SHIFT + k of a vertex: class k meets another class of its phase there
CONTACT_FLAG = 1 << 62  # the vertex has such bits; without it all bits are classes
CLASS_LIMIT = 62  # labels and surfaces are bits of one integer
LABEL_LIMIT = 63


@dataclass(frozen=True)
class CellLabels:
    """The one place that says which phase a label stands for.

    Cells of phases without contact planes carry the phase. Those of the others carry ``FIRST_PART``
    plus the class of the sphere that owns them, so that the planes between touching spheres are
    interfaces like any other while the mesh is improved.
    """

    class_phases: IntArray  # (classes,) phase of each sphere class, in the order of cutting
    class_labels: IntArray  # (classes,) label of the cells that each class owns
    label_phases: IntArray  # (labels,) phase of each label
    class_ranges: IntArray  # (labels, 2) first class and end of the classes that may own a cell

    @staticmethod
    def of(class_phases: IntArray, contact_planes: Sequence[Phase] = ()) -> CellLabels:
        """Number the labels of sphere classes.

        Args:
            class_phases: phase of each class, shape (classes,); classes of a phase are contiguous.
            contact_planes: phases whose spheres are separated by planes.

        Raises:
            StageError: more classes than there are bits for.
        """
        count = len(class_phases)
        own = np.isin(class_phases, [int(p) for p in contact_planes])
        limit = CONTACT_SHIFT if own.any() else CLASS_LIMIT
        if count > limit:
            raise StageError(
                f"{count} colours of particles, at most {CLASS_LIMIT} or with mesh.contact_planes {CONTACT_SHIFT}; "
                "a smaller mesh.same_phase_gap or mesh.gap_cells needs fewer"
            )
        class_labels = np.where(own, FIRST_PART + np.arange(count), class_phases).astype(np.int64)
        label_phases = np.concatenate([np.arange(FIRST_PART), class_phases]).astype(np.int64)
        ranges = np.zeros((len(label_phases), 2), dtype=np.int64)
        for phase in np.unique(class_phases):
            classes = np.flatnonzero(class_phases == phase)
            ranges[phase] = classes[0], classes[-1] + 1
        ranges[FIRST_PART:] = np.column_stack([np.arange(count), np.arange(count) + 1])
        return CellLabels(np.asarray(class_phases, dtype=np.int64), class_labels, label_phases, ranges)

    def phases(self, labels: IntArray) -> IntArray:
        """Return the phase of each label."""
        return np.asarray(self.label_phases[labels])

    def earlier_parts(self, which: int) -> IntArray:
        """Return the labels of the classes of the same phase that were cut before class ``which`` and have planes."""
        first = self.class_ranges[self.class_phases[which], 0]
        labels = self.class_labels[first:which]
        return np.asarray(labels[labels >= FIRST_PART])

    def losers(self, which: int) -> int:
        """Return the bits of the labels over whose space class ``which`` wins: void and phases of lower priority."""
        rank = OVERLAP_PRIORITY.index(Phase(int(self.class_phases[which])))
        lower = [int(p) for p in OVERLAP_PRIORITY[rank + 1 :]]
        labels = np.unique([int(Phase.void), *lower, *self.class_labels[np.isin(self.class_phases, lower)]])
        return sum(1 << int(label) for label in labels)

    def bounding_surfaces(self, around: IntArray, surfaces: IntArray) -> IntArray:
        """Return the conditions that the vertices must keep, as bits.

        The surface of a class matters where its cells meet a label that it wins over; a sphere that ends
        inside another particle of its phase, or under a phase that wins over it, does not. Where cells of
        several classes of a phase with contact planes meet, the vertex lies on the planes between them,
        and on one of the spheres at most: the others follow.

        Args:
            around: bits (1 << label) of the cells around each vertex, shape (n,).
            surfaces: bits (1 << class) of the sphere surfaces on which each vertex was put, shape (n,).
        """
        out = np.zeros_like(surfaces)
        met = np.zeros_like(surfaces)
        parts = self.class_labels >= FIRST_PART
        for which, label in enumerate(self.class_labels):
            present = around >> label & 1 == 1
            matters = present & (around & self.losers(which) != 0)
            out |= np.where(matters, surfaces & (1 << which), 0)
            met |= np.where(present & parts[which], 1 << which, 0)
        for phase in np.unique(self.class_phases[parts]):
            first, end = self.class_ranges[phase]
            of_phase = ((1 << int(end)) - 1) ^ ((1 << int(first)) - 1)
            several = (met & of_phase) & ((met & of_phase) - 1) != 0
            spheres = out & of_phase
            out = np.where(several, (out & ~of_phase) | (spheres & -spheres), out)
            out |= np.where(several, ((met & of_phase) << CONTACT_SHIFT) | CONTACT_FLAG, 0)
        return np.asarray(out)


PHASES_ONLY = CellLabels.of(np.empty(0, dtype=np.int64))
