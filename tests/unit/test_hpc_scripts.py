"""The batch scripts call commands that exist, with the words of the user after those of the scheduler.

Seen to fail with: a misspelt option, the task's number left out, the user's options dropped; an image that
installs commented lines of the package list, one that lacks a room, scripts that ignore the image; a task too many,
options lost on the way to the array, unquoted words of the tables' command, tables only if every task went well,
a mesh made on all ranks, options lost on the way to the solver.
"""

from __future__ import annotations

import os
import shlex
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


def commands(script: str, folder: Path, *arguments: str) -> list[list[str]]:
    """What a script calls, word by word, where `granode` lists three points and `sbatch` answers with a job number."""
    for name, answer in (("granode", '[ "${@: -1}" != --list ] || printf "1\\n2\\n3\\n"'), ("sbatch", "echo 77")):
        text = f'#!/bin/bash\nprintf "%s\\x1f" {name} "$@" >> calls; echo >> calls\n{answer}\n'
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["bash", FOLDER / script, *arguments], cwd=folder, env=environment, check=True)
    return [line.split("\x1f")[:-1] for line in (folder / "calls").read_text().splitlines()]


def test_a_study_is_submitted_with_a_task_per_point_and_its_tables(tmp_path: Path) -> None:
    listed, array, collect = commands("submit_study.sh", tmp_path, "a case.toml", "out", "--set", "study.seeds=3")
    options = ["--set", "study.seeds=3"]
    assert listed[1:] == ["study", "a case.toml", "--out", "out", *options, "--list"]
    script = "cases/hpc/study_array.sbatch"
    assert array[1:] == ["--parsable", "--array=1-3", script, "a case.toml", "out", *options]
    assert collect[1:3] == ["--dependency=afterany:77", "--ntasks=1"]
    words = shlex.split(collect[-1])
    assert _parser().parse_args(words[1:]).collect
    assert words == ["./granode", "study", "a case.toml", "--out", "out", *options, "--collect"]


def test_a_case_is_meshed_by_one_process_and_solved_by_many(tmp_path: Path) -> None:
    mesh, solve = commands("mpirun_case.sh", tmp_path, "4", "a case.toml", "out", "--set", "discharge.c_rate=2.0")
    first, second = _parser().parse_args(mesh[1:]), _parser().parse_args(solve[1:])
    assert (first.ranks, first.until, second.ranks, second.until) == (1, "meshing", 4, None)
    assert {first.out, second.out} == {Path("out")}
    assert first.set == second.set == ["discharge.c_rate=2.0"]
