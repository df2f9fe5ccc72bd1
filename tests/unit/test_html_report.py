"""The page of a run: well-formed, self-contained, every number of the summary, nothing that a title could inject.

Seen to fail with: a title and a material's source that are not escaped, plots linked by file name, numbers rounded to
five digits, lists of the summary left out, lines of warnings not taken from the log.
"""

from __future__ import annotations

import argparse
import base64
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cases.html_report import leaves, write_html_report
from cases.report_command import show_report
from manufacturing.errors import InputError

HOSTILE = '"><script src="http://evil.example/x.js">alert(1)</script><b>bold</b> & more'
VOID = {"meta", "img", "br"}
SUMMARY: dict[str, Any] = {
    "electrode": {"loading_mg_cm2": 12.345678901234},
    "conduction": {"ionic_z": {"effective_conductivity_S_m": 0.012345678912345}},
    "discharge": {
        "capacity_mAh_g": 160.12345678901,
        "charge_balance_error": 3.21e-11,
        "end_reason": "voltage",
        "protocol": [{"final_voltage_V": 2.8000000001}, {"final_voltage_V": None}],
    },
}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "data", "action", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    manifest = {
        "written": "now",
        "case": {"title": HOSTILE, "cell": {"temperature": 298.15}},
        "failed": [],
        "versions": {"granode": "0.1.0"},
        "stages": {"discharge": {"seconds": 1.25, "ranks": 2, "input_hash": "x"}},
        "materials": {"AM": {"name": "NMC<622>", "density": {"value": 4770.0, "unit": "kg/m3", "source": HOSTILE}}},
        "assumptions": ["CBD density assumed"],
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    (tmp_path / "log.txt").write_text("[1 s] fine\n[2 s] warning: <few> cells\n")
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "voltage.png").write_bytes(PIXEL)
    return tmp_path


def page_of(directory: Path) -> Page:
    page = Page()
    page.feed(write_html_report(directory).read_text(encoding="utf-8"))
    page.close()
    return page


def test_page_is_well_formed_and_loads_nothing(run_directory: Path) -> None:
    page = page_of(run_directory)
    assert page.open == []
    assert page.links == ["data:image/png;base64," + base64.b64encode(PIXEL).decode()]
    assert not {"script", "link", "iframe", "object", "b"} & set(page.tags)
    assert "url(" not in (run_directory / "report.html").read_text()


def test_text_is_shown_as_it_is(run_directory: Path) -> None:
    page = page_of(run_directory)
    assert page.text.count(HOSTILE) >= 3, "headline, title and source"
    assert any("warning: <few> cells" in text for text in page.text)
    assert not any("fine" in text for text in page.text)


def test_every_value_of_the_summary_is_there_with_all_digits(run_directory: Path) -> None:
    shown = page_of(run_directory).text
    names = dict(leaves(SUMMARY))
    assert len(names) == 7
    for name, value in names.items():
        assert name in shown
        assert json.dumps(value) in shown, name
    assert "160.12" in shown
    assert "mAh/g" in shown


def test_run_without_stages_has_a_page_and_no_run_is_an_error(tmp_path: Path) -> None:
    assert page_of(tmp_path).open == []
    with pytest.raises(InputError, match="finished run"):
        show_report(argparse.Namespace(directory=tmp_path))
