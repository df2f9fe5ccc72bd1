"""Improvement of the cut mesh: collapses, swaps and relocations until the smallest angle is large enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from manufacturing.phases import Phase

from .dihedral_quality import angle_of_quality, qualities, quality_of_angle
from .edge_collapse import collapse_pass
from .edge_removal import removal_pass, ring_workspace
from .facet_swap import swap_pass
from .mesh_patch import MeshPatch, close_patch, open_patch
from .specks import lost_volumes
from .sphere_field import SphereField
from .torus_mesh import IntArray, TorusMesh, build_star, difference
from .vertex_relocation import relocation_pass

IDLE_ROUNDS = 3  # extra rounds without any change before giving up


@dataclass(frozen=True)
class ImprovementSettings:
    """How long to improve, and what the interfaces may lose."""

    target_deg: float = 12.0  # smallest dihedral angle at which to stop
    schedule_deg: tuple[float, ...] = (8.0, 12.0, 15.0)  # cells below these are treated, one after the other
    # Largest phase volume that one operation may move, of the lattice size cubed: one round for each.
    volume_tolerances: tuple[float, ...] = (0.005, 0.01, 0.04)
    extra_rounds: int = 12  # at most, while the smallest angle is below the target
    last_volume_tolerance: float = 0.1  # in the extra rounds
    relabel_volume: float = 0.05  # largest bad cell that may change its phase, of the lattice size cubed
    tries: int = 24  # random places per relocated vertex


@dataclass(frozen=True)
class Improved:
    """The improved mesh, and the volume that each phase lost by relabelling cells that resisted [um3]."""

    mesh: TorusMesh
    volume: dict[str, float]


def improve(
    mesh: TorusMesh,
    field: SphereField,
    class_phases: IntArray,
    settings: ImprovementSettings,
    log: Callable[[str], None],
) -> Improved:
    """Improve the worst cells; interfaces stay on their spheres and planes on their planes.

    Args:
        mesh: the cut mesh.
        field: the spheres that it was cut by [um].
        class_phases: phase of each sphere class, shape (k,).
        settings: when to stop.
        log: takes one line per round.
    """
    relabelled: dict[str, float] = {}
    plan = [(angle, tolerance) for angle in settings.schedule_deg for tolerance in settings.volume_tolerances]
    idle = 0
    for step, (angle, tolerance) in enumerate(plan + [(settings.target_deg, 0.0)] * settings.extra_rounds):
        extra = step >= len(plan)
        worst = angle_of_quality(float(qualities(mesh.points, mesh.period, mesh.cells).min()))
        if extra and (worst >= settings.target_deg or idle >= IDLE_ROUNDS):
            break
        limit = settings.last_volume_tolerance if extra else tolerance
        if extra and idle > 0:
            labels = _relabel_worst(mesh, settings.target_deg, settings.relabel_volume)
            for name, volume in lost_volumes(mesh.volumes(), mesh.labels, labels).items():
                relabelled[name] = relabelled.get(name, 0.0) + volume
            mesh = replace(mesh, labels=labels)
        mesh, counts = _round(mesh, field, class_phases, _Round(angle, limit, extra, settings.tries, step))
        idle = 0 if sum(counts.values()) else idle + 1
        changes = ", ".join(f"{n} {name}" for name, n in counts.items())
        log(f"meshing: improvement {step}: below {angle:g} deg, smallest was {worst:.2f} deg: {changes}")
    return Improved(mesh, relabelled)


@dataclass(frozen=True)
class _Round:
    angle: float  # cells below are treated [deg]
    volume_tolerance: float
    loose: bool  # vertices may leave sphere surfaces
    tries: int
    seed: int


def _round(
    mesh: TorusMesh, field: SphereField, class_phases: IntArray, settings: _Round
) -> tuple[TorusMesh, dict[str, int]]:
    """Relocate first and collapse last: relocation keeps vertices on the spheres, collapses lose volume."""
    tolerance, ring, counts = settings.volume_tolerance, ring_workspace(), {}
    operations: dict[str, Callable[[MeshPatch, IntArray], int]] = {
        "relocated": lambda patch, bad: relocation_pass(
            patch, field, np.unique(patch.cells[bad]), settings.tries, settings.seed
        ),
        "edges removed": lambda patch, bad: removal_pass(patch, bad, tolerance, ring),
        "facets swapped": swap_pass,
        "collapsed": lambda patch, bad: collapse_pass(patch, bad, tolerance, settings.loose),
    }
    for name, operation in operations.items():
        bad = _worst_cells(mesh, settings.angle)
        if len(bad):
            patch = open_patch(mesh, class_phases)
            counts[name] = operation(patch, bad)
            mesh = close_patch(mesh, patch)
    return mesh, counts


def _worst_cells(mesh: TorusMesh, angle: float) -> IntArray:
    """Return the cells below an angle, worst first."""
    quality = qualities(mesh.points, mesh.period, mesh.cells)
    bad = np.flatnonzero(quality < quality_of_angle(angle))
    return bad[np.argsort(quality[bad], kind="stable")]


def _relabel_worst(mesh: TorusMesh, angle: float, largest_volume: float) -> IntArray:
    """Give small cells that resist all operations to the phase they share most area with.

    Such cells fill wedges between surfaces that meet at a small angle, where no vertex can move.
    """
    star, labels = build_star(mesh.cells, len(mesh.points)), mesh.labels.copy()
    volumes = mesh.volumes()
    for t in _worst_cells(mesh, angle):
        corners = mesh.cells[t]
        if labels[t] == Phase.separator or volumes[t] > largest_volume * mesh.sizes[corners].max() ** 3:
            continue
        shared: dict[int, float] = {}
        for k in range(4):
            facet = np.delete(corners, k)
            around = [star.cells[star.start[v] : star.start[v + 1]] for v in facet]
            for other in set(around[0]) & set(around[1]) & set(around[2]) - {t}:
                area = float(np.linalg.norm(np.cross(*difference(mesh, facet[[0, 0]], facet[1:]))))
                shared[int(labels[other])] = shared.get(int(labels[other]), 0.0) + area
        shared.pop(int(labels[t]), None)
        shared.pop(int(Phase.separator), None)
        if shared:
            labels[t] = max(shared, key=lambda phase: shared[phase])
    return labels
