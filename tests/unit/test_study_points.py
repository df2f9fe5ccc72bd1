"""What a sweep stands for, and what is refused before anything runs.

Seen to fail with: lists combined instead of zipped, the last key of a grid varied slowest, seeds counted from 0, empty
cells set to "", names without the hash of what they lost, only the first point validated, values shared by the points.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases.schema import RandomGeometry
from cases.schema_study import StudySection
from cases.study_plan import plan_study
from cases.study_points import expand
from manufacturing.errors import InputError

CASE = """
[geometry]
source = "random"
particles = 20
phases = [{ phase = "SE", volume_fraction = 0.3, diameters = [4e-6] }]

[conduction.ionic_z]
conductivity = { SE = 1.0 }
"""


def values(folder: Path = Path(), **study: Any) -> list[tuple[Any, ...]]:
    """The values of each point in order."""
    return [tuple(p.values.values()) for p in expand(StudySection.model_validate(study), folder)]


def case(folder: Path, study: str) -> Path:
    """A case file with a study."""
    path = folder / "case.toml"
    path.write_text(CASE + study)
    return path


def test_grid_is_every_combination() -> None:
    assert values(grid={"a.x": [1, 2], "a": {"y": ["p", "q"]}}) == [(1, "p"), (1, "q"), (2, "p"), (2, "q")]


def test_list_is_varied_together() -> None:
    assert values(list={"a": [1, 2, 3], "b": [4, 5, 6]}) == [(1, 4), (2, 5), (3, 6)]


def test_table_inline_and_as_file(tmp_path: Path) -> None:
    assert values(table=[{"a.x": 1, "b": {"y": 2}}, {"a.x": 3}]) == [(1, 2), (3,)]
    (tmp_path / "rows.csv").write_text('\ufeffa.x, b.y,"c"\n1, "text",1e-6\n\n2,,"[1, 2]"\n')
    points = expand(StudySection(table="rows.csv"), tmp_path)
    assert [p.values for p in points] == [{"a.x": 1, "b.y": "text", "c": 1e-6}, {"a.x": 2, "c": [1, 2]}]


def test_an_empty_row_is_the_case_itself() -> None:
    points = expand(StudySection.model_validate({"table": [{}, {"a": 1}]}), Path())
    assert [(p.name, p.values) for p in points] == [("unchanged", {}), ("a=1", {"a": 1})]


def test_forms_are_combined_and_points_counted_from_one() -> None:
    study = StudySection.model_validate({"grid": {"a": [1, 2]}, "list": {"b": [3, 4], "c": [5, 6]}, "seeds": 2})
    points = expand(study, Path())
    assert len(points) == 8
    assert [p.index for p in points] == list(range(1, 9))
    assert points[1].values == {"a": 1, "b": 3, "c": 5, "geometry.seed": 2}
    assert values(seeds=[7, 3]) == [(7,), (3,)]


def test_names_are_readable_and_differ() -> None:
    study = {
        "grid": {"mesh.cell_size": [1e-6, 1 / 3], "conduction.a.order": [1], "conduction.b.order": [2]},
        "seeds": 1,
    }
    points = expand(StudySection.model_validate(study), Path())
    assert points[0].name == "cell_size=1e-06_a.order=1_b.order=2_seed=1"
    assert len({p.name for p in points}) == 2
    long = expand(
        StudySection.model_validate({"grid": {"a": ["x" * 300 + "1", "x" * 300 + "2", "a/b", "a|b"]}}), Path()
    )
    assert len({p.name for p in long}) == 4
    assert all(len(p.name) < 200 and "/" not in p.name for p in long)


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ({}, "nothing to sweep"),
        ({"grid": {"a": []}}, "study.grid.a"),
        ({"grid": {"a": 3}}, "study.grid.a"),
        ({"list": {"a": [1], "b": [1, 2]}}, "equal length"),
        ({"grid": {"a": [1]}, "list": {"a": [1]}}, "a in two forms"),
        ({"grid": {"geometry.seed": [1]}, "seeds": 2}, "geometry.seed in two forms"),
        ({"grid": {"a": [1, 1]}}, "twice"),
        ({"grid": {"study.seeds": [1]}}, "study.seeds"),
        ({"table": "absent.csv"}, "study.table"),
    ],
)
def test_sweeps_that_are_refused(study: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        values(**study)


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ("[study.grid]\nmesh.cell_size = [1e-6, -2e-6]", r"mesh.cell_size \(point 2, cell_size=-2e-06\)"),
        ("[study.grid]\nmesh.cel_size = [1e-6]", r"mesh.cel_size \(point 1, .*perhaps cell_size"),
        ("[study.grid]\nmesh.method = ['voxel', 'boxes']", "point 2, method=boxes"),
        ("[study]\nseeds = 2\nseed_key = 'geometry.sed'", "geometry.sed .point 1"),
        ("[study]\nseeds = 2\nfigures = ['conduction.ionic.tortuosity_factor']", "one of the solves ionic_z"),
        ("[study]\nseeds = 2\nfigures = ['mesh.cells']", "conduction, electrode, manufacturing, meshing"),
        ("[study.grid]\nmesh.cell_size=[1e-6,2e-6]\n[study.convergence]\nfigures=['meshing.cells']", "at least 3"),
        ("[study]\nseeds = 2\n[study.convergence]\nfigures = ['meshing.cells']", "which is not swept"),
        (
            "[study.grid]\nconduction.ionic_z.order=[1]\n[study.convergence]\nkey='conduction.ionic_z.order'\n"
            "figures=['meshing.cells']",
            "at least 2",
        ),
        ("", "study: found nothing"),
    ],
)
def test_plans_that_are_refused(study: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        plan_study(case(tmp_path, study))
    assert [p.name for p in tmp_path.iterdir()] == ["case.toml"], "nothing has run"


def test_points_are_cases_of_their_own(tmp_path: Path) -> None:
    """What one point sets inside a swept table is not seen by the next; forms are applied in order, seeds last."""
    study = """
[study]
seeds = [4]
table = [{ "geometry.phases.0.volume_fraction" = 0.1, geometry.particles = 10 }, { geometry.particles = 11 }]
[study.grid]
geometry.phases = [[{ phase = "SE", volume_fraction = 0.2, diameters = [3e-6] }]]
"""
    plan = plan_study(case(tmp_path, study), ("mesh.cell_size=2e-6",))
    geometries = [p.case.geometry for p in plan.points]
    assert all(isinstance(g, RandomGeometry) for g in geometries)
    assert [g.phases[0].volume_fraction for g in geometries if isinstance(g, RandomGeometry)] == [0.1, 0.2]
    assert [g.seed for g in geometries if isinstance(g, RandomGeometry)] == [4, 4]
    assert {p.case.mesh.cell_size for p in plan.points} == {2e-6}
    assert len({p.input_hash for p in plan.points}) == 2
    assert all(p.case.study is None for p in plan.points)


def test_the_command_line_can_give_the_study(tmp_path: Path) -> None:
    plan = plan_study(case(tmp_path, ""), ("study.seeds=3",))
    assert [p.values for p in plan.points] == [{"geometry.seed": k} for k in (1, 2, 3)]
