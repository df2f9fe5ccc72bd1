"""What all stages share: who they report to, what they leave, and the step from beads to LAMMPS classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from .beads import BeadTable
from .configuration import Configuration
from .errors import StageError
from .lammps_engine import LammpsEngine
from .porosity import VolumeFractions, volume_fractions
from .reporter import Reporter
from .stage_record import StageRecord
from .stationarity import Sample, Stationarity, StationarityCriterion, run_until_stationary

FloatArray = npt.NDArray[np.float64]
Curves = dict[str, list[float]]


@dataclass(frozen=True)
class Workplace:
    """Where a stage runs and reports.

    Args:
        comm: communicator of the ranks that run together.
        reporter: takes log lines and progress.
        voxel: edge length of the voxels that count volume fractions [m].
        record: where the stage keeps its LAMMPS input and journal; None: nowhere.
    """

    comm: MPI.Intracomm
    reporter: Reporter
    voxel: float = 0.5e-6
    record: StageRecord | None = None

    def engine(self, stage: str, time_step: float, inertial_scale: float = 1.0) -> LammpsEngine:
        """Return an engine that records what it does here; a context manager.

        Args:
            stage: name used in error messages and file names.
            time_step: [s].
            inertial_scale: factor on the inertial masses.
        """
        return LammpsEngine(self.comm, stage, time_step, inertial_scale, self.record)


@dataclass(frozen=True)
class StageResult:
    """What a stage leaves."""

    configuration: Configuration  # box: periodic, or from plate to plate after calendering
    report: dict[str, Any]
    curves: Curves = field(default_factory=dict)  # columns of equal length, the unit in each name
    snapshots: dict[str, Configuration] = field(default_factory=dict)  # name -> film on the way, plate to plate


def dry_fractions(beads: BeadTable, configuration: Configuration, plates: bool, voxel: float) -> VolumeFractions:
    """Return the volume fractions of dry beads in the box; between plates z is not periodic."""
    return volume_fractions(
        configuration.centres,
        beads.dry_radii,
        beads.phases,
        (configuration.lower, configuration.upper),
        (True, True, not plates),
        voxel,
    )


def relative_speed(engine: LammpsEngine, diameters: FloatArray, counts: npt.NDArray[np.int64]) -> float:
    """Return the rms speed over the mean bead diameter [1/s]."""
    return engine.speed() / float(np.average(diameters, weights=counts))


def come_to_rest(
    stage: str,
    criterion: StationarityCriterion,
    reporter: Reporter,
    advance: Callable[[], Sample],
    done_before: float = 0.0,
) -> Stationarity:
    """Run ``advance`` until the criterion is met, with progress, and log the criterion.

    Args:
        stage: name of the stage.
        criterion: when to stop.
        reporter: takes progress and the final line.
        advance: runs one sampling interval.
        done_before: fraction of the stage that lies before the settling.

    Raises:
        StageError: the stage did not come to rest.
    """
    done = 0.0

    def show(state: Stationarity, sample: Sample) -> None:
        """Report how far the stage is from rest."""
        nonlocal done
        done = max(done, state.progress)
        message = f"{criterion.quantity} {sample.value:.5g}, drift {state.drift:+.1e}, travel {state.travel:.1e}"
        reporter.advance(stage, done_before + (1.0 - done_before) * done, message)

    state = run_until_stationary(criterion, advance, show)
    if not state.met:
        raise StageError(f"{stage}: {state.line()}; raise the number of samples or loosen the limits")
    reporter.line(f"{stage}: {state.line()}")
    return state


def stationarity_report(state: Stationarity) -> dict[str, float | str | int]:
    """Return the criterion's figures for the summary."""
    return {
        "quantity": state.quantity,
        "drift": state.drift,
        "maximum_drift": state.maximum_drift,
        "bead_travel_diameters": state.travel,
        "maximum_bead_travel_diameters": state.maximum_travel,
        "samples": state.samples,
    }
