"""Tables of checks pass and fail when they should."""

from __future__ import annotations

import math

import pytest

from cases.benchmarks import bench
from cases.check_table import Check, at_least, at_most, print_table, timed
from cases.validation import validate
from manufacturing.errors import InputError

GOOD = [Check("a", 2.0, 2.002, 2e-3), Check("b", 1e-9, 1.5e-9, 1e-9, relative=False), at_most("c", 3.0, 3.0)]
GOOD += [Check("inside its error bar", 2.0, 2.001, 2e-3, error_bar=2e-3, order=2.0)]
BAD = [
    Check("relative", 2.0, 2.005, 2e-3),
    Check("absolute", 0.0, 2e-9, 1e-9),
    Check("below", 1.0, 0.9, 1e-2),
    Check("outside its error bar", 2.0, 2.001, 2e-3, error_bar=5e-4),
    Check("not a number", 1.0, math.nan, 1e9),
    at_most("too much", 3.1, 3.0),
    at_least("too little", 2.9, 3.0),
    at_least("nothing", math.nan, 3.0),
]


def test_a_table_that_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_table("title", GOOD) == 0
    text = capsys.readouterr().out
    assert "FAIL" not in text
    assert text.endswith("4 of 4 passed\n")


@pytest.mark.parametrize("check", BAD, ids=[c.name for c in BAD])
def test_one_bad_row_fails_the_table(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_table("title", [*GOOD, check]) == 1
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith(check.name) and "FAIL" in line]


def test_timed_returns_the_result() -> None:
    result, seconds = timed(lambda: 7)
    assert result == 7
    assert 0.0 <= seconds < 10.0


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="validate"):
        validate("nothing")
    with pytest.raises(InputError, match="bench"):
        bench("nothing")
