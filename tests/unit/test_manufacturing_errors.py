"""Errors keep what they say on their way between processes."""

from __future__ import annotations

import pickle

from manufacturing.errors import InputError, StageError


def test_errors_survive_pickle() -> None:
    wrong = pickle.loads(pickle.dumps(InputError("geometry.beads", 3, "at least 10")))
    assert (wrong.field, wrong.found, wrong.expected) == ("geometry.beads", "3", "at least 10")
    assert str(wrong) == "geometry.beads: found 3, expected at least 10"
    assert str(pickle.loads(pickle.dumps(StageError("slurry: lost")))) == "slurry: lost"
