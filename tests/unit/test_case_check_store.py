"""Finished groups of long checks are read back; those of other sources are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import check_store
from cases.check_store import CheckStore, run_groups, source_hash
from cases.check_table import Check, at_most


def test_finished_groups_are_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []

    def good(store: CheckStore) -> list[Check]:
        calls.append("good")
        return [at_most("a", store.result("number", lambda: 1.0), 2.0)]

    def interrupted(_: CheckStore) -> list[Check]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_groups("title", {"good": good, "long": interrupted}, tmp_path)
    first = capsys.readouterr().out
    assert "title: good" in first
    assert "passed\n" not in first
    assert run_groups("title", {"good": good, "bad": lambda _: [at_most("b", 3.0, 2.0)]}, tmp_path) == 1
    assert "1 of 2 passed" in capsys.readouterr().out
    assert calls == ["good"]


def test_other_sources_start_afresh_and_remove_only_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "precious").mkdir()
    first = CheckStore(tmp_path)
    assert first.result("x", lambda: 1) == first.result("x", lambda: 2) == 1
    monkeypatch.setattr(check_store, "source_hash", lambda rooms: "other")
    assert CheckStore(tmp_path).result("x", lambda: 3) == 3
    assert not first.folder.exists()
    assert (tmp_path / "precious").is_dir()


def test_the_hash_follows_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_store, "PROJECT", tmp_path)
    (tmp_path / "room").mkdir()
    source = tmp_path / "room" / "a.py"
    source.write_text("1")
    before = source_hash(("room",))
    source.write_text("2")
    assert source_hash(("room",)) != before
