"""Diffusion in a sphere under constant flux: inventory, surface excess and the whole profile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.phases import Phase
from meshing.facets import triangle_areas
from meshing.labelled_mesh import interface_sides, load_mesh
from solver.constants import FARADAY

from .half_cell_1d import sphere_constant_flux
from .shipped_cases import content, run

NAME = "sphere_constant_flux"


@dataclass(frozen=True)
class SphereErrors:
    """Relative errors of one run."""

    mean: float  # of c_mean - c_0 against 3 j t/R
    surface: float  # of c_surface - c_mean against j R/(5 D)
    profile: float  # root mean square over all nodes, relative to j R/D


def sphere_errors(out: Path, comm: MPI.Intracomm, cell_size: float) -> SphereErrors:
    """Run the half sphere at one cell size [m]; j = I/(F 2 pi R^2) is the exact flux."""
    found = run(NAME, out, comm, f"mesh.cell_size={cell_size}")["discharge"]
    assert found["end_reason"] == "time"
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
    data = content(NAME)
    active, sphere = data["materials"]["AM"], data["geometry"]["spheres"][0]
    radius, diffusivity, c_max = sphere["radius"], active["diffusivity"], active["maximum_concentration"]
    time, start = data["discharge"]["maximum_time"], data["discharge"]["initial_stoichiometry"]
    mesh = load_mesh(out / "mesh.h5")
    flux = found["current_density_A_m2"] * mesh.cross_section / (FARADAY * 2.0 * np.pi * radius**2)
    rise = c_max * (np.load(out / "fields" / "discharge_snapshots.npz")["stoichiometry"][-1] - start)
    inside = mesh.phases == Phase.AM
    mean = np.average(rise[mesh.cells[inside]].mean(axis=1), weights=mesh.volumes()[inside])
    corners = interface_sides(mesh, Phase.AM, Phase.SE).first
    surface = np.average(rise[corners].mean(axis=1), weights=triangle_areas(mesh.vertices, corners))
    known = np.isfinite(rise)
    distance = np.linalg.norm(mesh.vertices[known] - np.array(sphere["centre"]), axis=1)
    exact = sphere_constant_flux(radius, diffusivity, flux, time, np.minimum(distance, radius))
    scale = flux * radius / diffusivity
    return SphereErrors(
        mean / (3.0 * flux * time / radius) - 1.0,
        (surface - mean) / (0.2 * scale) - 1.0,
        float(np.sqrt(np.mean((rise[known] - exact) ** 2))) / scale,
    )


@pytest.mark.mpi
def test_sphere_under_constant_flux(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """R/h = 6: the mean follows the flux, the surface excess is j R/(5 D) to 0.5 %."""
    errors = sphere_errors(shared_tmp_path, comm, 4e-6 / 6.0)
    print(errors)
    assert abs(errors.mean) < 2e-3, "volume of the meshed sphere"
    assert abs(errors.surface) < 5e-3
    assert errors.profile < 5e-3


def test_errors_fall_at_second_order(tmp_path: Path) -> None:
    ratios = np.array([3.2, 5.0, 8.0])  # R/h
    found = [sphere_errors(tmp_path / f"{ratio}", MPI.COMM_SELF, 4e-6 / ratio) for ratio in ratios]
    for name in ("surface", "profile"):
        errors = np.abs([getattr(f, name) for f in found])
        order = -np.polyfit(np.log(ratios), np.log(errors), 1)[0]
        print(f"{name}: errors {errors}, order {order:.2f}")
        assert order > 1.7, name
