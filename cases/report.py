"""What people look at after a run: manifest, plots and a page with both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .html_report import write_html_report
from .log import RunLog
from .run_directory import RunDirectory
from .schema import Case


def write_report(case: Case, out: Path, materials: dict[str, Any], log: RunLog) -> None:
    """Write the manifest and, where the case asks for them, the plots; then the page."""
    directory = RunDirectory(out)
    directory.write_manifest(case.model_dump(mode="json"), materials)
    if case.output.plots:
        from .plots import plot_run

        for name in plot_run(out, case):
            log.line(f"report: plots/{name}")
    log.line(f"report: {write_html_report(out).name}")
