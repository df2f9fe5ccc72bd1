"""Packings against formulae, balances, papers and their own resolution: ``granode validate manufacturing``.

Full-size runs (5089 beads of paper 001) take most of the time; each is kept when it is done.
"""

from __future__ import annotations

import itertools
import math
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from cases.check_store import CheckStore, Groups, run_groups
from cases.check_table import Check, at_least, at_most, reported, timed
from cases.runner import run_in_process
from manufacturing.calendering import CalenderingStage
from manufacturing.packing import load_packing
from manufacturing.phases import Phase
from manufacturing.porosity import VolumeFractions, volume_fractions
from tests.validation.manufacturing_runs import (
    NO_FLOW,
    THIRTY,
    Change,
    FloatArray,
    at_balance,
    at_thirty,
    films,
    flow,
    manufactured,
    on_two_ranks,
    porosity_003,
    porosity_curve,
    resolution,
    run_001,
    slurry,
    slurry_001,
)
from tests.verification.shipped_cases import content

ROOMS = ("manufacturing", "cases/papers", "tests/validation")
BOX = (np.zeros(3), np.full(3, 10e-6))
SAMPLING = 6e-4  # of the box, at 0.1 um voxels
SEEDS = (1, 2, 3)
VISCOSITY = (0.1, 0.6)  # [Pa s] paper 003: 0.1-0.3 usual, 0.3-0.6 wanted for casting; measured over 10-1000 1/s
FLOW_BEADS, BEADS_003 = 1000, 2500
WIDE_003 = ("geometry.slurry.aspect_ratio=1.0",)  # so few soaked beads of 7 um need a low box
# One rate at which the order shows; seeds are averaged, so that each may be less sharp.
RATE_003 = ("rheology.rates=[10.0]", "rheology.minimum_strain=1.5", "rheology.relative_error=0.05")
SOLIDS_003 = (48, 50, 52)
RECIPES_003 = [f"nmc811_argyrodite_{active}_{solids}" for active in ("am1", "am2") for solids in SOLIDS_003]
DRIED_003 = {"am1_48": 0.70, "am1_50": 0.70, "am1_52": 0.50, "am2_48": math.nan, "am2_50": math.nan, "am2_52": math.nan}
CHANGES: dict[str, Change] = {
    "half_time_step": (0.5, 1.0),
    "tenth_masses": (None, 0.1),
}  # factors on time step and masses
VARIANTS = (  # title, name, seeds
    ("half the time step", "half_time_step", SEEDS),
    ("a tenth of the masses, damping ratios of drying kept", "tenth_masses", SEEDS),
    ("two ranks", "two_ranks", SEEDS[:2]),
)
SLURRY_BEADS = 1000
FACTOR = 1.5  # by which our viscosity may leave the measured range


def count(centres: list[list[float]], radius: float, phases: list[Phase]) -> VolumeFractions:
    """Voxel count of equal spheres in a periodic box of 10 um; lengths in um."""
    radii = np.full(len(centres), 1e-6 * radius)
    labels = np.array([int(p) for p in phases])
    return volume_fractions(1e-6 * np.array(centres), radii, labels, BOX, (True, True, True), 0.1e-6)


def porosity(_: CheckStore) -> list[Check]:
    """Touching spheres and the lens of two overlapping ones."""
    touching = count([[5.0, 5.0, 5.0]], 5.0, [Phase.SE])
    ball, distance = 4.0 / 3.0 * math.pi * 27.0 / 1000.0, 4.0
    lens = math.pi * (12.0 + distance) * (6.0 - distance) ** 2 / 12.0 / 1000.0
    overlapping = count([[3.0, 5.0, 5.0], [7.0, 5.0, 5.0]], 3.0, [Phase.SE, Phase.AM])
    return [
        Check("simple cubic packing: porosity", 1.0 - math.pi / 6.0, touching.void, SAMPLING, relative=False),
        Check("overlap: AM keeps its volume", ball, overlapping.AM, SAMPLING, relative=False),
        Check("overlap: SE loses the lens", ball - lens, overlapping.SE, SAMPLING, relative=False),
    ]


