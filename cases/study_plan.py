"""A study before anything runs: its points as validated cases, with the input hash of every stage."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manufacturing.errors import InputError

from .case_checks import check_case
from .case_file import read_content, set_key, validate_case
from .conduction_settings import conduction_sections
from .curve_checks import check_curves
from .derived_figures import DERIVED
from .physics import CaseMaterials
from .run_directory import STAGES, content_hash
from .schema import Case
from .schema_study import ConvergenceSection, StudySection
from .stage_keys import stage_keys
from .study_points import StudyPoint, Values, expand, swept_keys, value_text
from .study_pools import PREFIX
from .trend_checks import check_trend

SMALLEST_COUNT = {int: 2, float: 3}  # of different sizes; integers count as 1/value


@dataclass(frozen=True)
class PlannedPoint:
    """A point, its case, the input hash of each stage that it has, and the hash of all of them."""

    point: StudyPoint
    case: Case
    keys: dict[str, str]

    @property
    def name(self) -> str:
        """Name of the directory."""
        return self.point.name

    @property
    def values(self) -> Values:
        """Values by key."""
        return self.point.values

    @property
    def input_hash(self) -> str:
        """Hash of everything that decides about the figures."""
        return content_hash(self.keys)


@dataclass(frozen=True)
class StudyPlan:
    """Everything that a study will do.

    Args:
        path: case file.
        title: of the case.
        study: the sweep.
        points: in the order in which they run.
    """

    path: Path
    title: str
    study: StudySection
    points: tuple[PlannedPoint, ...]

    @property
    def folder(self) -> Path:
        """Where paths in the case are relative to."""
        return self.path.resolve().parent

    @property
    def keys(self) -> list[str]:
        """Every swept key."""
        return swept_keys([planned.point for planned in self.points])

    def point(self, index: int) -> PlannedPoint:
        """Return a point by its number.

        Raises:
            InputError: no such point.
        """
        if not 1 <= index <= len(self.points):
            raise InputError("--point", index, f"1 to {len(self.points)}")
        return self.points[index - 1]


def plan_study(path: Path, overrides: tuple[str, ...] = ()) -> StudyPlan:
    """Read a case file with a study and validate every point.

    Args:
        path: TOML file.
        overrides: ``KEY=VALUE``, applied before the sweep.

    Raises:
        InputError: names the key and the first point that cannot be computed.
    """
    data = read_content(path, overrides)
    base = validate_case(data)
    if base.study is None:
        raise InputError("study", "nothing", "a table [study] in the case file")
    folder = path.resolve().parent
    content = {key: value for key, value in data.items() if key != "study"}
    points = tuple(_planned(point, content, folder) for point in expand(base.study, folder))
    _check_parts(base.study, points)
    return StudyPlan(path, base.title or path.stem, base.study, points)


def _check_parts(study: StudySection, points: tuple[PlannedPoint, ...]) -> None:
    """Refuse pools, figures, trends, convergences and curves that the points cannot give."""
    for name, members in study.pool.items():
        _check_figures(members, f"study.pool.{name}", points)
    derived = {f"{DERIVED}.{name}" for name in study.derived}
    for name, section in study.derived.items():
        _check_figures(_of_stages((*section.product, *section.over), points), f"study.derived.{name}", points)
    named = tuple(figure for figure in study.figures if figure not in derived)
    _check_figures(_not_pooled(study, named), "study.figures", points)
    if study.trend is not None:
        check_trend(study.trend, [planned.point for planned in points])
        figures = (f for panel in study.trend.panels for f in panel.figures.values())
        named = tuple(figure for figure in figures if figure not in derived)
        _check_figures(_of_stages(_not_pooled(study, named), points), "study.trend.panels", points)
    if study.convergence is not None:
        _check_convergence(study, study.convergence, points)
    if study.curves is not None:
        discharged = all("discharge" in planned.keys for planned in points)
        check_curves(study.curves, [planned.point for planned in points], study.seed_key, discharged)


def _planned(point: StudyPoint, content: dict[str, Any], folder: Path) -> PlannedPoint:
    """Return a point as a checked case."""
    data = copy.deepcopy(content)
    try:
        for key, value in point.values.items():
            set_key(data, key, copy.deepcopy(value), "study")
        case = validate_case(data)
        check_case(case, CaseMaterials(case), folder)
        return PlannedPoint(point, case, stage_keys(case, folder))
    except InputError as error:
        raise InputError(f"{error.field} (point {point.index}, {point.name})", error.found, error.expected) from error


def _of_stages(figures: tuple[str, ...], points: tuple[PlannedPoint, ...]) -> tuple[str, ...]:
    """Leave out figures of stages that `output.until` cuts off: a diagram without them is drawn all the same."""
    stages = {stage for planned in points for stage in planned.keys}
    return tuple(f for f in figures if f.partition(".")[0] in stages or f.partition(".")[0] not in STAGES)


def _check_figures(figures: tuple[str, ...], field: str, points: tuple[PlannedPoint, ...]) -> None:
    """Refuse figures of stages and conduction solves that no point has."""
    stages = {stage for planned in points for stage in planned.keys}
    solves = {name for p in points for name in conduction_sections(p.case, CaseMaterials(p.case))}
    for figure in figures:
        stage, _, rest = figure.partition(".")
        if stage not in stages or not rest:
            raise InputError(field, figure, f"a dotted figure of {', '.join(sorted(stages))}")
        if stage == "conduction" and rest.split(".")[0] not in solves:
            raise InputError(field, figure, f"one of the solves {', '.join(sorted(solves))}")


def _not_pooled(study: StudySection, figures: tuple[str, ...]) -> tuple[str, ...]:
    """Return the figures that are not means of a pool of the study."""
    return tuple(figure for figure in figures if figure not in {f"{PREFIX}.{name}" for name in study.pool})


def _check_convergence(study: StudySection, section: ConvergenceSection, points: tuple[PlannedPoint, ...]) -> None:
    """Refuse a convergence study over too few sizes, or over values that are no sizes."""
    _check_figures(_not_pooled(study, section.figures), "study.convergence.figures", points)
    sizes = list(dict.fromkeys(p.values[section.key] for p in points if section.key in p.values))
    if not sizes:
        raise InputError("study.convergence.key", f"{section.key}, which is not swept", "a key of the sweep")
    if any(isinstance(size, bool) or not isinstance(size, int | float) or size <= 0.0 for size in sizes):
        raise InputError("study.convergence.key", sizes, "numbers above 0")
    needed = SMALLEST_COUNT[int if all(isinstance(size, int) for size in sizes) else float]
    if len(sizes) < needed:
        found = ", ".join(map(value_text, sizes))
        raise InputError("study.convergence", f"{len(sizes)} values of {section.key}: {found}", f"at least {needed}")
