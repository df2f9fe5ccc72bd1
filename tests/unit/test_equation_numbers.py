"""What code cites stands in the theory, and the page of the coupled equations names files that exist.

Seen to fail with: an equation of the theory renamed, a file of the page renamed.
"""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CITED = re.compile(r"\bEqs?\. ((?:[A-Z]?\d+[a-z]?)(?:(?:-|, | and )[A-Z]?\d+[a-z]?)*)")


def numbers(text: str) -> set[str]:
    """All equations of a citation, a range by its two ends."""
    return set(re.split(r"-|, | and ", text))


def test_cited_equations_stand_in_the_theory() -> None:
    """Every number after "Eq." in a source file labels an equation of docs/theory.md."""
    theory = (PROJECT / "docs" / "theory.md").read_text()
    cited: dict[str, str] = {}
    for folder in ("manufacturing", "meshing", "solver", "cases"):
        for source in (PROJECT / folder).rglob("*.py"):
            for citation in CITED.findall(source.read_text()):
                cited |= dict.fromkeys(numbers(citation), source.name)
    assert {"8", "13", "D3", "D6"} <= set(cited)
    missing = {number: name for number, name in cited.items() if f"({number})" not in theory}
    assert missing == {}


def test_files_of_the_one_page_exist() -> None:
    """Names with .py are files of solver/, names with a slash are its folders, links are documents."""
    page = (PROJECT / "docs" / "half_cell.md").read_text()
    files = set(re.findall(r"`([\w/]+(?:\.py|/))`", page)) - {"solver/"}
    assert len(files) > 10
    assert [name for name in sorted(files) if not (PROJECT / "solver" / name).exists()] == []
    links = set(re.findall(r"\]\(([\w.]+)\)", page))
    assert [name for name in links if not (PROJECT / "docs" / name).exists()] == []
    theory = (PROJECT / "docs" / "theory.md").read_text()
    labels = set(re.findall(r"\((D?\d+[a-z]?)\)\s*$", page, re.MULTILINE))
    assert [label for label in sorted(labels) if f"({label})" not in theory] == []
