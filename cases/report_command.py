"""``granode report``: draw the plots of a finished run again and write its page."""

from __future__ import annotations

import argparse
from pathlib import Path

from manufacturing.errors import InputError

from .case_file import STORED, stored_case


def add_report_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of ``granode``."""
    report = commands.add_parser("report", help="write the page of a finished run again")
    report.add_argument("directory", type=Path, help="directory of the run")
    report.set_defaults(run=show_report)


def show_report(options: argparse.Namespace) -> int:
    """Draw the plots that the case asks for, write ``report.html`` and print where it is."""
    from .html_report import write_html_report
    from .plots import plot_run

    out: Path = options.directory.resolve()
    if not (out / "manifest.json").exists() or not (out / STORED).exists():
        raise InputError("report", str(out), "the directory of a finished run")
    case, _ = stored_case(out)
    if case.output.plots:
        plot_run(out, case)
    print(write_html_report(out))
    return 0
