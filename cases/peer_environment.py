"""The interpreter of the voxel tools that benchmarks put beside Granode: a second, optional environment."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from manufacturing.errors import StageError

from .testing import PROJECT

PACKAGES = PROJECT / "cases" / "environment" / "peers.txt"
COMPLETE = "complete"  # written last, so that an interrupted installation is not used


def peer_folder() -> Path:
    """Return the folder of the environment: its name follows from the list of packages and the Python in use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    text = "\n".join([*wanted_packages(), sys.version])
    return cache / "granode" / f"peers-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def wanted_packages() -> list[str]:
    """Return the pinned packages, comments removed."""
    lines = (line.split("#")[0].strip() for line in PACKAGES.read_text().splitlines())
    return [line for line in lines if line]


def peer_interpreter() -> Path:
    """Return the Python of the environment, which is made on first use (some minutes, up to 9 GB).

    Raises:
        StageError: the packages could not be installed, for example without a network.
    """
    folder = peer_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "peers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder)
            (folder / COMPLETE).touch()
    return folder / "bin" / "python"


def _install(folder: Path) -> None:
    print(f"installing {', '.join(wanted_packages())} into {folder}", flush=True)
    _call([sys.executable, "-m", "venv", str(folder)])
    _call([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", str(PACKAGES)])


def _call(command: list[str]) -> None:
    done = subprocess.run(command, env=peer_variables(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise StageError(f"the voxel tools could not be installed (is there a network?): {last}")


def peer_variables() -> dict[str, str]:
    """Return this process's environment variables without its own Python's search path."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
