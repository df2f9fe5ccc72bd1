"""``granode validate``: long checks against exact answers; they live with the tests, as do their references."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from manufacturing.errors import InputError

from .mpi_launch import mpi_environment
from .testing import PROJECT


def validate(name: str, folder: Path | None = None) -> int:
    """Run the checks of a room, print their tables and return 1 if a row fails.

    Args:
        name: manufacturing, meshing, conduction or discharge.
        folder: where finished groups are kept, so that a stopped run goes on; None: results/validate_NAME.

    Raises:
        InputError: no such checks, or an installation without the tests.
    """
    if not (PROJECT / "tests" / "validation" / f"{name}.py").is_file():
        raise InputError("validate", name, "a module of tests/validation, in a checkout of the repository")
    folder = (folder or Path("results") / f"validate_{name}").resolve()
    environment = mpi_environment()
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), environment.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", f"tests.validation.{name}", str(folder)]
    return subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode
