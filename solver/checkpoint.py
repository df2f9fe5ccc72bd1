"""The progress of a run as arrays over the nodes of the fields and plain data, whatever the number of ranks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from .checkpoint_file import Content
from .discharge_records import DischargeRecord, StepOutcome
from .double_layer import LayerStages
from .half_cell import LITHIUM_FIELD, SURFACE_FIELDS, HalfCell
from .integrator import CellPoint
from .ledger import Ledger
from .progress import Progress, StepStart
from .protocol import Reading

FloatArray = npt.NDArray[np.float64]

STATES = ("state", "previous_state")
RATES = ("rate", "previous_rate")
LAYER = "layer_"  # and the number of the surface: bases of the double layers by corner of its facets


def pack(cell: HalfCell, progress: Progress) -> Content | None:
    """Return the progress as arrays and header on rank 0, None on the others (collective).

    The unknowns go by the node on which they live, so that any number of ranks can take them.
    """
    point, arrays = progress.point, {}
    for name in STATES:
        state = getattr(point, name)
        if state is not None:
            for k in SURFACE_FIELDS:
                arrays[f"{name}_{k}"] = cell.fields[k].at_nodes(state[cell.slices[k]])
    for name in RATES:
        rate = getattr(point, name)
        if rate is not None:
            arrays[name] = cell.fields[LITHIUM_FIELD].at_nodes(rate)
    if point.layers is not None:
        for k, (points, base) in enumerate(zip(cell.points, point.layers.bases, strict=True)):
            arrays[f"{LAYER}{k}"] = points.at_corners(base, cell.comm)
    if cell.comm.rank != 0:
        return None
    header = {
        "layer_duration": point.layers.duration if point.layers is not None else 0.0,
        "number": progress.number,
        "time": point.time,
        "previous_step": point.previous_step,
        "next_step": progress.next_step,
        "ledger": asdict(progress.ledger) | {"exchanged": progress.ledger.exchanged.tolist()},
        "start": asdict(progress.start) if progress.start is not None else None,
        "records": [record.values() for record in progress.records],
        "outcomes": [asdict(outcome) for outcome in progress.outcomes],
    }
    return {name: array for name, array in arrays.items() if array is not None}, header


def fits(cell: HalfCell, arrays: dict[str, FloatArray]) -> bool:
    """Return whether arrays belong to the mesh of a cell: by node of a field or by corner of a surface."""
    sizes = {f"{name}_{k}": len(cell.fields[k].columns_of_nodes) for name in STATES for k in SURFACE_FIELDS}
    sizes |= dict.fromkeys(RATES, len(cell.fields[LITHIUM_FIELD].columns_of_nodes))
    sizes |= {f"{LAYER}{k}": points.corner_count for k, points in enumerate(cell.points)}
    nodes = {len(field.columns_of_nodes) for field in cell.fields}  # of the kept fields, whose names are the keeper's
    return all(np.shape(array)[-1] in ({sizes[name]} if name in sizes else nodes) for name, array in arrays.items())


def unpack(cell: HalfCell, arrays: dict[str, FloatArray], header: dict[str, Any]) -> Progress:
    """Return the progress from arrays over the nodes of the fields, the same on all ranks, and the header."""
    states, rates = {}, {}
    for name in STATES:
        if f"{name}_0" in arrays:
            parts = [cell.fields[k].from_nodes(arrays[f"{name}_{k}"]) for k in SURFACE_FIELDS]
            states[name] = np.concatenate(parts)
    for name in RATES:
        if name in arrays:
            rates[name] = cell.fields[LITHIUM_FIELD].from_nodes(arrays[name])
    bases = tuple(arrays[f"{LAYER}{k}"][p.corners] for k, p in enumerate(cell.points) if f"{LAYER}{k}" in arrays)
    layers = LayerStages(header["layer_duration"], bases) if bases else None
    point = CellPoint(
        header["time"],
        currents=cell.currents(states["state"], layers),
        previous_step=header["previous_step"],
        layers=layers,
        **states,
        **rates,
    )
    return Progress(
        header["number"],
        point,
        header["next_step"],
        Ledger(**header["ledger"] | {"exchanged": np.array(header["ledger"]["exchanged"])}),
        _start(header["start"]),
        tuple(DischargeRecord.from_values(values) for values in header["records"]),
        tuple(StepOutcome(**values) for values in header["outcomes"]),
    )


def _start(values: dict[str, Any] | None) -> StepStart | None:
    if values is None:
        return None
    return StepStart(**values | {"reading": Reading(**values["reading"])})
