"""Interfaces of the cell without charge transfer: which resist, and through which lithium does not pass (Eq. 3d)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .connectivity import CellGraph
from .resistive_facets import Contacts, Resistances, find_resistances

FloatArray = npt.NDArray[np.float64]

NECKS = "AM|AM"


@dataclass(frozen=True)
class CellContacts:
    """Contact resistances by name of the interface; 0 is a perfect contact, infinity insulates.

    Those of a phase with itself lie between different particles. Lithium passes through necks of active
    material unless they are blocked.
    """

    ionic: dict[str, float] = field(default_factory=dict)  # [Ohm m2] SE|SE, SE|separator
    electronic: dict[str, float] = field(default_factory=dict)  # [Ohm m2] AM|AM, AM|CBD, CBD|CBD
    necks_blocked: bool = False  # no lithium through AM|AM


@dataclass(frozen=True)
class CellJoints:
    """What each field meets at every facet between two cells."""

    ionic: Resistances
    electronic: Resistances
    lithium: Resistances

    @classmethod
    def of(cls, graph: CellGraph, contacts: CellContacts, ionic: FloatArray, electronic: FloatArray) -> CellJoints:
        """Find them.

        Args:
            graph: neighbours of the cells.
            contacts: resistances by name.
            ionic: (cells,) conductivity [S/m], by which a resistance counts as perfect or as insulating.
            electronic: (cells,) likewise [S/m].
        """
        facets = Contacts.of(graph)
        blocked = {NECKS: np.inf} if contacts.necks_blocked else {}
        return cls(
            find_resistances(graph, contacts.ionic, ionic, facets),
            find_resistances(graph, contacts.electronic, electronic, facets),
            find_resistances(graph, blocked, np.ones(len(graph.mesh.cells)), facets),
        )

    @classmethod
    def perfect(cls, graph: CellGraph) -> CellJoints:
        """Return contacts without any resistance."""
        none = np.zeros(len(graph.mesh.cells))
        return cls.of(graph, CellContacts(), none, none)
