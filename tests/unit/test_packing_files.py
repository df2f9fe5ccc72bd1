"""Readers of LAMMPS dumps and CSV tables, on good and on damaged files."""

from __future__ import annotations

from pathlib import Path

import pytest

from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.packing_files import read_csv, read_lammps_dump
from manufacturing.phases import Phase

CSV = "x, y, z, r, phase\n1e-6, 2e-6, 3e-6, 0.5e-6, AM\n4e-6, 5e-6, 6e-6, 1e-6, 3\n"
PHASES = {1: Phase.AM, 2: Phase.SE}
DUMP = """ITEM: TIMESTEP
100
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp ff
-5.0 5.0
0.0 10.0
-2.0 18.0
ITEM: ATOMS id type x y z radius
2 1 -6.0 1.0 0.0 2.5
1 2 4.0 9.0 17.0 1.5
"""


def csv_packing(folder: Path, text: str) -> Packing:
    """Read ``text`` as a CSV file of a box of 10 um."""
    path = folder / "spheres.csv"
    path.write_text(text)
    return read_csv(path, (0.0, 0.0, 0.0), (1e-5, 1e-5, 1e-5))


def dump_packing(folder: Path, text: str) -> Packing:
    """Read the last frame of ``text`` as a dump in micrometres."""
    path = folder / "beads.dump"
    path.write_text(text)
    return read_lammps_dump(path, PHASES)


def test_csv_gives_the_spheres_in_order(tmp_path: Path) -> None:
    """Names and integers of phases mean the same; rows are numbered from 1."""
    found = csv_packing(tmp_path, CSV)
    assert found.centres[1] == pytest.approx([4e-6, 5e-6, 6e-6])
    assert found.radii == pytest.approx([0.5e-6, 1e-6])
    assert found.phases.tolist() == [Phase.AM, Phase.CBD]
    assert found.particle_ids.tolist() == [1, 2]
    assert found.size == pytest.approx([1e-5] * 3)


def test_csv_columns_may_be_in_any_order_with_ids_and_unit(tmp_path: Path) -> None:
    """Columns are found by name; lengths are multiplied by the unit."""
    path = tmp_path / "spheres.csv"
    path.write_text("id,phase,r,z,y,x,note\n42,SE,1,2,3,4,hello\n")
    found = read_csv(path, (0.0,) * 3, (1e-5,) * 3, length_unit=1e-6)
    assert found.centres[0] == pytest.approx([4e-6, 3e-6, 2e-6])
    assert found.particle_ids.tolist() == [42]
    assert found.phases.tolist() == [Phase.SE]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("x,y,z,r\n1,1,1,1\n", "x,y,z,r,phase"),
        (CSV.replace("0.5e-6", "half"), "line 2 column r.*half"),
        (CSV.replace(" 3\n", " 12\n"), "line 3.*12"),
        (CSV[:-6], "line 3"),
        (CSV.replace("4e-6", "4"), "particle 2.*outside"),
        (CSV.replace("0.5e-6", "-1"), "radii"),
        (CSV.replace("0.5e-6", "nan"), "line 2 column r.*nan"),
    ],
)
def test_wrong_csv_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """The message names the line and column."""
    with pytest.raises(InputError, match=message):
        csv_packing(tmp_path, text)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    """Neither reader shows a traceback of the operating system."""
    with pytest.raises(InputError, match="unreadable"):
        read_csv(tmp_path / "none.csv", (0.0,) * 3, (1.0,) * 3)
    with pytest.raises(InputError, match="unreadable"):
        read_lammps_dump(tmp_path / "none.dump", PHASES)


def test_dump_gives_micrometres_and_its_box(tmp_path: Path) -> None:
    """The box is moved to zero; x = -6 lies outside the periodic box and is wrapped to 4 - (-5) = 9."""
    found = dump_packing(tmp_path, DUMP)
    assert found.size == pytest.approx([1e-5, 1e-5, 2e-5])
    assert found.periodic == (True, True, False)
    assert found.particle_ids.tolist() == [2, 1]
    assert found.phases.tolist() == [Phase.AM, Phase.SE]
    assert found.centres[0] == pytest.approx([9e-6, 1e-6, 2e-6])
    assert found.centres[1] == pytest.approx([9e-6, 9e-6, 19e-6])
    assert found.radii == pytest.approx([2.5e-6, 1.5e-6])
    assert found.provenance["timestep"] == 100


def test_scaled_positions_and_diameters_mean_the_same(tmp_path: Path) -> None:
    """xs = (x - low)/size, diameter = 2 radius."""
    scaled = DUMP.replace("x y z radius", "xs ys zs diameter")
    scaled = scaled.replace("-6.0 1.0 0.0 2.5", "-0.1 0.1 0.1 5").replace("4.0 9.0 17.0 1.5", "0.9 0.9 0.95 3")
    first, second = dump_packing(tmp_path, DUMP), dump_packing(tmp_path, scaled)
    assert second.centres == pytest.approx(first.centres)
    assert second.radii == pytest.approx(first.radii)


def test_frames_are_chosen_by_number(tmp_path: Path) -> None:
    """The last frame by default, the first one on request, none beyond."""
    path = tmp_path / "beads.dump"
    path.write_text(DUMP + DUMP.replace("\n100\n", "\n200\n").replace("9.0 17.0", "8.0 17.0"))
    assert read_lammps_dump(path, PHASES).centres[1, 1] == pytest.approx(8e-6)
    assert read_lammps_dump(path, PHASES, frame=0).provenance["timestep"] == 100
    with pytest.raises(InputError, match="2 frames"):
        read_lammps_dump(path, PHASES, frame=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("hello\n", "ITEM: TIMESTEP"),
        (DUMP[: DUMP.index("1 2 4.0")], "1 of 2 atoms"),
        (DUMP[:-8], "truncated or damaged"),
        (DUMP[: DUMP.index("0.0 10.0")], "end of the file|truncated"),
        (DUMP.replace("radius", "mass"), "column radius"),
        (DUMP.replace("x y z", "a b c"), "columns x y z"),
        (DUMP.replace("1 2 4.0", "1 5 4.0"), r"atom types: found \[5\]"),
    ],
)
def test_wrong_dumps_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """The message names what is missing."""
    with pytest.raises(InputError, match=message):
        dump_packing(tmp_path, text)
