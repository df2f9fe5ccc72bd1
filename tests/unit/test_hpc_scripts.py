"""The batch scripts call commands that exist, with the words of the user after those of the scheduler.

Seen to fail with: a misspelt option, the task's number left out, the user's options dropped.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cases.command_line import _parser

FOLDER = Path(__file__).resolve().parents[2] / "cases" / "hpc"


def called(script: str, folder: Path, *arguments: str) -> list[str]:
    """What a batch script gives to ``./granode`` inside a job of 4 tasks, number 3 of its array."""
    (folder / "granode").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / "granode").chmod(0o755)
    environment = {**os.environ, "SLURM_NTASKS": "4", "SLURM_ARRAY_TASK_ID": "3"}
    done = subprocess.run(
        ["bash", FOLDER / script, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("script", ["study_array.sbatch", "single_run.sbatch"])
def test_scripts_call_the_command_line(script: str, tmp_path: Path) -> None:
    words = called(script, tmp_path, "a case.toml", "out", "--set", "mesh.cell_size=1e-6")
    options = _parser().parse_args(words)
    assert (options.case, options.out, options.ranks) == (Path("a case.toml"), Path("out"), 4)
    assert options.set == ["mesh.cell_size=1e-6"]
    if script == "study_array.sbatch":
        assert options.point == 3
