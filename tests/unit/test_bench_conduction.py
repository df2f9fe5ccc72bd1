"""Logic of the conduction benchmark: who leads, references, crossover, peers that are missing, voxel images."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cases import bench_conduction, peer_environment
from cases.bench_conduction import curve_points, target_checks, write_rows
from cases.bench_points import Point, packing_of, voxel_image
from cases.bench_solver import beyond_reach
from cases.bench_structures import face_centred, random_packing
from cases.check_store import CheckStore
from cases.error_time import Cost, Estimate, combined, cost, crossover, lead
from cases.plots_error_time import plot_curves
from cases.testing import PROJECT
from manufacturing.errors import StageError
from manufacturing.phases import Phase
from tests.validation.lattice_apertures import Lattice, lattice_conductivity


def test_lead_is_the_smallest_ratio_at_the_errors_that_the_other_reaches() -> None:
    ours = [Cost(0.02, 1.0), Cost(0.004, 5.0)]
    assert lead(ours, [Cost(0.03, 4.0), Cost(0.01, 30.0)]) == pytest.approx(4.0)
    assert lead(ours, [Cost(0.03, 4.0), Cost(0.01, 6.0)]) == pytest.approx(1.2)


def test_lead_is_nothing_where_we_are_less_accurate_and_unknown_where_they_are_not_accurate() -> None:
    assert lead([Cost(0.02, 1.0)], [Cost(0.01, 100.0)]) == 0.0
    assert math.isnan(lead([Cost(0.02, 1.0)], [Cost(0.2, 0.1)]))


def test_no_error_is_smaller_than_that_of_the_reference() -> None:
    assert cost(2.0002, Estimate(2.0, 0.01), 3.0) == Cost(pytest.approx(0.005), 3.0)
    assert cost(2.1, Estimate(2.0, 0.01), 3.0).error == pytest.approx(0.05)


def test_combined_follows_the_better_estimate_and_widens_when_they_disagree() -> None:
    near = combined(Estimate(1.0, 0.01), Estimate(1.004, 0.02))
    assert near.value == pytest.approx(1.0008)
    assert near.error == pytest.approx(0.01 * 0.8**0.5)
    apart = combined(Estimate(1.0, 0.01), Estimate(1.1, 0.01))
    assert apart.error == pytest.approx(0.05)


def test_crossover_lies_where_the_times_are_equal() -> None:
    size = np.array([1e4, 1e5, 1e6])
    assert crossover(size, size / 1e5, (size / 1e5) ** 2 / 4.0) == pytest.approx(4e5)
    assert crossover(size[::-1], size[::-1], 2.0 * size[::-1]) == pytest.approx(1e4)
    assert math.isnan(crossover(size, size, 0.5 * size))


def test_direct_solves_end_before_memory_or_patience_do() -> None:
    last = {"unknowns": 100, "peak_gigabytes": 8.0, "setup_seconds": 10.0, "linear_seconds": 1.0}
    assert not beyond_reach(last, 150)
    assert beyond_reach(last, 180), "16 GB"
    assert beyond_reach(last | {"peak_gigabytes": 0.1}, 700), "minutes"


def test_a_peer_that_cannot_be_installed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the benchmark goes on, and the table says why a tool is not in it."""

    def no_network() -> Path:
        raise StageError("the voxel tools could not be installed")

    def solved(structure: object, size: float, folder: Path) -> list[dict[str, object]]:
        return [vars(Point("FCC pores", "ours, order 2", 1.0 / size, 0.07, 1.0, 2.0, 1.0, 2.0, 0.1))]

    monkeypatch.setattr(bench_conduction, "peer_interpreter", no_network)
    monkeypatch.setattr(bench_conduction, "our_points", solved)
    structure = replace(face_centred(), cell_sizes=(1e-6, 2e-6), voxels=(8, 16))
    points, missing = curve_points(structure, CheckStore(tmp_path, ("solver",)))
    assert len(points) == 2
    assert len(missing) == 1
    assert "could not be installed" in missing[0].name

    def too_coarse(structure: object, count: int, tool: str, folder: Path) -> list[dict[str, object]]:
        if count == 8:
            raise StageError("nothing percolates")
        return [vars(Point("FCC pores", tool, float(count), 0.07, 1.0, 2.0, 1.0, 2.0, 0.1))]

    monkeypatch.setattr(bench_conduction, "peer_interpreter", lambda: Path("python"))
    monkeypatch.setattr(bench_conduction, "peer_points", too_coarse)
    points, missing = curve_points(structure, CheckStore(tmp_path, ("solver",)))
    assert [point.size for point in points[2:]] == [16.0, 16.0]
    assert len(missing) == 2


