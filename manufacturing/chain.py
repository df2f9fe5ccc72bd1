"""The manufacturing chain: recipe -> slurry -> drying -> calendering -> packing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from mpi4py import MPI

from .assumption import Assumption
from .beads import BeadTable
from .calendering import CalenderingStage
from .collective import run_on
from .configuration import Configuration
from .drying import DryingStage
from .errors import InputError, StageError
from .packing import FloatArray, Packing
from .recipe import Recipe
from .reporter import LogLine, Progress, Reporter
from .shipped_recipes import nmc622_argyrodite
from .slurry import SlurryStage
from .stage import Curves, StageResult, Workplace

PERIODIC = (True, True, True)
BETWEEN_PLATES = (True, True, False)


@dataclass(frozen=True)
class ManufacturingSettings:
    """Everything that decides about a packing.

    Args:
        recipe: what goes in.
        slurry: settings of the first stage.
        drying: settings of the second stage.
        calendering: settings of the third stage.
        seed: of the random insertion, 0 or more.
        ranks: number of MPI ranks that manufacture, however many call; another number gives another
            (statistically equal) packing, so it belongs to the settings. One is fast enough for 1000 beads.
        voxel: edge length of the voxels that count volume fractions [m].
    """

    recipe: Recipe = field(default_factory=nmc622_argyrodite)
    slurry: SlurryStage = field(default_factory=SlurryStage)
    drying: DryingStage = field(default_factory=DryingStage)
    calendering: CalenderingStage = field(default_factory=CalenderingStage)
    seed: int = 1
    ranks: int = 1
    voxel: float = 0.5e-6

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InputError("manufacturing.seed", self.seed, "0 or more")
        if self.ranks < 1:
            raise InputError("manufacturing.ranks", self.ranks, "1 or more")
        if not self.voxel > 0.0:
            raise InputError("manufacturing.voxel", self.voxel, "a positive length [m]")

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return every assumed, calibrated or numerical value of the chain."""
        stages = (self.slurry, self.drying, self.calendering)
        return self.recipe.assumptions + tuple(a for stage in stages for a in stage.assumptions())


@dataclass(frozen=True)
class ManufacturingResult:
    """What manufacturing leaves."""

    packing: Packing  # the calendered electrode between its crop planes
    report: dict[str, Any]  # for the summary of the run
    curves: dict[str, Curves]  # per stage: columns of equal length, units in their names


def manufacture(
    settings: ManufacturingSettings,
    comm: MPI.Intracomm = MPI.COMM_WORLD,
    log: LogLine | None = None,
    progress: Progress | None = None,
    directory: Path | None = None,
) -> ManufacturingResult:
    """Manufacture an electrode; all ranks call it and receive the same result.

    The same settings give the same packing on any number of ranks, because ``settings.ranks`` of them do
    the work and the others wait.

    Args:
        settings: recipe, stages and seed.
        comm: all ranks that call.
        log: takes a line; called on rank 0 only.
        progress: takes stage, fraction done (0-1) and a message; called on rank 0 only.
        directory: where the packing of every finished stage is saved; None: nowhere.

    Raises:
        InputError: the settings cannot be used, or there are fewer ranks than ``settings.ranks``.
        StageError: a stage failed; packings of the stages before it are in ``directory``.
    """
    if comm.size < settings.ranks:
        found = f"{settings.ranks} with {comm.size} MPI ranks"
        raise InputError("manufacturing.ranks", found, "no more than there are")
    if directory is not None:
        run_on(comm, 1, lambda: _check_writable(directory))
    group = cast(MPI.Intracomm, comm.Split(0 if comm.rank < settings.ranks else 1, comm.rank))
    try:
        return run_on(comm, settings.ranks, lambda: _manufacture(settings, group, log, progress, directory))
    finally:
        group.Free()


