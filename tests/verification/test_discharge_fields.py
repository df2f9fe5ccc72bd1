"""Fields of a discharge as another reader sees them: jumps at contacts, indices of all instants.

Seen to fail with: fields at the labelled vertices (means of both sides), cells of the labelled mesh instead of the
split one in files, tables and current densities, an index without the last instant.
"""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import meshio
import numpy as np
import numpy.typing as npt
import pytest

from cases import distribution_files
from cases.field_files import write_part
from cases.runner import run_in_process
from tests.unit.box_mesh import UM

from .test_discharge_contacts import CONTACTS, DENSITY, stack

FloatArray = npt.NDArray[np.float64]

# Height of each contact [um], file and field that jump there, and in which direction the potential falls upwards.
IONIC, ELECTRONIC = ("electrolyte", "ionic_potential_V"), ("conductors", "electronic_potential_V")
PLACES = {
    "SE|separator": (6.0, *IONIC),
    "SE|SE": (9.0, *IONIC),
    "AM|AM": (13.0, *ELECTRONIC),
    "AM|CBD": (14.0, *ELECTRONIC),
    "CBD|CBD": (16.0, *ELECTRONIC),
}
INSTANTS = 3


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The slabs with every kind of contact and blocked necks, at two instants and the end."""
    given = {name: {"resistance": value} for name, value in CONTACTS.items()}
    given["AM|AM"] = {"resistance": CONTACTS["AM|AM"], "lithium": "blocked"}  # type: ignore[dict-item]
    output = {"fields": True, "plots": False, "snapshots": [], "snapshot_times": [10.0, 20.0]}
    out = tmp_path_factory.mktemp("fields")
    drive = {"current_density": DENSITY, "maximum_time": 30.0}
    run_in_process(stack(given, output=output, discharge=drive), out)
    return out / "fields"


def sides(file: Path, name: str, height: float) -> tuple[FloatArray, FloatArray]:
    """Values at a height [m] as the cells below and above it have them."""
    data = meshio.read(file)
    cells, z = data.cells_dict["tetra"], data.points[:, 2]
    values, level = data.point_data[name][cells], np.abs(z[cells] - height) < 1e-3 * UM
    below = z[cells].mean(axis=1) < height
    return values[level & below[:, None]], values[level & ~below[:, None]]


@pytest.mark.parametrize("contact", PLACES)
def test_the_potential_jumps_by_current_times_resistance(contact: str, fields: Path) -> None:
    """On discharge ions flow upwards and electrons downwards: both potentials fall upwards by R i."""
    height, domain, name = PLACES[contact]
    for instant in range(INSTANTS):
        below, above = sides(fields / f"discharge_{domain}_{instant:02d}.vtu", name, height * UM)
        assert len(below) > 0 < len(above)
        assert np.ptp(below) < 1e-9 > np.ptp(above)
        assert below.mean() - above.mean() == pytest.approx(DENSITY * CONTACTS[contact], rel=1e-6)


def test_the_current_is_the_same_on_both_sides(fields: Path) -> None:
    """No cell beside a contact takes the jump for a gradient."""
    for domain, name in (("electrolyte", "ionic"), ("conductors", "electronic")):
        data = meshio.read(fields / f"discharge_{domain}_00.vtu")
        assert data.cell_data[f"{name}_current_density_A_m2"][0][:, 2] == pytest.approx(DENSITY, rel=1e-6)


def test_a_slab_behind_a_blocked_neck_is_without_ions(fields: Path) -> None:
    """Its lithium stays, not mixed with that of the slab below: a third of the AM, with electrons, without ions."""
    with (fields.parent / "curves" / f"particles_{INSTANTS - 1:02d}.csv").open(newline="") as file:
        lower, upper = csv.DictReader(file)
    assert (lower["reason"], upper["reason"]) == ("", "no ionic contact")
    assert float(upper["current_A"]) == 0.0
    with (fields.parent / "curves" / "particles_00.csv").open(newline="") as file:
        assert float(upper["mean_stoichiometry"]) == pytest.approx(
            float(list(csv.DictReader(file))[1]["mean_stoichiometry"]), abs=1e-12
        )
    found = json.loads((fields.parent / "summary.json").read_text())["discharge"]
    assert found["inactive_AM_volume_fraction"] == pytest.approx(1.0 / 3.0, rel=1e-9)
    assert found["inactive_AM_volume_fraction"] == pytest.approx(1.0 - found["active_fraction"]["AM"], rel=1e-9)
    assert found["inactive_by_reason"]["no_ionic_contact"] == {
        "particles": 1,
        "AM_volume_fraction": pytest.approx(1 / 3),
    }


def test_lithium_jumps_where_necks_are_blocked(fields: Path) -> None:
    file = fields / f"discharge_active_material_{INSTANTS - 1:02d}.vtu"
    reacting, blocked = sides(file, "stoichiometry", 13.0 * UM)
    assert blocked == pytest.approx(blocked[0], abs=1e-12)
    assert reacting.min() > blocked[0] + 1e-4


@pytest.mark.parametrize(
    "name", ["discharge_electrolyte", "discharge_conductors", "discharge_active_material", "interface"]
)
def test_an_index_opens_all_instants(name: str, fields: Path) -> None:
    entries = ElementTree.parse(fields / f"{name}.pvd").getroot().findall("./Collection/DataSet")
    times = [float(entry.attrib["timestep"]) for entry in entries]
    assert len(times) == INSTANTS
    assert times == sorted(times)
    assert times[-1] == pytest.approx(30.0)
    kind = "triangle" if name == "interface" else "tetra"
    for entry in entries:
        assert len(meshio.read(fields / entry.attrib["file"]).cells_dict[kind]) > 0


def test_every_instant_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is written at the next instant, what is there stays.

    Seen to fail with all instants written at each (19 files) and with the last one only (nothing for the failed one).
    """
    written: list[Path] = []

    def write(*arguments: Any) -> None:
        """Fail on the first file."""
        written.append(arguments[-1])
        if len(written) == 1:
            raise OSError(28, "No space left on device")
        write_part(*arguments)

    monkeypatch.setattr("cases.discharge_fields.write_part", write)
    output = {"fields": True, "plots": False, "snapshots": [], "snapshot_times": [1.0, 2.0]}
    run_in_process(stack({}, output=output, discharge={"current_density": DENSITY, "maximum_time": 3.0}), tmp_path)
    files = sorted((tmp_path / "fields").glob("discharge_*_[0-9]*.vtu"))
    assert len(files) == 3 * INSTANTS
    assert len(written) == 3 * INSTANTS + 1
    assert sorted(set(written)) == files


@pytest.mark.parametrize("kind", ["write_whole", "write_columns"])
def test_facets_and_tables_that_failed_are_written_later(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail with the last instant only."""
    original, calls = getattr(distribution_files, kind), itertools.count()

    def write(*arguments: Any) -> None:
        """Fail once."""
        if next(calls) == 0:
            raise OSError(28, "No space left on device")
        original(*arguments)

    monkeypatch.setattr(distribution_files, kind, write)
    output = {"fields": True, "plots": False, "snapshots": [], "snapshot_times": [1.0, 2.0]}
    run_in_process(stack({}, output=output, discharge={"current_density": DENSITY, "maximum_time": 3.0}), tmp_path)
    assert "fields cannot be written (No space left on device)" in (tmp_path / "log.txt").read_text()
    assert len(list((tmp_path / "fields").glob("interface_*.vtu"))) == INSTANTS
    for name in distribution_files.NAMES:
        assert len(list((tmp_path / "curves").glob(f"{name}_*.csv"))) == INSTANTS