def test_installing_without_a_network_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    packages = tmp_path / "peers.txt"
    packages.write_text("granode-no-such-package==1.0  # comment\n")
    monkeypatch.setattr(peer_environment, "PACKAGES", packages)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(StageError, match="could not be installed"):
        peer_environment.peer_interpreter()
    assert not (peer_environment.peer_folder() / peer_environment.COMPLETE).exists()
    assert peer_environment.wanted_packages() == ["granode-no-such-package==1.0"]


def test_each_peer_has_the_lateral_condition_of_its_targets() -> None:
    """A cell with mirror planes may be given to either kind, a packing only to its own."""
    for target in random_packing().targets:
        assert all(tool.endswith(target.lateral) for tool in target.peers), target


def test_voxel_image_has_the_axis_of_the_current_first(tmp_path: Path) -> None:
    packing = packing_of(face_centred(), tmp_path)
    shifted = replace(packing, centres=packing.centres + np.array([0.0, 0.0, 1e-6]))
    image, clocked = voxel_image(shifted, 20, Phase.AM, Phase.SE)
    assert (clocked > 0.0).all()
    assert image.shape == (20, 20, 20)
    assert np.array_equal(image[2:].astype(int), voxel_image(packing, 20, Phase.AM, Phase.SE)[0][:-2])
    assert image.mean() == pytest.approx(0.8446, abs=0.02)


def test_walls_of_the_lattice_are_mirror_planes(tmp_path: Path) -> None:
    """Else periodic sides, insulated sides and fixed planes would be three different problems."""
    image, _ = voxel_image(packing_of(face_centred(), tmp_path), 20, Phase.AM, Phase.SE)
    for axis in range(3):
        assert np.array_equal(image, np.flip(image, axis=axis))
        assert np.array_equal(image.take(range(10), axis), np.roll(image, 10, (axis + 1) % 3).take(range(10, 20), axis))


def test_peer_script_measures_a_tool(tmp_path: Path) -> None:
    """Run as a peer's interpreter runs it, with a tool that only counts voxels."""
    script = PROJECT / "cases" / "peer_solvers.py"
    np.save(tmp_path / "image.npy", np.eye(4, dtype=np.uint8))
    code = (
        f"import runpy, sys; m = runpy.run_path({str(script)!r}); m['TOOLS']['count'] = lambda i: float(i.sum());"
        "from pathlib import Path; m['main']('count', Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "image.npy"), str(tmp_path / "out.json")]
    subprocess.run(words, check=True)
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["conductivity"] == 4.0
    assert 0.0 < found["seconds"] < 5.0
    assert 0.0 <= found["processor_seconds"] < 5.0
    assert 0.005 < found["peak_gigabytes"] < 2.0


def test_table_and_picture_of_the_curves(tmp_path: Path) -> None:
    target = face_centred().targets[0]
    points = [
        Point(target.name, "ours, order 2", 10.0, 1.01, 1.0, 2.0, 1.0, 2.0, 0.1),
        Point(target.name, "taufactor", 32.0, 1.03, 5.0, 5.1, 8.0, 8.1, 0.2),
    ]
    reference = Estimate(1.0, 1e-3)
    checks = {check.name.split(" (")[0]: check for check in target_checks(target, points, reference)}
    assert checks["FCC pores: taufactor over ours, solve only"].found == pytest.approx(5.0)
    assert checks["FCC pores: taufactor over ours, geometry to result"].found == pytest.approx(2.55)
    rows = [bench_conduction.row(point, reference) for point in points]
    write_rows(tmp_path / "error_time.csv", rows)
    plot_curves(rows, tmp_path)
    assert (tmp_path / "error_time.csv").read_text().count("\n") == 3
    assert (tmp_path / "error_time.png").stat().st_size > 10_000


@pytest.mark.parametrize(("spheres", "expected"), [(True, 1.0), (False, 1.0)])
def test_apertures_of_a_body_that_fills_everything(spheres: bool, expected: float) -> None:
    """Spheres that cover the cube, or none at all: sigma_eff = sigma; halved cubes are of first order, so 15 %."""
    lattice = Lattice(4, 0.6 if spheres else 0.0, spheres)
    assert lattice_conductivity(lattice) == pytest.approx(expected, rel=0.15 if spheres else 1e-9)


def test_apertures_see_spheres_touch_only_through_their_discs() -> None:
    """Spheres that do not overlap conduct nothing, however coarse the cubes are."""
    assert lattice_conductivity(Lattice(6, 0.35, spheres=True)) == 0.0
    assert lattice_conductivity(Lattice(6, 0.372, spheres=True)) > 0.3
