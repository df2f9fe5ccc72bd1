"""Tables of checks: what was expected, what came out, whether it passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

LOWER, HIGHER, REPORTED = "<=", ">=", "print"
T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """One figure against an exact answer or a goal."""

    name: str
    expected: float  # exact answer, or the goal where there is a relation
    found: float
    tolerance: float = 0.0  # largest error; not used with a relation
    relative: bool = True  # error relative to the exact answer, else absolute
    relation: str = ""  # "<=" or ">=" turns the exact answer into a goal, "print" into a paper's number
    unit: str = ""
    seconds: float = 0.0
    error_bar: float | None = None  # of the figure, absolute; it has to contain the exact answer
    order: float | None = None  # observed order of convergence

    @property
    def error(self) -> float:
        """Difference from the exact answer, relative or absolute."""
        difference = self.found - self.expected
        return difference / abs(self.expected) if self.relative and self.expected else difference

    @property
    def passed(self) -> bool:
        """Whether the figure is good enough; a figure that is not a number is not."""
        if self.relation == LOWER:
            return self.found <= self.expected
        if self.relation == HIGHER:
            return self.found >= self.expected
        if self.relation == REPORTED:
            return True
        contained = self.error_bar is None or abs(self.found - self.expected) <= self.error_bar
        return contained and abs(self.error) <= self.tolerance


def at_most(name: str, found: float, goal: float, unit: str = "", seconds: float = 0.0) -> Check:
    """Return the check of a figure that should not exceed a goal."""
    return Check(name, goal, found, relation=LOWER, unit=unit, seconds=seconds)


def at_least(name: str, found: float, goal: float, unit: str = "", seconds: float = 0.0) -> Check:
    """Return the check of a figure that should reach a goal."""
    return Check(name, goal, found, relation=HIGHER, unit=unit, seconds=seconds)


def reported(name: str, found: float, printed: float, unit: str = "", seconds: float = 0.0) -> Check:
    """Return a figure beside the number that a paper prints; it is shown and judges nothing."""
    return Check(name, printed, found, relation=REPORTED, unit=unit, seconds=seconds)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return the result of some work and its wall time [s]."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def print_table(title: str, checks: list[Check]) -> int:
    """Print the checks, one row each; return 0 when all passed, else 1."""
    print_checks(title, checks)
    return print_verdict(checks)


def print_checks(title: str, checks: list[Check]) -> None:
    """Print a headline and one row per check."""
    width = max((len(c.name) for c in checks), default=10)
    bars = any(check.error_bar is not None for check in checks)
    more = f" {'error bar':>10} {'order':>6}" if bars else ""
    print(title)
    print(f"{'check':<{width}}  {'exact or goal':>14} {'ours':>14}{more} {'error':>10} {'tolerance':>9} {'s':>7}")
    for check in checks:
        expected = f"{check.relation} {check.expected:.7g}".strip()
        error, tolerance = ("", "") if check.relation else (f"{check.error:.2e}", f"{check.tolerance:.0e}")
        more = f" {_number(check.error_bar, '.2e'):>10} {_number(check.order, '.2f'):>6}" if bars else ""
        verdict = "-" if check.relation == REPORTED else "pass" if check.passed else "FAIL"
        print(
            f"{check.name:<{width}}  {expected:>14} {check.found:>14.7g}{more} {error:>10} {tolerance:>9} "
            f"{check.seconds:7.1f} {verdict} {check.unit}",
            flush=True,
        )


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def print_verdict(checks: list[Check]) -> int:
    """Print how many checks passed; return 0 when all did, else 1."""
    judged = [check for check in checks if check.relation != REPORTED]
    failed = sum(not check.passed for check in judged)
    print(f"{len(judged) - failed} of {len(judged)} passed", flush=True)
    return 1 if failed else 0
