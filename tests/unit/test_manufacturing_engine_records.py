"""What a stage remembers on disk: journal, commands in force, keys of settings, finished stages, insertion."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.configuration import Configuration
from manufacturing.errors import StageError
from manufacturing.input_script import write_data_file
from manufacturing.insertion import insert_randomly
from manufacturing.journal import Journal, JournalMismatchError, forget
from manufacturing.line_file import LineFile
from manufacturing.live_commands import LiveCommands
from manufacturing.phases import Phase
from manufacturing.settings_key import content_key, settings_lines
from manufacturing.stage import StageResult
from manufacturing.stage_store import load_stage, save_stage
from manufacturing.stationarity import StationarityCriterion
from manufacturing.thermo_table import ThermoTable

NUMBERS = np.array([[0.1, 1.0 / 3.0], [1e-300, -np.pi]])


def opened(path: Path, key: str = "key") -> Journal:
    """Return the journal of one rank."""
    return Journal(MPI.COMM_SELF, path, key)


def recorded(path: Path) -> None:
    """Leave a journal with a restart file in the middle, as a killed process does."""
    journal = opened(path)
    journal.keep("run 10", [0.1, 1.0 / 3.0])
    journal.keep("configuration", [NUMBERS, NUMBERS[0]])
    journal.checkpoint("setup", lambda file: file.write_text("state"))
    journal.keep("run 20", [2.0])
    journal.close()


def test_a_journal_answers_with_every_bit_up_to_its_restart_file(tmp_path: Path) -> None:
    """What came after the restart file is not known, LAMMPS must compute it again."""
    path = tmp_path / "stage.journal"
    recorded(path)
    journal = opened(path)
    assert journal.replaying
    assert journal.recall("run 10") == [0.1, 1.0 / 3.0]
    first, second = journal.recall("configuration")
    assert np.array_equal(first, NUMBERS)
    assert np.array_equal(second, NUMBERS[0])
    assert not journal.replaying
    assert journal.setup == "setup"
    assert journal.restart_file == tmp_path / "stage.restart.1"


def test_a_torn_last_line_and_a_missing_restart_file_are_survived(tmp_path: Path) -> None:
    """The process died while it wrote; without its restart file a journal is worth nothing."""
    path = tmp_path / "stage.journal"
    recorded(path)
    with path.open("a") as file:
        file.write('["run 30", [0.12')
    journal = opened(path)
    assert journal.recall("run 10") == [0.1, 1.0 / 3.0]
    journal.close()
    assert "run 20" not in path.read_text()
    (tmp_path / "stage.restart.1").unlink()
    assert not opened(path).replaying


def test_a_journal_of_other_settings_starts_afresh(tmp_path: Path) -> None:
    """Another key, or another request than the recorded one, is never answered from the record."""
    path = tmp_path / "stage.journal"
    recorded(path)
    journal = opened(path)
    with pytest.raises(JournalMismatchError, match="run 10.*run 11"):
        journal.recall("run 11")
    assert not opened(path, "other").replaying
    assert not opened(path).replaying


def test_a_failed_restart_file_leaves_the_one_before(tmp_path: Path) -> None:
    """The old file goes only when the new one is complete; forgetting a stage removes both."""
    path = tmp_path / "stage.journal"
    recorded(path)
    journal = opened(path)

    def full(file: Path) -> None:
        """Write half of a file on a full disk."""
        file.write_text("hal")
        raise StageError("no space left")

    with pytest.raises(StageError, match="no space"):
        journal.checkpoint("later", full)
    journal.close()
    journal = opened(path)
    assert journal.setup == "setup"
    assert journal.restart_file is not None
    assert journal.restart_file.read_text() == "state"
    journal.checkpoint("later", lambda file: file.write_text("new"))
    assert sorted(file.name for file in tmp_path.glob("*.restart.*")) == ["stage.restart.2"]
    forget(tmp_path, "stage")
    assert not list(tmp_path.iterdir())


def test_only_commands_in_force_are_given_again() -> None:
    """Removed, replaced and one-time commands are not; a setting moves to its last place."""
    live = LiveCommands()
    for command in (
        "units micro", "read_data x.data", "comm_modify vel yes", "pair_style one", "pair_coeff 1 1 2.0",
        "pair_style two", "pair_coeff 1 1 3.0", "neighbor 1.0 multi", "comm_modify mode multi", "set type 1 mass 2",
        "variable v equal 1", "variable v equal 2", "region r plane 0", "fix wall all wall/gran r", "fix move all nve",
        "unfix wall", "region r delete", "region r plane 1", "fix wall all wall/gran r", "reset_timestep 0",
    ):  # fmt: skip
        live.note(command)
    assert list(live) == [
        "pair_style two", "pair_coeff 1 1 3.0", "neighbor 1.0 multi", "comm_modify mode multi",
        "variable v equal 2", "fix move all nve", "region r plane 1", "fix wall all wall/gran r",
    ]  # fmt: skip
    assert live.has("fix", "wall")
    assert not live.has("fix", "drag")
    assert live.unknown == ""
    live.note("minimize 0 0 1 1")
    assert live.unknown == "minimize 0 0 1 1"


@dataclass(frozen=True)
class Settings:
    """Settings of a stage that does not exist."""

    pressure: float = 0.1
    phases: dict[Phase, float] = field(default_factory=lambda: {Phase.AM: 1.0})
    criterion: StationarityCriterion = field(default_factory=lambda: StationarityCriterion("density", 1e-3, 0.1))


def test_a_key_changes_with_every_bit_and_without_the_criterion_only_if_asked() -> None:
    """Trajectories do not depend on when they are stopped, results do."""
    settings = Settings()
    assert content_key(settings) == content_key(Settings())
    assert content_key(settings) != content_key(replace(settings, pressure=np.nextafter(0.1, 1.0)))
    loose = replace(settings, criterion=StationarityCriterion("density", 1e-2, 0.1))
    assert content_key(settings) != content_key(loose)
    assert content_key(settings, StationarityCriterion) == content_key(loose, StationarityCriterion)
    assert "slurry.phases.AM = 1.0" in list(settings_lines("slurry", settings))


def test_a_finished_stage_returns_whole_and_only_under_its_key(tmp_path: Path) -> None:
    """Configuration bit by bit, report, curves and snapshots in order; a damaged file is no result."""
    path = tmp_path / "stage.h5"
    film = Configuration(np.arange(6.0).reshape(2, 3) / 7.0, np.zeros(3), np.full(3, 1.0 / 3.0))
    report = {"density": np.float64(0.1), "nested": {"drift": [1, 2]}, "name": "x"}
    result = StageResult(film, report, {"time": [0.1]}, {"z": film, "a": film})
    assert load_stage(path, "key") is None
    save_stage(path, "key", result)
    again = load_stage(path, "key")
    assert again is not None
    assert np.array_equal(again.configuration.centres, film.centres)
    assert np.array_equal(again.configuration.upper, film.upper)
    assert again.report == json.loads(json.dumps(report))
    assert again.curves == result.curves
    assert list(again.snapshots) == ["z", "a"]
    assert load_stage(path, "other") is None
    path.write_bytes(path.read_bytes()[:100])
    assert load_stage(path, "key") is None


def test_thermo_rows_are_on_disk_at_once_and_the_last_ones_in_the_table(tmp_path: Path) -> None:
    """Ten rows: the CSV has all, the table for errors the last eight under their names."""
    table = ThermoTable(LineFile(tmp_path / "t.csv"))
    for step in range(10):
        table.add([float(step)] * 9)
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 11
    lines = table.text().splitlines()
    assert lines[0].split()[:2] == ["steps", "time_us"]
    assert [line.split()[0] for line in lines[1:]] == ["2", "3", "4", "5", "6", "7", "8", "9"]


def test_a_data_file_holds_every_bit_of_the_positions(tmp_path: Path) -> None:
    """Read back: ids, classes from 1, sizes and positions [um]; density times volume is the inertial mass."""
    beads = Configuration(np.random.default_rng(1).random((3, 3)) * 1e-5, np.zeros(3), np.full(3, 1e-5 / 3.0))
    write_data_file(tmp_path / "x.data", beads, np.array([0, 1, 1]), [2e-6, 3e-6], [1e-15, 7e-15])
    lines = (tmp_path / "x.data").read_text().splitlines()
    assert lines[2:4] == ["3 atoms", "2 atom types"]
    assert float(lines[4].split()[1]) == beads.upper[0] / 1e-6
    table = np.array([line.split() for line in lines[lines.index("Atoms # sphere") + 2 :]], dtype=float)
    assert table[:, :3].tolist() == [[1, 1, 2e-6 / 1e-6], [2, 2, 3e-6 / 1e-6], [3, 2, 3e-6 / 1e-6]]
    assert table[:, 3] * np.pi / 6.0 * table[:, 2] ** 3 == pytest.approx([1.0, 7.0, 7.0], rel=1e-14)
    assert np.array_equal(table[:, 4:], beads.centres / 1e-6)


def test_a_file_that_cannot_be_written_is_remembered() -> None:
    """A full disk must not stop rank 0 alone."""
    file = LineFile(Path("/dev/full"))
    file.write("text")
    assert "No space left" in file.failure


def test_cells_find_what_all_pairs_find() -> None:
    """Sizes that differ by ten in a crowded box: the positions of a search through all beads, bit by bit."""
    radii = np.array([5.0, 0.5, 2.0, 1.0] * 30) * 1e-6
    size = np.array([52e-6, 57e-6, 35e-6])
    found = insert_randomly(radii, size, seed=7).centres
    generator, order = np.random.default_rng(7), np.argsort(-radii, kind="stable")
    expected = np.empty_like(found)
    for rank, bead in enumerate(order):
        others = order[:rank]
        while True:
            candidate = generator.random(3) * size
            gap = np.abs(expected[others] - candidate)
            distance = np.sqrt((np.minimum(gap, size - gap) ** 2).sum(axis=1))
            if np.all(distance >= radii[others] + radii[bead]):
                break
        expected[bead] = candidate
    assert np.array_equal(found, expected)
