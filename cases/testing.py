"""Everything that must pass before a change is kept: ``granode test``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from .mpi_launch import mpi_environment, mpirun_command

PROJECT = Path(__file__).resolve().parent.parent
SERIAL_MARKERS = "not slow and not chain"


@dataclass(frozen=True)
class Tally:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Add the counts of another stage."""
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        """Return the count line, such as ``12 passed, 0 failed, 1 skipped``."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(frozen=True)
class Check:
    """A command that passes or fails as a whole, such as a linter."""

    name: str
    command: tuple[str, ...]

    def run(self, folder: Path) -> Tally:
        """Run the command in the project folder; its exit code decides."""
        print(f"{self.name}: {' '.join(self.command)}", flush=True)
        code = _run(self.command)
        return Tally(passed=1) if code == 0 else Tally(failed=1)


@dataclass(frozen=True)
class Suite:
    """A pytest run, on one process or several ranks."""

    name: str
    options: tuple[str, ...]
    launcher: tuple[str, ...] = ()

    def run(self, folder: Path) -> Tally:
        """Run pytest in the project folder and count from its JUnit file in ``folder``."""
        results = folder / f"{self.name.replace(' ', '-')}.xml"
        color = "yes" if sys.stdout.isatty() else "no"  # mpirun gives its ranks a terminal in any case
        pytest = (sys.executable, "-m", "pytest", "-q", f"--color={color}", f"--junitxml={results}")
        code = _run((*self.launcher, *pytest, *self.options))
        tally = read_junit(results)
        if tally.failed == 0 and (code != 0 or tally.passed == 0):
            reason = "found no test that passed" if code in (0, 5) else f"ended with exit code {code} before its report"
            print(f"{self.name}: {reason}", flush=True)
            return tally + Tally(failed=1)
        return tally


@dataclass(frozen=True)
class Stage:
    """Checks or suites whose time is reported together."""

    name: str
    parts: tuple[Check | Suite, ...]


def run_tests(arguments: list[str]) -> int:
    """Run lint, two ranks, small chain and serial tests; print the counts as the last line.

    Args:
        arguments: pytest arguments (paths, ``-k``, ...); with any, only the serial tests they select run.

    Returns:
        Exit code: 0 when there are tests and all passed, otherwise 1.
    """
    return run_stages(_selected(arguments) if arguments else _all_stages())


def run_stages(stages: tuple[Stage, ...]) -> int:
    """Run the stages one after the other, each whatever the others did; return the exit code."""
    total, summary = Tally(), []
    with tempfile.TemporaryDirectory(prefix="granode-test-") as folder:
        for stage in stages:
            print(f"===== {stage.name} =====", flush=True)
            start = time.monotonic()
            tally = sum((part.run(Path(folder)) for part in stage.parts), Tally())
            summary.append(f"{stage.name:<12} {time.monotonic() - start:7.1f} s   {tally}")
            print(summary[-1], flush=True)
            total += tally
    print("===== summary =====")
    print("\n".join(summary))
    print(total, flush=True)
    return 0 if total.passed and not total.failed else 1


def read_junit(path: Path) -> Tally:
    """Count the tests in a JUnit file; no tests where there is no complete file."""
    try:
        suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return Tally()
    tests, failures, errors, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return Tally(max(tests - failed - skipped, 0), failed, skipped)


def _all_stages() -> tuple[Stage, ...]:
    python = sys.executable
    ruff = Check("ruff", ("ruff", "check", "--no-cache", "."))
    mypy = Check("mypy", (python, "-m", "mypy", f"--cache-dir={_mypy_cache()}"))
    two_ranks = Suite("two ranks", ("-m", "mpi and not slow and not chain"), tuple(mpirun_command(2)))
    return (
        Stage("lint", (ruff, mypy)),
        Stage("two ranks", (two_ranks,)),
        Stage("small chain", (Suite("small chain", ("-m", "chain and not slow")),)),
        Stage("serial", (Suite("serial", ("-m", SERIAL_MARKERS)),)),
    )


def _selected(arguments: list[str]) -> tuple[Stage, ...]:
    """Slow and chain tests run only where a path names them or a marker expression is given."""
    named = any(Path(PROJECT, argument.split("::")[0]).is_file() for argument in arguments)
    given = any(argument.startswith("-m") for argument in arguments)
    markers = () if named or given else ("-m", SERIAL_MARKERS)
    return (Stage("serial", (Suite("serial", (*markers, *arguments)),)),)


def _mypy_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path(tempfile.gettempdir(), f"granode-{os.getuid()}")) / "mypy"


def _run(command: tuple[str, ...]) -> int:
    try:
        return subprocess.run(command, cwd=PROJECT, env=mpi_environment(), check=False).returncode
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)
        return 127
