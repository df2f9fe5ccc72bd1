"""The launcher, with a stand-in for bubblewrap and an empty folder as the built environment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = ["bash", "env", "readlink", "dirname", "realpath", "sed", "tr", "sha256sum", "cut", "uname", "id", "grep"]
TOOLS += ["find", "sort", "cat", "mkdir", "tac", "df", "awk", "rm", "sleep", "tail", "touch", "umount", "flock"]

# Records its arguments, then runs what comes after them as its child, without any isolation.
STAND_IN = """#!/bin/bash
[[ ${!#} == true && $# -eq 4 ]] && exit 0
printf '%s\\n' "$@" >"$RECORD"
while [[ $1 != env ]]; do shift; done
"$@"
exit $?
"""


@dataclass(frozen=True)
class Bench:
    """A copy of the launcher, its cache folder and the environment variables to start it with."""

    launcher: Path
    cache: Path
    environment: dict[str, str]

    def run(self, *words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.launcher), *words],
            cwd=cwd,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def bound(self) -> str:
        return Path(self.environment["RECORD"]).read_text()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A launcher without Python, mmdebstrap and apt-get on its PATH, and without an environment."""
    programs, copy, cache = tmp_path / "bin", tmp_path / "a clone", tmp_path / "cache"
    programs.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool, path="/usr/bin:/bin:/usr/sbin:/sbin")
        assert found, tool
        (programs / tool).symlink_to(found)
    (programs / "bwrap").write_text(STAND_IN)
    (programs / "bwrap").chmod(0o755)
    shutil.copytree(PROJECT / "cases/environment", copy / "cases/environment")
    shutil.copy(PROJECT / "granode", copy / "granode")
    environment = {"PATH": str(programs), "HOME": str(tmp_path), "RECORD": str(tmp_path / "record")}
    return Bench(copy / "granode", cache, environment | {"GRANODE_CACHE": str(cache)})


@pytest.fixture
def built(bench: Bench) -> Bench:
    """The same with a finished environment of the right name."""
    name = environment_name(bench)
    (bench.cache / name / "etc").mkdir(parents=True)
    return bench


def environment_name(bench: Bench) -> str:
    """The name that the launcher's own function gives."""
    text = bench.launcher.read_text().replace('\nmain "$@"\n', "\nenvironment_name\n")
    asker = bench.launcher.with_name("asker")
    asker.write_text(text)
    return subprocess.run(["bash", str(asker)], capture_output=True, text=True, check=True).stdout.strip()


def test_no_environment_is_one_clear_line(bench: Bench) -> None:
    answer = bench.run("exec", "true")
    assert answer.returncode == 1
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1
    assert ("no apt-get here" if os.geteuid() == 0 else "run once: sudo GRANODE_CACHE=") in lines[0]


def test_half_built_environment_is_not_used(bench: Bench) -> None:
    (bench.cache / f"{environment_name(bench)}.partial").mkdir(parents=True)
    assert bench.run("exec", "true").returncode == 1


def test_changed_list_needs_a_new_environment(built: Bench) -> None:
    packages = built.launcher.parent / "cases/environment/packages.txt"
    assert built.run("exec", "true").returncode == 0
    packages.write_text(packages.read_text() + "# only a comment\n")
    assert built.run("exec", "true").returncode == 0
    packages.write_text(packages.read_text() + "one-more-package\n")
    assert built.run("exec", "true").returncode == 1


def test_exit_code_input_and_arguments_pass(built: Bench) -> None:
    assert built.run("exec", "bash", "-c", "exit 7").returncode == 7
    assert built.run("exec", "printf", "%s|", "a b", "", "*").stdout == "a b||*|"
    command = [str(built.launcher), "exec", "cat"]
    assert subprocess.run(command, env=built.environment, input=b"text", capture_output=True).stdout == b"text"


def test_exec_without_command(built: Bench) -> None:
    answer = built.run("exec")
    assert answer.returncode == 2
    assert "expected granode exec CMD" in answer.stderr


def test_unknown_environment_is_refused(built: Bench) -> None:
    answer = built.run("exec", "true", GRANODE_ENV="docker")
    assert answer.returncode == 1
    assert "found docker, expected auto, native or root" in answer.stderr


def test_native_is_refused_without_libraries(built: Bench) -> None:
    answer = built.run("exec", "true", GRANODE_ENV="native")
    assert answer.returncode == 1
    assert "lacks DOLFINx" in answer.stderr


def test_inside_the_environment_it_does_not_enter_again(bench: Bench) -> None:
    answer = bench.run("exec", "bash", "-c", "echo $PYTHONPATH", GRANODE_INSIDE="1")
    assert answer.stdout.strip() == str(bench.launcher.parent)


def test_environment_inside(built: Bench) -> None:
    answer = built.run("exec", "env", PYTHONPATH="/elsewhere", LD_LIBRARY_PATH="/elsewhere", OMP_NUM_THREADS="9")
    inside = dict(line.split("=", 1) for line in answer.stdout.splitlines())
    assert inside["PYTHONPATH"] == str(built.launcher.parent)
    assert inside["OMP_NUM_THREADS"] == "1"
    assert "LD_LIBRARY_PATH" not in inside
    for name in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR", "PIP_CACHE_DIR"):
        assert Path(inside[name]).is_relative_to(built.cache / f"work-{os.geteuid()}")
        assert os.access(inside[name], os.W_OK)


def test_root_is_read_only_and_host_folders_are_writable(built: Bench, tmp_path: Path) -> None:
    assert built.run("exec", "true", cwd=tmp_path).returncode == 0
    root = next(built.cache.glob("env-*"))
    assert f"--ro-bind\n{root}/usr\n/usr\n" in built.bound
    assert f"--ro-bind\n{root}/etc\n/etc\n" in built.bound
    assert "--bind\n/tmp\n/tmp\n" in built.bound
    assert f"--chdir\n{tmp_path}\n" in built.bound
    assert "--bind\n/etc" not in built.bound
    assert "--bind\n/usr\n" not in built.bound


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_command(built: Bench, number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'sleep 0.2; echo cleaned; exit 5' {name}; echo ready; while :; do sleep 0.05; done"
    command = [str(built.launcher), "exec", "bash", "-c", script]
    process = subprocess.Popen(
        command, env=built.environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert output == "cleaned\n"
    assert process.returncode == 5


def test_clean_removes_environments_and_nothing_else(built: Bench) -> None:
    assert built.run("exec", "true").returncode == 0
    (built.cache / "debs").mkdir()
    (built.cache / "mine.txt").touch()
    assert built.run("doctor", "--clean").returncode == 0
    assert [path.name for path in built.cache.iterdir()] == ["mine.txt"]
