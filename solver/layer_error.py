"""Local error of the voltages of the double layers in a time step (Eq. D9)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .double_layer import LayerStages
from .half_cell import CellCurrents, HalfCell
from .reduction import global_sums
from .time_stepping import GAMMA, SDIRK_ERROR

FloatArray = npt.NDArray[np.float64]
Charging = tuple[CellCurrents, LayerStages]  # currents at the end of a stage, and that stage

SHORTEST = 1e-5  # [s]; what is over sooner, ions evening out between points a micrometre apart, is not resolved


def layer_error(cell: HalfCell, start: Charging, first: Charging, second: Charging, step: float) -> float:
    """Return the root mean square of the local error over the surfaces that have a layer [V] (collective).

    The third derivative follows from dv/dt at the start and in the two stages. Where a layer follows charge
    transfer at once (gamma dt far above its time constant) the stages are exact in the end, however they differ: the
    estimate is divided by 1 + gamma dt/(C_dl R_ct).

    Args:
        cell: the discrete cell.
        start: of the step.
        first: stage.
        second: stage, the end of the step.
        step: length [s].
    """
    sums = np.zeros(2)
    for k, reaction in enumerate(cell.reactions):
        if reaction.capacitance == 0.0:
            continue
        rates = [
            (currents.surfaces[k].layer_voltage - stage.bases[k]) / stage.duration
            for currents, stage in (start, first, second)
        ]
        bend = 2.0 * ((rates[2] - rates[1]) / (1.0 - GAMMA) - (rates[1] - rates[0]) / GAMMA)
        conductance = reaction.capacitance / second[1].duration
        through_film = second[0].surfaces[k].faradaic_by_drop
        transfer = through_film * (1.0 + reaction.resistance * conductance) / (1.0 - reaction.resistance * through_film)
        error = SDIRK_ERROR * step * bend / (1.0 + transfer / conductance)
        weights = cell.points[k].weights
        sums += [float(weights @ error**2), float(weights.sum())]
    square, area = global_sums(cell.comm, sums)
    return float(np.sqrt(square / area)) * step / (step + SHORTEST)
