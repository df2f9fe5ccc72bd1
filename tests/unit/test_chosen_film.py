"""The electrode is the film of a saved degree, and points with different films of a chain run LAMMPS once.

Stages are made by a stand-in that leaves files as the chain does. Seen to fail with: notes of the chain that depend on
the film, stages handed on only by the run that computed them, no lock of the chain, a degree between the saved ones.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cases.case_file import validate_case
from cases.chosen_film import check_film, chosen_film
from cases.log import RunLog
from cases.manufacture import manufacturing_settings
from cases.run_directory import RunDirectory
from cases.schema import ManufacturedGeometry
from cases.shared_stages import beginnings
from cases.stage_keys import stage_keys
from cases.stage_processes import Outcome
from cases.study_plan import plan_study
from cases.study_run import StudyRunner
from manufacturing.chain import ManufacturingResult
from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.press import CURVES

STUDY = (
    '[geometry]\nsource = "manufactured"\nbeads = 250\ncalendering = { degree = 0.2, increments = 2 }\n'
    '[output]\nuntil = "manufacturing"\nplots = false\n'
    "[study]\nseeds = 2\n[study.grid]\ngeometry.film_degree = [0.0, 0.1, 0.2]\n"
)


class Chain:
    """Stands in for LAMMPS: counts the chains that are computed, takes finished ones."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.computed, self.work = folder, 0, threading.Lock()

    def __call__(self, path: Path, ranks: int, names: tuple[str, ...], quiet: bool) -> Outcome:
        case = validate_case(json.loads((path / "case.json").read_text())["case"])
        key, directory = stage_keys(case, self.folder)["manufacturing"], RunDirectory(path)
        directory.start("manufacturing", key)
        stage, content = path / "stages" / "stage_calendering.h5", beginnings(case)[0]
        if not stage.exists() or stage.read_text() != content:
            time.sleep(0.02)
            with self.work:
                self.computed += 1
            stage.write_text(content)
        (path / "packing.h5").write_text("film")
        directory.finish("manufacturing", key, {}, 1.0, 1, ("packing.h5",))
        return Outcome()


def test_one_chain_per_seed(tmp_path: Path) -> None:
    """Each film takes the chain of the one before, which had itself taken it."""
    (tmp_path / "case.toml").write_text(STUDY)
    plan, chain = plan_study(tmp_path / "case.toml"), Chain(tmp_path)
    records = StudyRunner(plan, tmp_path / "out", 1, RunLog(quiet=True), launcher=chain).run()
    assert [record.status for record in records] == ["finished"] * 6
    assert chain.computed == 2


def test_one_chain_at_a_time(tmp_path: Path) -> None:
    """Several processes at once wait for the chain of a seed instead of computing it for each film."""
    (tmp_path / "case.toml").write_text(STUDY.replace("seeds = 2", "seeds = 1"))
    plan, chain = plan_study(tmp_path / "case.toml"), Chain(tmp_path)
    runners = [StudyRunner(plan, tmp_path / "out", 1, RunLog(quiet=True), launcher=chain) for _ in plan.points]
    threads = [
        threading.Thread(target=runner.run_point, args=(point,))
        for runner, point in zip(runners, plan.points, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert chain.computed == 1


def geometry(**keys: float) -> ManufacturedGeometry:
    """A chain with films at 0, 10 and 20 %."""
    return ManufacturedGeometry.model_validate(
        {"source": "manufactured", "calendering": {"degree": 0.2, "increments": 2}, **keys}
    )


def film(radius: float) -> Packing:
    """One bead."""
    box = np.full(3, 10e-6)
    return Packing(0.5 * box[None, :], np.array([radius]), np.array([1]), np.array([1]), np.zeros(3), box)


def test_the_film_of_a_degree_and_its_figures(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    film(2e-6).save(tmp_path / "stages" / "packing_calendered_10.h5")
    degrees = [0.0, 0.1, 0.2, 0.2]  # the last one again when it has settled
    curve = {name: [10.0 + k for k in range(4)] for name in CURVES} | {"degree": degrees}
    made = ManufacturingResult(film(3e-6), {}, {"calendering": curve})
    last = chosen_film(geometry(), Path(), tmp_path, made)
    assert (last.packing.radii[0], last.report["porosity"]) == (3e-6, 13.0)
    middle = chosen_film(geometry(film_degree=0.1), Path(), tmp_path, made)
    assert (middle.packing.radii[0], middle.report["porosity"], middle.report["degree"]) == (2e-6, 11.0, 0.1)
    assert 2.5 < middle.report["theoretical_density_g_cm3"] < 3.0


def test_a_degree_that_is_not_saved(tmp_path: Path) -> None:
    wrong = geometry(film_degree=0.15)
    with pytest.raises(InputError, match=r"geometry\.film_degree.*0, 0\.1, 0\.2"):
        check_film(wrong, manufacturing_settings(wrong, tmp_path))
