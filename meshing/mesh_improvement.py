"""Improvement of the cut mesh: collapses, swaps and relocations until the smallest angle is large enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .dihedral_quality import angle_of_quality, qualities, quality_of_angle
from .edge_collapse import collapse_pass
from .edge_removal import removal_pass, ring_workspace
from .facet_swap import swap_pass
from .mesh_patch import MeshPatch, close_patch, open_patch
from .sphere_field import SphereField
from .torus_mesh import IntArray, TorusMesh
from .vertex_relocation import relocation_pass


@dataclass(frozen=True)
class ImprovementSettings:
    """How long to improve, and what the interfaces may lose."""

    target_deg: float = 12.0  # smallest dihedral angle at which to stop
    schedule_deg: tuple[float, ...] = (8.0, 12.0, 15.0)  # cells below these are treated, one after the other
    rounds: int = 3  # per entry of the schedule
    extra_rounds: int = 12  # at most, while the smallest angle is below the target
    volume_tolerance: float = 0.04  # largest phase volume moved by one operation, of the lattice size cubed
    tries: int = 24  # random places per relocated vertex


def improve(
    mesh: TorusMesh, field: SphereField, class_phases: IntArray, settings: ImprovementSettings, log: Callable[[str], None]
) -> TorusMesh:
    """Improve the worst cells; interfaces stay on their spheres and planes on their planes."""
    plan = [(angle, n, False) for angle in settings.schedule_deg for n in range(settings.rounds)]
    plan += [(settings.target_deg + 1.0, n, True) for n in range(settings.extra_rounds)]
    for step, (angle, _, loose) in enumerate(plan):
        worst = angle_of_quality(float(qualities(mesh.points, mesh.period, mesh.cells).min()))
        if loose and worst >= settings.target_deg:
            break
        mesh, counts = _round(mesh, field, class_phases, settings, angle, loose, step)
        log(f"improvement {step}: below {angle:g} deg, smallest was {worst:.2f} deg: {counts}")
    return mesh


def _round(
    mesh: TorusMesh, field: SphereField, class_phases: IntArray, settings: ImprovementSettings, angle: float, loose: bool,
    seed: int,
) -> tuple[TorusMesh, dict[str, int]]:
    counts = {}
    tolerance = settings.volume_tolerance * (2.0 if loose else 1.0)
    ring = ring_workspace()
    operations: dict[str, Callable[[MeshPatch, IntArray], int]] = {
        "collapsed": lambda patch, bad: collapse_pass(patch, bad, tolerance, loose),
        "edges removed": lambda patch, bad: removal_pass(patch, bad, tolerance, ring),
        "facets swapped": swap_pass,
    }
    for name, operation in operations.items():
        patch = open_patch(mesh, class_phases)
        counts[name] = operation(patch, _worst_cells(mesh, angle))
        mesh = close_patch(mesh, patch)
    patch = open_patch(mesh, class_phases)
    chosen = np.unique(mesh.cells[_worst_cells(mesh, angle)])
    counts["vertices"] = len(chosen)
    counts["relocated"] = relocation_pass(patch, field, chosen, settings.tries, seed)
    return replace(mesh, points=patch.points), counts


def _worst_cells(mesh: TorusMesh, angle: float) -> IntArray:
    """Return the cells below an angle, worst first."""
    quality = qualities(mesh.points, mesh.period, mesh.cells)
    bad = np.flatnonzero(quality < quality_of_angle(angle))
    return bad[np.argsort(quality[bad], kind="stable")]
