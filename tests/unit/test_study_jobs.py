"""``granode study --jobs N`` starts N - 1 helpers with the same case and keys, and stops them when it is stopped.

Seen to fail with: N helpers, overrides that the helpers do not get, helpers that go on after an interruption.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases import command_line, study_command
from cases.study_run import StudyRunner

CASE = """
title = "two points"
[geometry]
source = "layers"
layers = [{ phase = "SE", thickness = 1e-6 }]
[conduction.ionic]
conductivity = { SE = 1.0 }
[study.grid]
geometry.width = [1e-6, 2e-6]
"""


class Helper:
    """Stands for a process."""

    started: list[Helper] = []

    def __init__(self, command: list[str], **_: Any) -> None:
        self.command, self.events = command, list[str]()
        Helper.started.append(self)

    def wait(self) -> None:
        self.events.append("waited for")

    def terminate(self) -> None:
        self.events.append("terminated")


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study whose points are not run."""
    Helper.started = []
    monkeypatch.setattr(study_command.subprocess, "Popen", Helper)
    monkeypatch.setattr(StudyRunner, "run", lambda self: [])
    (tmp_path / "case.toml").write_text(CASE)
    return tmp_path / "case.toml"


def study(case: Path, *options: str) -> int:
    """Call the command."""
    return command_line.main(["study", str(case), "--out", str(case.parent / "out"), *options])


def test_helpers_get_the_same_study(case: Path) -> None:
    assert study(case, "--jobs", "3", "--set", "output.plots=false") == 0
    assert len(Helper.started) == 2
    for helper in Helper.started:
        text = " ".join(helper.command)
        assert f"study {case} --out {case.parent / 'out'} --ranks 1 --set output.plots=false" in text
        assert helper.events == ["waited for"]
    assert not (study(case), Helper.started[2:])[1], "one job has no helper"


def test_helpers_end_with_the_study(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: StudyRunner) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StudyRunner, "run", interrupted)
    assert study(case, "--jobs", "2") == 130
    assert [helper.events for helper in Helper.started] == [["terminated"]]


def test_at_least_one_job(case: Path) -> None:
    assert study(case, "--jobs", "0") == 2
