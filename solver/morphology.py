"""Morphology of an electrode: profiles, chords, sizes, areas, correlation and networks of a labelled mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.phases import PARTICLE_PHASES, Phase
from manufacturing.void_network import void_network
from meshing.labelled_mesh import LabelledMesh, interface_areas
from meshing.phase_grid import PhaseGrid, phase_grid
from meshing.phase_lines import PhaseLines, phase_lines

from .chord_lengths import Chords, chord_lengths
from .local_thickness import SizeDistribution, local_thickness
from .particle_network import particle_network
from .two_point import TwoPoint, two_point

FloatArray = npt.NDArray[np.float64]
Table = dict[str, list[Any]]

MICROMETRE = 1e-6
PHASES = (*PARTICLE_PHASES, Phase.void)
POINTS, LARGEST_GRID = 5e5, 5e7  # points of the grid: default, most


@dataclass(frozen=True)
class MorphologySettings:
    """How finely an electrode is looked at."""

    spacing: float | None = None  # [m] of lines and grid points; None: 5e5 points in the electrode
    layers: int = 40  # of the profiles
    bins: int = 40  # of the distributions

    def spacing_for(self, mesh: LabelledMesh) -> float:
        """Return the distance of lines and grid points [m].

        Raises:
            InputError: more points than fit into memory.
        """
        volume = mesh.cross_section * mesh.electrode_thickness
        spacing = self.spacing or float((volume / POINTS) ** (1.0 / 3.0))
        if volume / spacing**3 > LARGEST_GRID:
            needed = (volume / LARGEST_GRID) ** (1.0 / 3.0)
            raise InputError("morphology.spacing", f"{spacing:g} m", f"at least {needed:.3g} m: 5e7 points")
        return spacing


@dataclass(frozen=True)
class Morphology:
    """What was measured on an electrode."""

    mesh: LabelledMesh
    phases: tuple[Phase, ...]  # that are there
    grid: PhaseGrid
    profile: dict[Phase, FloatArray]  # (layers,) share of each layer
    edges: FloatArray  # (layers + 1,) [m] of the layers
    chords: dict[Phase, tuple[Chords, Chords, Chords]]  # along x, y, z
    sizes: dict[Phase, SizeDistribution]
    correlation: dict[Phase, TwoPoint]
    networks: dict[str, Any]  # figures of particle and pore networks
    bins: int

    def figures(self) -> dict[str, Any]:
        """Return the numbers for the summary; lengths in metres, areas per electrode volume in 1/m."""
        surface = surface_areas(self.mesh)
        volume = self.mesh.cross_section * self.mesh.electrode_thickness
        by_phase = {}
        for phase in self.phases:
            chords = {axis: chord.figures() for axis, chord in zip("xyz", self.chords[phase], strict=True)}
            by_phase[phase.name] = {
                "fraction_on_grid": self.correlation[phase].fraction,
                "surface_per_volume_1_m": surface.get(phase, 0.0) / volume,
                "surface_per_volume_from_correlation_1_m": self.correlation[phase].specific_area,
                "chords": chords,
                "inscribed_diameter": self.sizes[phase].figures(),
            }
        return {
            "spacing_m": self.grid.spacing.tolist(),
            "grid": list(self.grid.phases.shape),
            "phases": by_phase,
            "interfaces": specific_areas(self.mesh),
            **self.networks,
        }

    def tables(self) -> dict[str, Table]:
        """Return the curves by file name: profiles, chords, sizes and correlation, lengths in micrometres."""
        return {
            "phase_profile": self._profile_table(),
            "chord_lengths": self._distribution_table("chord"),
            "inscribed_diameters": self._distribution_table("size"),
            "two_point": self._correlation_table(),
        }

    def _profile_table(self) -> Table:
        height = 0.5 * (self.edges[1:] + self.edges[:-1]) - self.mesh.electrode_bottom
        return {"z_um": list(height / MICROMETRE)} | {p.name: list(self.profile[p]) for p in self.phases}

    def _distribution_table(self, kind: str) -> Table:
        """Return densities per micrometre over the middle of each bin."""
        series: dict[str, Chords | SizeDistribution] = {}
        for phase in self.phases:
            if kind == "size":
                series[phase.name] = self.sizes[phase]
            else:
                series |= {f"{phase.name}_{axis}": c for axis, c in zip("xyz", self.chords[phase], strict=True)}
        largest = max((float(_values(s).max(initial=0.0)) for s in series.values()), default=0.0)
        edges: FloatArray = np.linspace(0.0, largest or MICROMETRE, self.bins + 1, dtype=np.float64)
        middle = 0.5 * (edges[1:] + edges[:-1]) / MICROMETRE
        columns = {f"{name}_1_um": list(s.histogram(edges) * MICROMETRE) for name, s in series.items()}
        return {"length_um": list(middle)} | columns

    def _correlation_table(self) -> Table:
        first = self.correlation[self.phases[0]]
        return {"distance_um": list(first.distance / MICROMETRE)} | {
            p.name: list(self.correlation[p].radial) for p in self.phases
        }


def _values(series: Chords | SizeDistribution) -> FloatArray:
    return series.lengths if isinstance(series, Chords) else series.diameters


def measure_morphology(
    mesh: LabelledMesh, settings: MorphologySettings | None = None, packing: Packing | None = None
) -> Morphology:
    """Measure the electrode of a mesh.

    Args:
        mesh: labelled mesh.
        settings: how finely.
        packing: particles of the electrode, for the pore network; None without or where the matrix is no void.
    """
    settings = settings or MorphologySettings()
    spacing = settings.spacing_for(mesh)
    lines = [phase_lines(mesh, axis, spacing) for axis in range(3)]
    grid = phase_grid(mesh, spacing)
    phases = tuple(phase for phase in PHASES if (mesh.phases == phase).any())
    edges = np.linspace(mesh.electrode_bottom, mesh.upper[2], settings.layers + 1)
    masks = {phase: grid.phases == phase for phase in phases}
    return Morphology(
        mesh,
        phases,
        grid,
        {phase: layer_shares(lines[2], phase, edges) for phase in phases},
        edges,
        {phase: _chords(mesh, lines, phase, grid.periodic) for phase in phases},
        {phase: local_thickness(mask, grid.spacing, grid.periodic) for phase, mask in masks.items()},
        {phase: two_point(mask, grid.spacing, grid.periodic) for phase, mask in masks.items()},
        _networks(mesh, packing),
        settings.bins,
    )


def layer_shares(lines: PhaseLines, phase: int, edges: FloatArray) -> FloatArray:
    """Return the share of a phase in layers along z, from lines along z, shape (layers,)."""
    mine = lines.phase == phase
    start, end = lines.start[mine], lines.end[mine]
    passed = np.array([np.clip(edge - start, 0.0, end - start).sum() for edge in edges])
    return np.asarray(np.diff(passed) / np.diff(edges) / (lines.shape[0] * lines.shape[1]))


def _chords(
    mesh: LabelledMesh, lines: list[PhaseLines], phase: Phase, periodic: tuple[bool, bool, bool]
) -> tuple[Chords, Chords, Chords]:
    low = [mesh.lower[0], mesh.lower[1], mesh.electrode_bottom]
    x, y, z = (
        chord_lengths(lines[axis], phase, (float(low[axis]), float(mesh.upper[axis])), periodic[axis])
        for axis in range(3)
    )
    return x, y, z


def specific_areas(mesh: LabelledMesh) -> dict[str, dict[str, float | None]]:
    """Return the area of every interface per electrode volume, beside the exact figure where meshing knew it [1/m]."""
    volume = mesh.cross_section * mesh.electrode_thickness
    exact = mesh.report.get("exact_interface_area_m2", {})
    return {
        name: {
            "area_per_volume_1_m": area / volume,
            "exact_area_per_volume_1_m": exact[name] / volume if name in exact else None,
        }
        for name, area in interface_areas(mesh).items()
    }


def surface_areas(mesh: LabelledMesh) -> dict[Phase, float]:
    """Return the area of each phase towards all other phases of the electrode [m2]."""
    found: dict[Phase, float] = {}
    for name, area in interface_areas(mesh).items():
        first, _, second = name.partition("|")
        second = second.split("_")[0]
        if first != second and not {first, second} & {Phase.separator.name, Phase.anode.name}:
            for part in (first, second):
                found[Phase[part]] = found.get(Phase[part], 0.0) + area
    return found


def _networks(mesh: LabelledMesh, packing: Packing | None) -> dict[str, Any]:
    """Return contacts, coordination and networks of the particles, and the pore network of the packing."""
    found: dict[str, Any] = {}
    particles = particle_network(mesh)
    if len(particles.ids):
        present = [p for p in PARTICLE_PHASES if (particles.phases == p).any()]
        found["contacts"] = particles.contact_figures()
        found["coordination"] = particles.coordination_figures()
        found["particle_networks"] = {p.name: particles.phase_figures(p) for p in present}
    if packing is not None and len(packing.radii) > 1:
        found["pore_network"] = void_network(packing).figures()
    return found
