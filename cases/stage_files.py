"""Which files of a run directory belong to a stage, and files that several runs share by hard links."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

# Written by the run itself, not by a stage.
OF_THE_RUN = {
    *("case.json", "error.json", "log.txt", "manifest.json", "output.txt", "point.json", "report.html"),
    "summary.json",
}
PLOTS = "plots"
CHECKPOINTS = "checkpoints"


def stage_file_names(path: Path) -> Iterator[str]:
    """Yield the name of every file in a run directory that a stage may have written, relative to it."""
    for folder, _, names in os.walk(path):
        inside = Path(folder).relative_to(path)
        for name in names:
            record = inside.name == "stages" and name.endswith(".json") and len(inside.parts) == 1
            hidden = name.startswith(".") or name.endswith(".partial")
            if not (
                record
                or hidden
                or inside.parts[:1] in ((PLOTS,), (CHECKPOINTS,))
                or (not inside.parts and name in OF_THE_RUN)
            ):
                yield (inside / name).as_posix()


def written_since(path: Path, marker: Path, others: Collection[str]) -> list[str]:
    """Return the files of a run directory that are not older than a marker and belong to no other stage."""
    start = marker.stat().st_mtime_ns
    return sorted(n for n in stage_file_names(path) if n not in others and (path / n).stat().st_mtime_ns >= start)


def make_private(path: Path, others: Collection[str]) -> None:
    """Replace files that share their content with other directories by copies, so that writing spoils no other run.

    Args:
        path: directory of a run.
        others: files that stay as they are.
    """
    for name in stage_file_names(path):
        file = path / name
        if name not in others and file.stat().st_nlink > 1:
            partial = file.with_name(file.name + ".partial")
            shutil.copy2(file, partial)
            os.replace(partial, file)


def share_file(source: Path, target: Path) -> None:
    """Make a file appear in another directory, by a hard link where the file system has them.

    Raises:
        OSError: the file is gone or the directory cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(source, partial)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, partial)
    os.replace(partial, target)
    partial.unlink(missing_ok=True)  # replacing a link by another one to the same file leaves both
