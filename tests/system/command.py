"""The command line as a user calls it, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cases.mpi_launch import mpi_environment

PROJECT = Path(__file__).resolve().parents[2]
CASES = PROJECT / "cases" / "verification"


def granode(*arguments: object, folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Run ``granode`` and wait for its end."""
    command = [sys.executable, "-m", "cases", *map(str, arguments)]
    environment = mpi_environment() | {"PYTHONPATH": str(PROJECT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
