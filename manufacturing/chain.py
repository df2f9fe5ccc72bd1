"""The manufacturing chain: recipe -> slurry -> drying -> calendering -> packing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mpi4py import MPI

from .assumption import Assumption
from .calendering import CalenderingStage
from .collective import run_on, run_on_group
from .configuration import Configuration
from .drying import DryingStage
from .errors import InputError, StageError
from .packing import FloatArray, Packing
from .porosity import CBD_NANOPOROSITY
from .press import snapshot_name
from .recipe import Recipe
from .reporter import LogLine, Progress, Reporter
from .settings_key import plain
from .shipped_recipes import nmc622_argyrodite
from .slurry import SlurryStage
from .stage import Curves, StageResult, Workplace
from .stage_runner import StageRunner

PERIODIC = (True, True, True)
ROUNDING_WARNING = 0.02  # of the mass
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

    def check(self) -> None:
        """Refuse what can be known to fail before anything runs.

        Raises:
            InputError: a powder without beads, a box too narrow for its beads, or voxels larger than a bead.
        """
        beads = self.recipe.bead_table()
        self.slurry.check_width(beads)
        smallest = min(c.dry_diameter for c in beads.classes)
        if self.voxel > smallest:
            raise InputError("manufacturing.voxel", f"{self.voxel:g} m", f"at most the smallest bead, {smallest:g} m")

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
    resume: bool = True,
) -> ManufacturingResult:
    """Manufacture an electrode; all ranks call it and receive the same result.

    The same settings give the same packing on any number of ranks, because ``settings.ranks`` of them do
    the work and the others wait.

    Args:
        settings: recipe, stages and seed.
        comm: all ranks that call.
        log: takes a line; called on rank 0 only.
        progress: takes stage, fraction done (0-1) and a message; called on rank 0 only.
        directory: where the packing of every finished stage and its LAMMPS input are saved; None: nowhere.
        resume: whether stages that are finished in ``directory`` are taken from there, and a stage that was
            interrupted goes on from its last restart file, where all settings that decide about it are the same.

    Raises:
        InputError: the settings cannot be used, or there are fewer ranks than ``settings.ranks``.
        StageError: a stage failed; what was reached is in ``directory``, and the message says where.
    """
    if comm.size < settings.ranks:
        found = f"{settings.ranks} with {comm.size} MPI ranks"
        raise InputError("manufacturing.ranks", found, "no more than there are")
    if directory is not None:
        run_on(comm, 1, lambda: _check_writable(directory))

    def work(group: MPI.Intracomm) -> ManufacturingResult:
        """Run the chain on the ranks that work."""
        workplace = Workplace(group, Reporter(group.rank, log, progress), settings.voxel)
        return _Chain(settings, workplace, directory, resume).run()

    return run_on_group(comm, settings.ranks, work)


class _Chain:
    """One run of the chain on the ranks that work: log lines, saved packings, reports."""

    def __init__(self, settings: ManufacturingSettings, workplace: Workplace, directory: Path | None, resume: bool):
        self.settings = settings
        self.workplace = workplace
        self.directory = directory
        self.beads = settings.recipe.bead_table()
        inputs = {"seed": settings.seed, "ranks": settings.ranks, "beads": self.beads}
        self.runner = StageRunner(workplace, directory, inputs, resume, self._save_unfinished)

    def run(self) -> ManufacturingResult:
        """Run or read all stages."""
        settings, beads, wet, dry = self.settings, self.beads, self.beads.wet_radii, self.beads.dry_radii
        self.describe_beads()
        self.warn_of_rounding()
        slurry = self.stage("slurry", settings.slurry, lambda place: settings.slurry.run(beads, place, settings.seed))
        self.save("slurry", slurry.configuration, wet, PERIODIC)
        start = slurry.configuration
        dried = self.stage("drying", settings.drying, lambda place: settings.drying.run(beads, start, place))
        self.save("dried", dried.configuration, dry, PERIODIC)
        film, press = dried.configuration, settings.calendering
        calendered = self.stage("calendering", press, lambda place: press.run(beads, film, place))
        self._remove_snapshots()
        degrees = {snapshot_name(degree): degree for degree in press.all_degrees}
        for name, configuration in calendered.snapshots.items():
            degree = degrees.get(name, press.all_degrees[-1])
            pores = press.nanopores.nanoporosity(degree)
            self.save(name, configuration, press.radii(beads, degree), BETWEEN_PLATES, pores)
        pores = press.nanopores.nanoporosity(press.all_degrees[-1])
        packing = self.save("calendered", calendered.configuration, press.radii(beads), BETWEEN_PLATES, pores)
        curves = {"slurry": slurry.curves, "drying": dried.curves, "calendering": calendered.curves}
        return ManufacturingResult(packing, self.report(slurry, dried, calendered), curves)

    def describe_beads(self) -> None:
        """Log bead counts and the mass balance."""
        counts = ", ".join(f"{count} {name}" for name, count in self.beads.count_by_phase().items())
        shares = ", ".join(f"{name} {100 * share:.2f}" for name, share in self.beads.weight_fractions().items())
        self.workplace.reporter.line(f"beads: {self.beads.total} ({counts}); wt% of dry solids: {shares}")
        self.workplace.reporter.line(
            f"dry mass {self.beads.dry_mass:.4e} kg, slurry mass {self.beads.wet_mass:.4e} kg, "
            f"solids content {self.beads.solids_content:.3f}"
        )

    def warn_of_rounding(self) -> None:
        """Log a warning where whole beads leave a phase far from its weight fraction."""
        wanted: dict[str, float] = {}
        for powder in self.settings.recipe.powders:
            wanted[powder.phase.name] = wanted.get(powder.phase.name, 0.0) + powder.weight_fraction
        for name, share in self.beads.weight_fractions().items():
            if abs(share - wanted[name]) > ROUNDING_WARNING:
                text = f"{100.0 * share:.1f} wt% {name} instead of {100.0 * wanted[name]:.1f}"
                self.workplace.reporter.line(f"warning: so few beads give {text}; more beads come closer")

    def stage(self, name: str, settings: Any, work: Callable[[Workplace], StageResult]) -> StageResult:
        """Run or read a stage, log its figures and its wall time."""
        result = self.runner.run(name, settings, work)
        if self.directory is not None and self.workplace.comm.rank == 0:
            (self.directory / f"packing_{name}_unfinished.h5").unlink(missing_ok=True)
        figures = ", ".join(f"{k} {v:.4g}" for k, v in result.report.items() if isinstance(v, float))
        seconds = self.runner.seconds.get(name)
        how = "finished before" if seconds is None else f"{seconds:.1f} s"
        self.workplace.reporter.line(f"{name}: {figures} ({how})")
        self.workplace.reporter.advance(name, 1.0, "done")
        return result

    def save(
        self,
        name: str,
        configuration: Configuration,
        radii: FloatArray,
        periodic: tuple[bool, bool, bool],
        nanoporosity: float = CBD_NANOPOROSITY,
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
            self._provenance(name, int((~kept).sum())) | {"nanoporosity": nanoporosity},
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
            "seconds": dict(self.runner.seconds),
            "steps": dict(self.runner.steps),
            "reused_stages": list(self.runner.reused),
            "seed": self.settings.seed,
            "ranks": self.workplace.comm.size,
        }

    def _remove_snapshots(self) -> None:
        """Remove films on the way to another degree, which an earlier run may have left."""
        if self.directory is not None and self.workplace.comm.rank == 0:
            for path in self.directory.glob("packing_calendered_*.h5"):
                path.unlink(missing_ok=True)

    def _save_unfinished(self, stage: str, configuration: Configuration) -> Path | None:
        """Save how far the beads of a failed stage came."""
        wet, plates = stage == "slurry", stage == "calendering"
        radii = self.beads.wet_radii if wet else self.beads.dry_radii
        periodic = BETWEEN_PLATES if plates else PERIODIC
        name = f"{stage}_unfinished"
        self.save(name, configuration.wrapped(periodic), radii, periodic)
        return None if self.directory is None else self.directory / f"packing_{name}.h5"

    def _provenance(self, stage: str, cropped_beads: int) -> dict[str, Any]:
        return {
            "source": "manufactured",
            "stage": stage,
            "seed": self.settings.seed,
            "ranks": self.workplace.comm.size,
            "dry_mass_kg": self.beads.dry_mass,
            "cropped_beads": cropped_beads,
            "settings": {name: plain(getattr(self.settings, name)) for name in ("slurry", "drying", "calendering")},
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
