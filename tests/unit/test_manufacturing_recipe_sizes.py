"""Size distributions: number against volume, percentiles, log-normal moments in closed form, tables, wrong input."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from manufacturing.errors import InputError
from manufacturing.log_normal import LogNormal
from manufacturing.phases import Phase
from manufacturing.powder import Powder
from manufacturing.size_distribution import SizeDistribution, number_from_volume, read_size_table, volume_from_number


def approx(expected: object, rel: float = 1e-6) -> object:
    """Compare by ratio only: the default absolute tolerance is larger than a bead in SI units."""
    return pytest.approx(expected, rel=rel, abs=0.0)


def test_number_and_volume_by_hand() -> None:
    """Eight beads of 1 um and one of 2 um hold half of the volume each."""
    by_number = SizeDistribution.from_classes([1e-6, 2e-6], [8.0, 1.0])
    assert by_number.volume_fractions == approx([0.5, 0.5], rel=1e-14)
    by_volume = SizeDistribution.from_classes([1e-6, 2e-6], [0.5, 0.5], "volume")
    assert by_volume.number_fractions == approx([8 / 9, 1 / 9], rel=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_round_trip_number_volume(seed: int) -> None:
    """Number -> volume -> number returns the same shares, over sizes from nanometres to millimetres."""
    generator = np.random.default_rng(seed)
    sizes, shares = np.geomspace(1e-8, 1e-4, 9) * generator.uniform(0.7, 1.3, 9), generator.random(9) + 0.01
    there = volume_from_number(sizes, shares / shares.sum())
    assert there.sum() == approx(1.0, rel=1e-14)
    assert number_from_volume(sizes, there) == approx(shares / shares.sum(), rel=1e-12)


def test_classes_are_sorted_and_empty_ones_left_out() -> None:
    """The share stays with its diameter."""
    sizes = SizeDistribution.from_classes([3e-6, 1e-6, 2e-6], [0.2, 0.8, 0.0])
    assert sizes.diameters == (1e-6, 3e-6)
    assert sizes.number_fractions == approx((0.8, 0.2))


def test_moments_by_hand() -> None:
    """Three of 1 um and one of 3 um: mean 1.5 um, mean cube 7.5 um3."""
    sizes = SizeDistribution.from_classes([1e-6, 3e-6], [3.0, 1.0])
    assert sizes.moment(0) == approx(1.0)
    assert sizes.moment(1) == approx(1.5e-6)
    assert sizes.mean_volume == approx(math.pi / 6 * 7.5e-18)


def test_percentiles_by_hand() -> None:
    """Equal volumes of 1 and 4 um: a quarter lies at 1 um, half at the geometric mean, three quarters at 4 um."""
    sizes = SizeDistribution.from_classes([1e-6, 4e-6], [0.5, 0.5], "volume")
    found = [sizes.percentile(share) for share in (0.1, 0.25, 0.5, 0.75, 0.9)]
    assert found == approx([1e-6, 1e-6, 2e-6, 4e-6, 4e-6], rel=1e-12)
    assert sizes.percentile(0.5, "number") < 1.1e-6
    assert SizeDistribution.single(3e-6).percentile(0.1) == approx(3e-6)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
def test_moments_of_the_uncut_log_normal(order: int) -> None:
    """M_p = d_n^p exp(p^2 s^2 / 2), and d_n = d_v exp(-3 s^2) (Hatch and Choate)."""
    s = math.log(1.5)
    wide = LogNormal(4e-6, 1.5, "volume", truncation=12.0)
    number_median = 4e-6 * math.exp(-3 * s**2)
    assert wide.moment(order) == approx(number_median**order * math.exp(0.5 * (order * s) ** 2), rel=1e-9)


@pytest.mark.parametrize("basis", ["number", "volume"])
@pytest.mark.parametrize("order", [1, 3])
def test_moments_of_the_cut_log_normal(basis: str, order: int) -> None:
    """Quadrature of the density over the range kept gives the same moment."""
    cut = LogNormal(4.0, 1.4, basis, truncation=1.5)  # type: ignore[arg-type]
    mean, s = math.log(cut.number_median), math.log(1.4)

    def weighted(x: float, p: int) -> float:
        return math.exp(p * x - 0.5 * ((x - mean) / s) ** 2)

    low, high = math.log(4.0) - 1.5 * s, math.log(4.0) + 1.5 * s
    ratio = quad(weighted, low, high, args=(order,), epsrel=1e-12)[0] / quad(weighted, low, high, args=(0,))[0]
    assert cut.moment(order) == approx(ratio, rel=1e-9)


def test_the_upper_tail_keeps_its_digits() -> None:
    """The numbers at the coarse end of a distribution by volume: 1e-6 to 1e-13 of all beads, against erfc."""
    wide = LogNormal(4.0, 4.0, "volume", truncation=4.0)
    s = math.log(4.0)
    for low, high in ((4.0, 40.0), (200.0, 400.0)):
        tails = [0.5 * math.erfc(math.log(d / wide.number_median) / s / math.sqrt(2)) for d in (low, high)]
        assert float(wide.partial_moment(0, low, high)) == approx(tails[0] - tails[1], rel=1e-12)


@pytest.mark.parametrize("basis", ["number", "volume"])
def test_cutting_keeps_the_given_median(basis: str) -> None:
    """Half of the number, or of the volume, lies below the median."""
    cut = LogNormal(4e-6, 1.6, basis, truncation=1.2)  # type: ignore[arg-type]
    order = 0 if basis == "number" else 3
    below = cut.partial_moment(order, cut.limits[0], 4e-6) / cut.partial_moment(order, *cut.limits)
    assert below == approx(0.5, rel=1e-12)


@pytest.mark.parametrize("basis", ["number", "volume"])
@pytest.mark.parametrize("deviation", [1.05, 1.3, 2.0])
@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_classes_conserve_number_mean_and_volume(basis: str, deviation: float, count: int) -> None:
    """The first and third moments by number of the classes are those of the cut distribution, to rounding."""
    cut = LogNormal(5e-6, deviation, basis)  # type: ignore[arg-type]
    classes = cut.classes(count)
    assert len(classes.diameters) == count
    assert classes.moment(0) == approx(1.0, rel=1e-14)
    assert classes.moment(1) == approx(cut.moment(1), rel=1e-11)
    assert classes.moment(3) == approx(cut.moment(3), rel=1e-12)


def test_one_class_conserves_the_volume() -> None:
    """Its diameter is that of the mean volume."""
    cut = LogNormal(5e-6, 1.5)
    assert cut.classes(1).moment(3) == approx(cut.moment(3), rel=1e-12)


def test_many_classes_approach_the_distribution() -> None:
    """Percentiles by volume of 200 classes are those of the cut normal distribution of ln d; the median is given."""
    classes = LogNormal(4e-6, 1.5, "volume", truncation=8.0).classes(200)
    assert classes.percentile(0.5) == approx(4e-6, rel=2e-3)
    assert classes.percentile(0.841344746) == approx(6e-6, rel=5e-3)
    assert classes.percentile(0.158655254) == approx(4e-6 / 1.5, rel=5e-3)
    assert classes.volume_fractions == approx(np.full(200, 1 / 200), rel=0.03)


@pytest.mark.parametrize("basis", ["number", "volume"])
@pytest.mark.parametrize("deviation", [1.02, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("truncation", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("count", [2, 4, 20])
def test_classes_stay_within_the_range(basis: str, deviation: float, truncation: float, count: int) -> None:
    """Also at the widest, all classes have beads; only above a deviation of 2 do they leave the range, by a fifth."""
    cut = LogNormal(4e-6, deviation, basis, truncation)  # type: ignore[arg-type]
    classes, (low, high) = cut.classes(count), cut.limits
    assert min(classes.number_fractions) > 0.0
    assert low < classes.diameters[0] < classes.diameters[-1] < high * (1.01 if deviation <= 2.0 else 1.25)
    assert classes.moment(1) == approx(cut.moment(1), rel=1e-9)
    assert classes.moment(3) == approx(cut.moment(3), rel=1e-9)


@pytest.mark.parametrize("header", ["", "diameter,volume share\n", "# sieve\n\nd, q3\n"])
def test_table_of_shares(tmp_path: Path, header: str) -> None:
    """A table by volume, with and without a header, equals the classes given directly."""
    file = tmp_path / "sizes.csv"
    file.write_text(header + "2e-6, 30\n1e-6, 10\n")
    read = read_size_table(file, "volume")
    given = SizeDistribution.from_classes([1e-6, 2e-6], [0.25, 0.75], "volume")
    assert read.diameters == given.diameters
    assert read.number_fractions == approx(given.number_fractions, rel=1e-14)
    assert "sizes.csv" in read.source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e-6,1\n2e-6\n", "line 2"),
        ("d,n\n1e-6,1\n2e-6,x\n", "line 3"),
        ("1e-6,1,4\n", "line 1"),
        ("d,n\n", "without rows"),
        ("1e-6,nan\n", "shares"),
        ("-1e-6,1\n", "diameters"),
    ],
)
def test_wrong_tables_name_file_line_or_column(tmp_path: Path, text: str, message: str) -> None:
    """The message tells where to look and begins with the field."""
    file = tmp_path / "sizes.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_size_table(file, field="recipe.SE.sizes")
    assert caught.value.field.startswith("recipe.SE.sizes")


def test_a_missing_table_is_an_input_error(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(InputError, match="nowhere"):
        read_size_table(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("diameters", "shares", "field"),
    [
        ([], [], "sizes"),
        ([1e-6], [1.0, 2.0], "sizes"),
        ([0.0], [1.0], "sizes.diameters"),
        ([math.inf], [1.0], "sizes.diameters"),
        ([1e-6, 1e-6], [1.0, 2.0], "sizes.diameters"),
        ([1e-6, 2e-6], [1.0, -1.0], "sizes.shares"),
        ([1e-6], [0.0], "sizes.shares"),
    ],
)
def test_wrong_classes_are_refused(diameters: list[float], shares: list[float], field: str) -> None:
    """The field is named in full."""
    with pytest.raises(InputError) as caught:
        SizeDistribution.from_classes(diameters, shares, field="recipe.SE.sizes")
    assert caught.value.field == f"recipe.SE.{field}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"median": 0.0}, "median"),
        ({"geometric_deviation": 1.0}, "geometric_deviation"),
        ({"geometric_deviation": 20.0}, "geometric_deviation"),
        ({"geometric_deviation": math.nan}, "geometric_deviation"),
        ({"truncation": 0.0}, "truncation"),
        ({"basis": "mass"}, "basis"),
    ],
)
def test_wrong_log_normals_are_refused(change: dict[str, object], field: str) -> None:
    """Each argument is checked."""
    with pytest.raises(InputError) as caught:
        LogNormal(**{"median": 4e-6, "geometric_deviation": 1.3, "field": "recipe.AM.sizes"} | change)  # type: ignore[arg-type]
    assert caught.value.field == f"recipe.AM.sizes.{field}"
    with pytest.raises(InputError, match="classes"):
        LogNormal(4e-6, 1.3).classes(0)


def test_a_powder_takes_a_distribution() -> None:
    """Its mean bead mass is density times the mean volume, and it returns the distribution."""
    sizes = LogNormal(4e-6, 1.3).classes(4)
    powder = Powder.of_sizes(Phase.AM, 0.6, 4700.0, sizes)
    assert powder.mean_bead_mass == approx(4700.0 * sizes.mean_volume, rel=1e-12)
    assert powder.sizes.number_fractions == approx(sizes.number_fractions, rel=1e-12)
