"""The batch scripts call commands that exist, with the words of the user after those of the scheduler.

Seen to fail with: a misspelt option, the task's number left out, the user's options dropped; an image that
installs commented lines of the package list, one that lacks a room, scripts that ignore the image.
"""

from __future__ import annotations

import os
import subprocess
from itertools import takewhile
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


def section_of(definition: str, name: str) -> list[str]:
    """Return the lines of a section of the Apptainer definition."""
    lines = definition.split(f"\n%{name}\n")[1].splitlines()
    return list(takewhile(lambda line: not line.startswith("%"), lines))


def test_image_installs_the_package_list(tmp_path: Path) -> None:
    definition = (FOLDER / "granode.def").read_text()
    copied = tmp_path / "image"
    (copied / "environment").mkdir(parents=True)
    packages = (FOLDER.parent / "environment/packages.txt").read_text()
    (copied / "environment/packages.txt").write_text(packages)
    (tmp_path / "apt-get").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {tmp_path}/called\n')
    (tmp_path / "apt-get").chmod(0o755)
    script = "\n".join(line for line in section_of(definition, "post") if not line.strip().startswith("rm"))
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = script.replace("/opt/granode/cases", str(copied))
    subprocess.run(["sh", "-euc", script], env=environment, check=True)
    wanted = [name for line in packages.splitlines() if (name := line.split("#")[0].strip())]
    words = (tmp_path / "called").read_text().split()
    assert [word for word in words[words.index("install") + 1 :] if not word.startswith("--")] == wanted


def test_image_holds_every_room() -> None:
    definition = (FOLDER / "granode.def").read_text()
    sources = {line.split()[0] for line in section_of(definition, "files") if line.strip()}
    assert sources >= {"cases", "manufacturing", "meshing", "solver"}
    assert all((FOLDER.parents[1] / name).exists() for name in sources)
    assert "exec python3 -m cases" in definition


@pytest.mark.parametrize("script", ["study_array.sbatch", "single_run.sbatch"])
def test_scripts_use_the_image_where_there_is_one(script: str, tmp_path: Path) -> None:
    (tmp_path / "granode.sif").touch()
    (tmp_path / "apptainer").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "apptainer").chmod(0o755)
    environment = {**os.environ, "SLURM_NTASKS": "2", "SLURM_ARRAY_TASK_ID": "1"}
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    command = ["bash", FOLDER / script, "case.toml", "out"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[:2] == ["run", "granode.sif"]
    assert _parser().parse_args(done.stdout.split()[2:]).ranks == 2
