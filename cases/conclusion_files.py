"""What a study concludes, as files: tables, sentences, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .log import RunLog
from .plots_style import save_figure
from .table_file import write_table


def clear_conclusions(out: Path, kind: str, tables: Sequence[str], pictures: Sequence[str]) -> None:
    """Remove what an earlier study concluded."""
    for name in (f"{kind}.txt", *tables, *(f"plots/{picture}" for picture in pictures)):
        (out / name).unlink(missing_ok=True)


def write_conclusions(
    out: Path,
    kind: str,
    sentences: Sequence[str],
    tables: Mapping[str, Sequence[Sequence[Any]]],
    figures: Mapping[str, Figure],
    log: RunLog,
) -> None:
    """Write what a study concludes of one kind, sentences as ``<kind>.txt``, with a line in the log for each."""
    for name, table in tables.items():
        write_table(out / name, table)
    (out / f"{kind}.txt").write_text("".join(f"{sentence}\n" for sentence in sentences))
    (out / "plots").mkdir(exist_ok=True)
    for name, figure in figures.items():
        save_figure(figure, out / "plots" / name)
    for line in (*(f"{kind}: {text}" for text in sentences), *(f"report: plots/{name}" for name in figures)):
        log.line(line)