def _manufacture(
    settings: ManufacturingSettings,
    comm: MPI.Intracomm,
    log: LogLine | None,
    progress: Progress | None,
    directory: Path | None,
) -> ManufacturingResult:
    """Run the chain on the ranks that work."""
    workplace = Workplace(comm, Reporter(comm.rank, log, progress), settings.voxel)
    beads = settings.recipe.bead_table()
    run = _Run(settings, workplace, beads, directory)
    run.describe_beads()
    slurry = run.stage("slurry", lambda: settings.slurry.run(beads, workplace, settings.seed))
    run.save("slurry", slurry.configuration, beads.wet_radii, PERIODIC)
    dried = run.stage("drying", lambda: settings.drying.run(beads, slurry.configuration, workplace))
    run.save("dried", dried.configuration, beads.dry_radii, PERIODIC)
    calendered = run.stage("calendering", lambda: settings.calendering.run(beads, dried.configuration, workplace))
    packing = run.save("calendered", calendered.configuration, beads.dry_radii, BETWEEN_PLATES)
    curves = {"slurry": slurry.curves, "drying": dried.curves, "calendering": calendered.curves}
    return ManufacturingResult(packing, run.report(slurry, dried, calendered), curves)


@dataclass(frozen=True)
class _Run:
    """Bookkeeping of one run: log lines, wall times, saved packings."""

    settings: ManufacturingSettings
    workplace: Workplace
    beads: BeadTable
    directory: Path | None
    seconds: dict[str, float] = field(default_factory=dict)

    def describe_beads(self) -> None:
        """Log bead counts and the mass balance."""
        counts = ", ".join(f"{count} {name}" for name, count in self.beads.count_by_phase().items())
        shares = ", ".join(f"{name} {100 * share:.2f}" for name, share in self.beads.weight_fractions().items())
        self.workplace.reporter.line(f"beads: {self.beads.total} ({counts}); wt% of dry solids: {shares}")
        self.workplace.reporter.line(
            f"dry mass {self.beads.dry_mass:.4e} kg, slurry mass {self.beads.wet_mass:.4e} kg, "
            f"solids content {self.beads.solids_content:.3f}"
        )

    def stage(self, name: str, run: Callable[[], StageResult]) -> StageResult:
        """Run a stage, log its figures and its wall time."""
        start = time.perf_counter()
        result = run()
        self.seconds[name] = time.perf_counter() - start
        figures = ", ".join(f"{k} {v:.4g}" for k, v in result.report.items() if isinstance(v, float))
        self.workplace.reporter.line(f"{name}: {figures} ({self.seconds[name]:.1f} s)")
        self.workplace.reporter.advance(name, 1.0, "done")
        return result

    def save(
        self, name: str, configuration: Configuration, radii: FloatArray, periodic: tuple[bool, bool, bool]
    ) -> Packing:
        """Return the beads that reach into the box as a packing; save it where a directory was given."""
        moved = configuration.at_origin()
        height = moved.centres[:, 2]
        kept = (height > -radii) & (height < moved.upper[2] + radii)
        packing = Packing(
            moved.centres[kept],
            radii[kept],
            self.beads.phases[kept],
            self.beads.ids[kept],
            moved.lower,
            moved.upper,
            periodic,
            self._provenance(name, int((~kept).sum())),
        )
        if self.directory is not None:
            path = self.directory / f"packing_{name}.h5"
            run_on(self.workplace.comm, 1, lambda: _save(packing, path))
        return packing

    def report(self, slurry: StageResult, dried: StageResult, calendered: StageResult) -> dict[str, Any]:
        """Return the figures of all stages for the summary."""
        return {
            "beads": self.beads.total,
            "beads_by_phase": self.beads.count_by_phase(),
            "weight_fractions": self.beads.weight_fractions(),
            "dry_mass_kg": self.beads.dry_mass,
            "slurry": slurry.report,
            "dried": dried.report,
            "calendered": calendered.report,
            "seconds": dict(self.seconds),
            "seed": self.settings.seed,
            "ranks": self.workplace.comm.size,
        }

    def _provenance(self, stage: str, cropped_beads: int) -> dict[str, Any]:
        return {
            "source": "manufactured",
            "stage": stage,
            "seed": self.settings.seed,
            "ranks": self.workplace.comm.size,
            "dry_mass_kg": self.beads.dry_mass,
            "cropped_beads": cropped_beads,
            "assumptions": [a.as_dict() for a in self.settings.assumptions()],
        }


def _check_writable(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(str(directory), f"a folder that cannot be made ({error})", "a writable folder") from error
    if not os.access(directory, os.W_OK):
        raise InputError(str(directory), "a folder without write permission", "a writable folder")


def _save(packing: Packing, path: Path) -> None:
    try:
        packing.save(path)
    except OSError as error:
        raise StageError(f"{path} cannot be written: {error}") from error
