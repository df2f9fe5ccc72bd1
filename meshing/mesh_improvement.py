"""Improvement of the cut mesh: collapses, swaps and relocations until the smallest angle is large enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from manufacturing.phases import Phase

from .cell_labels import CellLabels
from .dihedral_quality import angle_of_quality, qualities, quality_of_angle
from .edge_collapse import collapse_pass
from .edge_removal import removal_pass, ring_workspace
from .facet_swap import swap_pass
from .mesh_patch import MeshPatch, close_patch, open_patch
from .specks import lost_volumes
from .sphere_field import DistanceField
from .torus_mesh import IntArray, TorusMesh, build_star, difference
from .vertex_relocation import relocation_pass

LEAST_PROGRESS = 0.1  # [deg] of the smallest angle, for an extra round to count
MOST_STUCK_ROUNDS = 6  # extra rounds without progress before giving up
LOOSE_SURFACE = 0.02  # of the lattice size: how far vertices may leave their spheres in the extra rounds


@dataclass(frozen=True)
class ImprovementSettings:
    """How long to improve, and what the interfaces may lose."""

    target_deg: float = 12.0  # smallest dihedral angle at which to stop
    schedule_deg: tuple[float, ...] = (8.0, 12.0, 15.0)  # cells below these are treated, one after the other
    # Largest phase volume that one operation may move, of the lattice size cubed: one round for each.
    volume_tolerances: tuple[float, ...] = (0.005, 0.01, 0.04)
    extra_rounds: int = 20  # at most, while the smallest angle is below the target
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
    field: DistanceField,
    cell_labels: CellLabels,
    settings: ImprovementSettings,
    log: Callable[[str], None],
) -> Improved:
    """Improve the worst cells; interfaces stay on their spheres and planes on their planes.

    Args:
        mesh: the cut mesh.
        field: the spheres that it was cut by [um].
        cell_labels: what the labels of the cells stand for.
        settings: when to stop.
        log: takes one line per round.
    """
    step = 0
    for angle in settings.schedule_deg:
        for tolerance in settings.volume_tolerances:
            mesh = _round(mesh, field, cell_labels, _Round(angle, tolerance, 0.0, settings.tries, step), log)
            step += 1
    return _rescue(mesh, field, cell_labels, settings, log)


def _rescue(
    mesh: TorusMesh,
    field: DistanceField,
    cell_labels: CellLabels,
    settings: ImprovementSettings,
    log: Callable[[str], None],
) -> Improved:
    """Give the last bad cells more freedom the longer they resist: off their spheres, into another phase."""
    relabelled: dict[str, float] = {}
    stuck, last = 0, -1.0
    for extra in range(settings.extra_rounds):
        worst = smallest_angle(mesh)
        stuck = stuck + 1 if worst < last + LEAST_PROGRESS else 0
        last = worst
        if worst >= settings.target_deg or stuck > MOST_STUCK_ROUNDS:
            break
        if stuck:
            labels = _relabel_worst(mesh, settings.target_deg, min(stuck, 2) * settings.relabel_volume)
            for name, volume in lost_volumes(mesh.volumes(), *map(cell_labels.phases, (mesh.labels, labels))).items():
                relabelled[name] = relabelled.get(name, 0.0) + volume
            mesh = replace(mesh, labels=labels)
        freedom = LOOSE_SURFACE * (1 + min(stuck, 2))
        options = _Round(settings.target_deg, settings.last_volume_tolerance, freedom, 2 * settings.tries, 1000 + extra)
        mesh = _round(mesh, field, cell_labels, options, log)
    return Improved(mesh, relabelled)


def smallest_angle(mesh: TorusMesh) -> float:
    """Return the smallest dihedral angle [deg], counting large angles like small ones."""
    return angle_of_quality(float(qualities(mesh.points, mesh.period, mesh.cells).min()))


@dataclass(frozen=True)
class _Round:
    angle: float  # cells below are treated [deg]
    volume_tolerance: float
    freedom: float  # how far vertices may leave their spheres, of the lattice size; 0: projected back
    tries: int
    seed: int


def _round(
    mesh: TorusMesh, field: DistanceField, cell_labels: CellLabels, options: _Round, log: Callable[[str], None]
) -> TorusMesh:
    """Relocate first and collapse last: relocation keeps vertices on the spheres, collapses lose volume."""
    tolerance, ring, counts = options.volume_tolerance, ring_workspace(), {}
    worst = smallest_angle(mesh)
    operations: dict[str, Callable[[MeshPatch, IntArray], int]] = {
        "relocated": lambda patch, bad: relocation_pass(
            patch, field, np.unique(patch.cells[bad]), options.tries, options.seed, options.freedom
        ),
        "edges removed": lambda patch, bad: removal_pass(patch, bad, tolerance, ring),
        "facets swapped": swap_pass,
        "collapsed": lambda patch, bad: collapse_pass(patch, bad, tolerance, options.freedom > 0.0),
    }
    for name, operation in operations.items():
        bad = _worst_cells(mesh, options.angle)
        if len(bad):
            patch = open_patch(mesh, cell_labels)
            counts[name] = operation(patch, bad)
            mesh = close_patch(mesh, patch)
    changes = ", ".join(f"{n} {name}" for name, n in counts.items()) or "nothing to do"
    log(f"meshing: improvement below {options.angle:g} deg, smallest was {worst:.2f} deg: {changes}")
    return mesh


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
