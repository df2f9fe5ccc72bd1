"""Every case file that is shipped can be read, and passes the checks before a run; so does every point of its study.

The studies are seen to fail with: a name too few in a legend, a position of a trend that no point has, a figure of a
stage that does not exist, a swept value that its key does not take, a swept key that does not exist.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cases.case_checks import check_case
from cases.case_file import read_case
from cases.physics import CaseMaterials
from cases.study_plan import plan_study

FOLDER = Path(__file__).resolve().parents[2] / "cases"
FILES = sorted(FOLDER.rglob("*.toml"))
STUDIES = [path for path in FILES if "\n[study]\n" in path.read_text()]


@pytest.mark.parametrize("path", FILES, ids=[p.stem for p in FILES])
def test_shipped_case(path: Path) -> None:
    case = read_case(path)
    check_case(case, CaseMaterials(case))
    assert case.title
    assert path.read_text().startswith("#"), "a comment that says what the case is"


@pytest.mark.parametrize("path", STUDIES, ids=[p.stem for p in STUDIES])
def test_every_point_of_a_shipped_study(path: Path) -> None:
    assert len({planned.input_hash for planned in plan_study(path).points}) > 1


def test_the_demo_and_the_verification_cases_are_there() -> None:
    assert {"demo", "two_layers", "planar_half_cell", "simple_cubic", "small_chain"} <= {p.stem for p in FILES}