def chain(_: CheckStore) -> list[Check]:
    """Mass and geometry of a small manufactured electrode, twice."""
    data = content("small_chain") | {"conduction": {}, "mesh": {"method": "voxel", "cell_size": 2e-6}}
    del data["discharge"]
    data["output"] = {"fields": False, "plots": False, "until": "manufacturing"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, seconds = timed(lambda: run_in_process(data, folder / "a", MPI.COMM_SELF)["manufacturing"])
        run_in_process(data, folder / "b", MPI.COMM_SELF)
        packings = [load_packing(folder / name / "packing.h5") for name in "ab"]
    slurry, dried, pressed = (first[k] for k in ("slurry", "dried", "calendered"))
    mass = first["dry_mass_kg"]
    dense = mass / (np.prod(dried["box_um"]) * 1e-18) / 1000.0
    degree = 1.0 - pressed["plate_distance_um"] / dried["thickness_um"]
    moved = float(np.abs(packings[0].centres - packings[1].centres).max())
    solids = slurry["density_g_cm3"] * 1000.0 * np.prod(slurry["box_um"]) * 1e-18 * slurry["solids_content"]
    return [
        Check("weight fractions: sum", 1.0, sum(first["weight_fractions"].values()), 1e-12, seconds=seconds),
        Check("slurry: solids content x mass", mass, float(solids), 1e-9, unit="kg"),
        Check("dried: density = mass/volume", float(dense), dried["density_g_cm3"], 1e-9, unit="g/cm3"),
        Check("calendered: degree of thickness", 0.30, degree, 1e-9),
        Check("volume fractions: sum", 1.0, sum(pressed["volume_fraction"].values()), 1e-12),
        at_most("porosity falls by calendering", pressed["porosity"], dried["porosity"]),
        at_least(
            "porosity with nanopores above that without", pressed["porosity"], pressed["porosity_without_nanopores"]
        ),
        at_most("same seed, same packing: largest move", moved, 0.0, "m"),
    ]


def full_size(store: CheckStore) -> list[Check]:
    """Paper 001 at full size: density and porosity over seeds, half the plate speed, printed parameters."""
    works = {f"001 seed {seed}": run_001(store, f"seed_{seed}", seed=seed) for seed in SEEDS}
    printed_set = ('geometry.parameters="printed"', f"geometry.beads={SLURRY_BEADS}")
    works["001 printed parameters"] = run_001(store, "printed", *THIRTY, *printed_set)
    found = {name: run["manufacturing"] for name, run in store.results(works).items()}
    slow = f"geometry.calendering.plate_speed={CalenderingStage().plate_speed / 2!r}"
    seed_1 = store.workplace("runs") / "seed_1"
    store.results({"001 half speed": partial(run_001(store, "half_speed", slow), start=seed_1)})
    printed = found.pop("001 printed parameters")
    runs = list(found.values())
    curves = [porosity_curve(store.workplace("runs") / f"seed_{seed}") for seed in SEEDS]
    slower = porosity_curve(store.workplace("runs") / "half_speed")
    seconds = [sum(run["seconds"].values()) for run in runs]
    rows = [
        Check(
            f"slurry density, seed {s}", 1.89, run["slurry"]["density_converged_g_cm3"], 0.03, False, "", "g/cm3", wall
        )
        for s, run, wall in zip(SEEDS, runs, seconds, strict=True)
    ]
    drifts = [abs(run["slurry"]["stationarity"]["drift"]) for run in runs]
    rows.append(at_most("slurry density: drift, worst seed", max(drifts), 1e-3))
    dried = [run["dried"]["porosity"] for run in runs]
    rows += [Check(f"dried porosity, seed {s}", 0.50, p, 0.03, False) for s, p in zip(SEEDS, dried, strict=True)]
    rows += [
        at_most("half the plate speed: porosity, worst degree", float(np.abs(slower - curves[0]).max()), 0.01),
        at_least("pressed porosity below the dried one", float((curves[0][0] - np.array(curves)[:, -1]).min()), 0.2),
        reported("printed, 1000 beads: slurry density", printed["slurry"]["density_converged_g_cm3"], 1.89, "g/cm3"),
        reported("printed, 1000 beads: dried porosity", printed["dried"]["porosity"], 0.50),
    ]
    means = np.mean(curves, axis=0)
    notes = {0: 0.50, len(means) - 1: math.nan}
    rows += [
        reported(f"porosity at {5 * k} %, mean of seeds", float(means[k]), notes.get(k, math.nan))
        for k in range(len(means))
    ]
    return rows


def fidelity(store: CheckStore) -> list[Check]:
    """Half the time step, a tenth of the inertial masses and two ranks, as means over seeds.

    Films have full size and start from the slurry of their seed: they dry chaotically, so that single films of one seed
    and protocol already differ by as much as the limit. The slurry's own change is measured with fewer beads.
    """
    folder = store.workplace("runs")
    works: dict[str, Any] = {f"001 seed {seed}": run_001(store, f"seed_{seed}", seed=seed) for seed in SEEDS}
    store.results(works)
    for name, variant in CHANGES.items():
        for seed in SEEDS:
            work = run_001(store, f"{name}_{seed}", *THIRTY, *films(variant), seed=seed)
            works[f"001 {name} {seed}"] = partial(work, start=folder / f"seed_{seed}")
    found = store.results(works)
    for seed in SEEDS[:2]:  # one after the other: each takes both cores
        name = f"001 two_ranks {seed}"
        found[name] = store.result(name, partial(on_two_ranks, folder / f"two_ranks_{seed}", seed))
    reference = np.array([at_thirty(found[f"001 seed {seed}"], folder / f"seed_{seed}") for seed in SEEDS])
    rows = slurry_resolution(store)
    for title, name, seeds in VARIANTS:
        runs = [(found[f"001 {name} {seed}"], folder / f"{name}_{seed}") for seed in seeds]
        values = np.array([at_thirty(run, place) for run, place in runs])
        seconds = sum(sum(run["manufacturing"]["seconds"].values()) for run, _ in runs)
        rows += compared(title, values, reference[: len(seeds)], seconds)
    names = ("slurry density [g/cm3]", "dried porosity", "porosity at 30 %")
    for name, deviation in zip(names, reference.std(axis=0, ddof=1), strict=True):
        rows.append(reported(f"for comparison, deviation between seeds: {name}", float(deviation), math.nan))
    return rows


def slurry_resolution(store: CheckStore) -> list[Check]:
    """Change of the slurry's density with half the time step and a tenth of the masses, mean over seeds."""
    changes: dict[str, tuple[str, ...]] = {"reference": (), **{name: slurry(c) for name, c in CHANGES.items()}}
    works = {
        f"slurry {name} {seed}": slurry_001(store.workplace("slurries") / f"{name}_{seed}", SLURRY_BEADS, seed, *keys)
        for name, keys in changes.items()
        for seed in SEEDS
    }
    found = store.results(works)
    mean = {
        name: np.mean(
            [found[f"slurry {name} {s}"]["manufacturing"]["slurry"]["density_converged_g_cm3"] for s in SEEDS]
        )
        for name in changes
    }
    return [
        at_most(f"{title}: slurry density, relative", abs(float(mean[name] / mean["reference"] - 1.0)), 5e-3)
        for title, name, _ in VARIANTS
        if name in mean
    ]


def compared(variant: str, values: FloatArray, reference: FloatArray, seconds: float) -> list[Check]:
    """Mean density and porosities of a variant against those of the reference; both of shape (seeds, 3)."""
    change = values.mean(axis=0) - reference.mean(axis=0)
    density, dried, pressed = (float(value) for value in np.abs(change))
    errors = np.sqrt((values.var(axis=0, ddof=1) + reference.var(axis=0, ddof=1)) / len(values))
    rows = [at_most(f"{variant}: dried porosity", dried, 0.02, seconds=seconds)]
    rows.append(reported("  standard error of this change", float(errors[1]), math.nan))
    rows.append(at_most(f"{variant}: porosity at 30 %", pressed, 0.02))
    rows.append(reported("  standard error of this change", float(errors[2]), math.nan))
    if variant == "two ranks":
        rows.insert(0, at_most(f"{variant}: slurry density, relative", density / float(reference[:, 0].mean()), 5e-3))
    return rows


def rheology(store: CheckStore) -> list[Check]:
    """Paper 001: level and slope of the flow curve; time step, masses and true masses."""
    folder = store.workplace("flow")
    run = partial(flow, "001_manufacturing")
    printed = ('geometry.parameters="printed"', "rheology.rates=[10.0, 1000.0]")
    first = store.results(
        {
            "flow 001": partial(run, folder / "reference", FLOW_BEADS),
            "flow 001 printed": partial(run, folder / "printed", FLOW_BEADS, *printed),
        }
    )
    points = {point["shear_rate_1_s"]: point for point in first["flow 001"]["points"]}
    rows = flow_level(points)
    rows += flow_fidelity(store, points)
    for point in first["flow 001 printed"]["points"]:
        rate = point["shear_rate_1_s"]
        rows.append(reported(f"printed parameters: stress at {rate:g} 1/s", point["shear_stress_Pa"], math.nan, "Pa"))
        share = point["attraction_stress_Pa"] / point["shear_stress_Pa"]
        rows.append(reported(f"printed parameters: share of the attraction at {rate:g} 1/s", share, math.nan))
    return rows


def flow_level(points: dict[float, dict[str, float]]) -> list[Check]:
    """Paper 001's slurry against the range of viscosities that paper 003 names for such slurries."""
    low, high = VISCOSITY
    rows = []
    for rate, point in points.items():
        name, value, wall = f"001, viscosity at {rate:g} 1/s", point["viscosity_Pa_s"], point["core_seconds"]
        if 10.0 <= rate <= 1000.0:
            rows += [at_least(name, value, low / FACTOR, "Pa s", wall), at_most(name, value, high * FACTOR, "Pa s")]
        else:
            rows.append(reported(name, value, math.nan, "Pa s", wall))
    thinning = points[10.0]["viscosity_Pa_s"] / points[1000.0]["viscosity_Pa_s"]
    return [*rows, at_least("001, shear thinning, 10 over 1000 1/s", thinning, 3.0)]


def flow_fidelity(store: CheckStore, points: dict[float, dict[str, float]]) -> list[Check]:
    """Time step, masses and true masses: how much the viscosity changes."""
    middle, fast = "rheology.rates=[100.0]", "rheology.rates=[1000.0]"
    changes = {
        "half the time step, 100 1/s": (middle, *resolution(points[100.0], 2.0, 1.0)),
        "a tenth of the masses, 100 1/s": (middle, *resolution(points[100.0], 3.2, 0.1)),
        "true masses, 1000 1/s": (fast, "rheology.inertial_scale=1.0"),
    }
    works = {
        f"flow {name}": partial(
            flow, "001_manufacturing", store.workplace("flow") / name.split(",")[0].replace(" ", "_"), FLOW_BEADS, *keys
        )
        for name, keys in changes.items()
    }
    rows = []
    for name, result in store.results(works).items():
        reference = points[1000.0 if "1000" in name else 100.0]["viscosity_Pa_s"]
        change = abs(result["points"][0]["viscosity_Pa_s"] / reference - 1.0)
        rows.append(at_most(f"{name.removeprefix('flow ')}: viscosity, relative", change, 0.10))
    return rows


def paper_003(store: CheckStore) -> list[Check]:
    """Six variants of paper 003: order of the viscosities, densities and porosities beside the printed ranges."""
    folder = store.workplace("003")
    works: dict[str, Any] = {}
    for name in RECIPES_003:
        recipe = f'geometry.recipe="{name}"'
        for seed in SEEDS:
            place = folder / f"flow_{name}_{seed}"
            keys = (recipe, f"geometry.seed={seed}", *at_balance(name), *RATE_003)
            works[f"flow {name} {seed}"] = partial(flow, "003_manufacturing", place, BEADS_003, *keys)
    for name in RECIPES_003:
        keys = (NO_FLOW, *THIRTY, *WIDE_003, f'geometry.recipe="{name}"', f"geometry.beads={BEADS_003}")
        works[name] = partial(manufactured, "003_manufacturing", folder / name, *keys)
    found = store.results(works)
    rows = []
    for active in ("am1", "am2"):
        curves = [
            [found[f"flow nmc811_argyrodite_{active}_{solids} {seed}"]["points"][0] for seed in SEEDS]
            for solids in SOLIDS_003
        ]
        rows += viscosities_003(active, curves)
    return rows + [row for name in RECIPES_003 for row in films_003(name, found[name]["manufacturing"])]


def films_003(name: str, run: dict[str, Any]) -> list[Check]:
    """Dried and calendered film of one recipe."""
    short = name.removeprefix("nmc811_argyrodite_")
    dried, pressed, wall = run["dried"], run["calendered"], sum(run["seconds"].values())
    return [
        reported(f"{short}: dried density (printed 1.0-1.5)", dried["density_g_cm3"], 1.25, "g/cm3", wall),
        reported(f"{short}: dried porosity", dried["porosity"], DRIED_003[short]),
        reported(f"{short}: 1 - density/theoretical, dried", porosity_003(name, dried), DRIED_003[short]),
        reported(f"{short}: density at 30 % (printed 2.0-2.5)", pressed["density_g_cm3"], 2.25, "g/cm3"),
        reported(f"{short}: porosity at 30 % (printed .2-.3)", pressed["porosity"], 0.25),
    ]


def viscosities_003(active: str, points: list[list[dict[str, float]]]) -> list[Check]:
    """Viscosities at one shear rate and their order with the solids content, as means over seeds.

    Args:
        active: active material.
        points: of every solids content and seed.
    """
    values = np.array([[point["viscosity_Pa_s"] for point in seeds] for seeds in points])
    means, errors = values.mean(axis=1), values.std(axis=1, ddof=1) / math.sqrt(values.shape[1])
    relative = errors / means
    where = f"{active}, {points[0][0]['shear_rate_1_s']:g} 1/s"
    rows = []
    for solids, mean, error, seeds in zip(SOLIDS_003, means, errors, points, strict=True):
        seconds = sum(point["core_seconds"] for point in seeds)
        rows.append(reported(f"{where}: viscosity at {solids} %", float(mean), math.nan, "Pa s", seconds))
        rows.append(reported("  standard error between seeds", float(error), math.nan, "Pa s"))
    for k, (less, more) in enumerate(itertools.pairwise(SOLIDS_003)):
        error = float(means[k + 1] / means[k] * np.hypot(relative[k], relative[k + 1]))
        rows.append(at_least(f"{where}: {more} over {less} %", float(means[k + 1] / means[k]), 1.0))
        rows.append(reported("  standard error of the ratio", error, math.nan))
    rows.append(reported(f"{where}: 52 over 48 % (printed: above 2)", float(means[-1] / means[0]), 2.0))
    return rows


def main(folder: Path) -> int:
    """Print the tables; what finished before is read from the folder."""
    return run_groups("manufacturing", GROUPS, folder, ROOMS)


GROUPS: Groups = {
    "porosity": porosity,
    "small chain": chain,
    "paper 001": full_size,
    "fidelity": fidelity,
    "paper 003": paper_003,
    "rheology": rheology,
}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
