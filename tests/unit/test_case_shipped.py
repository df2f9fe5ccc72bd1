"""Every case file that is shipped can be read, and passes the checks before a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases.case_checks import check_case
from cases.case_file import read_case
from cases.physics import CaseMaterials

FOLDER = Path(__file__).resolve().parents[2] / "cases"
FILES = sorted(FOLDER.rglob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=[p.stem for p in FILES])
def test_shipped_case(path: Path) -> None:
    case = read_case(path)
    check_case(case, CaseMaterials(case))
    assert case.title
    assert path.read_text().startswith("#"), "a comment that says what the case is"


def test_the_demo_and_the_verification_cases_are_there() -> None:
    assert {"demo", "two_layers", "planar_half_cell", "simple_cubic", "small_chain"} <= {p.stem for p in FILES}
