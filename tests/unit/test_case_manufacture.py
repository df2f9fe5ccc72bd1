"""Tables of the case file become recipes, stages, flow curves and random packings of the manufacturing room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.case_checks import check_case
from cases.case_file import apply_override, validate_case
from cases.command_line import main
from cases.log import RunLog
from cases.manufacture import manufacturing_settings, random_settings, recipe_of
from cases.physics import CaseMaterials
from cases.rheology import Rheometer
from cases.run_directory import locked
from cases.runner import run_in_process
from cases.schema import ManufacturedGeometry, RandomGeometry
from cases.stage_keys import stage_keys
from manufacturing.errors import InputError
from manufacturing.force_field import SLURRY_FORCE_FIELD
from manufacturing.parameter_sets import CALIBRATED, PRINTED
from manufacturing.phases import Phase

Content = dict[str, Any]
UM = 1e-6
POWDERS = [
    {
        "phase": "AM",
        "weight_fraction": 0.6,
        "density": 4700.0,
        "log_normal": {"median": 6e-6, "geometric_deviation": 1.3},
    },
    {
        "phase": "SE",
        "weight_fraction": 0.3,
        "density": 1640.0,
        "diameters": [2 * UM, 4 * UM],
        "volume_fractions": [1.0, 1.0],
    },
    {"phase": "CBD", "weight_fraction": 0.1, "density": 900.0, "solid_density": 1800.0, "diameters": [3 * UM]},
]


def manufactured(**values: Any) -> ManufacturedGeometry:
    """The geometry of a case."""
    geometry = validate_case({"geometry": {"source": "manufactured", **values}}).geometry
    assert isinstance(geometry, ManufacturedGeometry)
    return geometry


def test_parameter_sets_reach_the_stages() -> None:
    for name, parameters in (("printed", PRINTED), ("calibrated", CALIBRATED)):
        settings = manufacturing_settings(manufactured(parameters=name), Path())
        assert settings.slurry.force_field == parameters.slurry
        assert settings.slurry.pressure == pytest.approx(parameters.skeleton_pressure)
        assert settings.slurry.time_step == pytest.approx(parameters.slurry_time_step, abs=0.0)
        assert (settings.drying.pressure, settings.drying.axes) == (parameters.drying_pressure, parameters.drying_axes)
        assert settings.calendering.plate_stiffness == parameters.plate_stiffness


def test_single_values_replace_those_of_the_set() -> None:
    geometry = manufactured(
        parameters="printed",
        slurry={"pressure": 5e4, "attraction": {"SE": {"epsilon": 2.0}}, "contact": {"friction": 0.3}},
        drying={"axes": "xyz", "evaporation": {"stages": 4, "rate": 2e3}, "maximum_samples": 7},
        calendering={"degrees": [0.1, 0.2], "release": "elastic", "nanopores": {"rate": 0.5}, "crop_depth": 0.0},
    )
    settings = manufacturing_settings(geometry, Path())
    slurry = settings.slurry.force_field
    assert settings.slurry.pressure == 5e4
    assert slurry.attraction[Phase.SE].epsilon == 2.0
    assert slurry.attraction[Phase.SE].sigma == SLURRY_FORCE_FIELD.attraction[Phase.SE].sigma
    assert slurry.attraction[Phase.AM] == SLURRY_FORCE_FIELD.attraction[Phase.AM]
    assert (slurry.contact.friction, slurry.contact.stiffness) == (0.3, SLURRY_FORCE_FIELD.contact.stiffness)
    assert (settings.drying.evaporation.stages, settings.drying.criterion.maximum_samples) == (4, 7)
    assert settings.calendering.all_degrees == (0.0, 0.1, 0.2)
    assert (settings.calendering.nanopores.rate, settings.calendering.release) == (0.5, "elastic")


def test_own_recipe_with_solvent_and_distributions(tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text("diameter,share\n2e-6,3\n4e-6,1\n")
    powders = [
        POWDERS[0],
        POWDERS[1] | {"diameters": [], "volume_fractions": [], "size_table": "sizes.csv"},
        POWDERS[2],
    ]
    for listed in (POWDERS, powders):
        recipe = recipe_of(manufactured(powders=listed, solids_content=0.5, beads=2000), tmp_path)
        assert recipe.balance().solids_content == pytest.approx(0.5, abs=2e-3)
        assert recipe.balance().as_dict()["powders"]["AM"]["D50_um"] == pytest.approx(6.0, rel=0.05)
    assert recipe.powders[1].number_fractions == pytest.approx((0.75, 0.25))
    heavy = recipe_of(manufactured(powders=POWDERS, dry_mass=1e-10), tmp_path)
    assert heavy.bead_table().dry_mass == pytest.approx(1e-10, rel=0.01, abs=0.0)


def test_flow_curve_shears_the_slurry_of_the_case() -> None:
    case = validate_case(
        {
            "geometry": {"source": "manufactured", "slurry": {"enlargement": 1.2}},
            "rheology": {"rates": [1.0, 9.0], "normal_stress": 30.0},
        }
    )
    assert isinstance(case.geometry, ManufacturedGeometry)
    assert case.rheology is not None
    shear = Rheometer(case.geometry, case.rheology, Path(), Path(), MPI.COMM_SELF, RunLog(quiet=True)).shear()
    assert (shear.enlargement, shear.normal_stress) == (1.2, 30.0)
    assert shear.force_field == CALIBRATED.slurry


def test_scales_of_the_slurry_keep_the_packing_and_change_the_flow() -> None:
    base = manufacturing_settings(manufactured(), Path()).slurry
    scaled = manufacturing_settings(manufactured(slurry={"energy_scale": 4.0, "damping_scale": 3.0}), Path()).slurry
    assert scaled.pressure == pytest.approx(4.0 * base.pressure)
    assert scaled.time_step == pytest.approx(base.time_step / 2.0, abs=0.0)
    assert scaled.force_field == base.force_field.scaled(4.0, 3.0)


RANDOM: Content = {
    "geometry": {
        "source": "random",
        "particles": 150,
        "max_overlap": 0.1,
        "phases": [
            {"phase": "AM", "volume_fraction": 0.35, "diameters": [5 * UM]},
            {"phase": "SE", "volume_fraction": 0.35, "diameters": [2 * UM, 3 * UM], "number_fractions": [1.0, 2.0]},
        ],
    },
    "mesh": {"method": "voxel", "cell_size": 1e-6},
    "materials": {"AM": "NMC622", "SE": "Li6PS5Cl"},
    "conduction": {"ionic_z": {"carrier": "ionic", "order": 1}},
    "output": {"fields": False, "plots": False},
}


def test_random_packing_runs_to_its_conductivity(tmp_path: Path) -> None:
    summary = run_in_process(RANDOM, tmp_path)
    found = summary["manufacturing"]["volume_fractions"]
    assert np.array([found["AM"], found["SE"]]) == pytest.approx([0.35, 0.35], abs=0.006)
    assert 0.0 < summary["conduction"]["ionic_z"]["effective_conductivity_S_m"] < 0.35 * 0.125
    geometry = validate_case(RANDOM).geometry
    assert isinstance(geometry, RandomGeometry)
    assert random_settings(geometry, tmp_path).phases[1].number_fractions == pytest.approx((1 / 3, 2 / 3))


def changed(case: Content, *overrides: str) -> Content:
    """A copy of a case with keys set."""
    import copy

    data = copy.deepcopy(case)
    for override in overrides:
        apply_override(data, override)
    return data


CHAIN: Content = {"geometry": {"source": "manufactured", "beads": 300}, "conduction": {}}
OWN: Content = {"geometry": {"source": "manufactured", "beads": 300, "powders": POWDERS}, "conduction": {}}


@pytest.mark.parametrize(
    ("case", "override", "field"),
    [
        (CHAIN, 'geometry.recipe="unknown"', "geometry.recipe"),
        (CHAIN, "geometry.calendering_degree=0.3", "geometry.calendering_degree"),
        (CHAIN, "geometry.dry_mass=1e-11", "geometry"),
        (CHAIN, "geometry.calendering.degrees=[0.3, 0.1]", "geometry.calendering.degrees"),
        (CHAIN, 'geometry.calendering.release="fast"', "geometry.calendering.release"),
        (CHAIN, "geometry.solids_content=0.5", "geometry"),
        (OWN, "geometry.powders.0.diameters=[1e-6]", "geometry.powders[0]"),
        (OWN, 'geometry.powders.2.size_table="none.csv"', "geometry.powders[2]"),
        (OWN, "geometry.beads=", "geometry.beads"),
        (OWN, "geometry.powders.0.weight_fraction=0.5", "geometry.powders: weight_fraction"),
        (RANDOM, "geometry.phases.0.volume_fraction=0.7", "geometry.phases: volume_fraction"),
        (RANDOM, "rheology.rates=[1.0]", "rheology"),
    ],
)
def test_wrong_tables_name_the_key(case: Content, override: str, field: str) -> None:
    def check() -> None:
        """Read and check the case."""
        parsed = validate_case(changed(case, override))
        check_case(parsed, CaseMaterials(parsed))

    with pytest.raises(InputError) as caught:
        check()
    assert caught.value.field.startswith(field)


def test_keys_follow_what_decides_about_each_stage() -> None:
    flow = CHAIN | {"rheology": {"rates": [1.0]}}
    keys = {
        name: stage_keys(validate_case(changed(flow, *sets)), Path())
        for name, sets in {
            "as it is": (),
            "other rates": ("rheology.rates=[2.0]",),
            "other parameters": ('geometry.parameters="printed"',),
        }.items()
    }
    assert keys["other rates"]["manufacturing"] == keys["as it is"]["manufacturing"]
    assert keys["other rates"]["rheology"] != keys["as it is"]["rheology"]
    assert keys["other parameters"]["manufacturing"] != keys["as it is"]["manufacturing"]


def test_a_refused_case_leaves_the_directory_as_it_was(tmp_path: Path) -> None:
    path, out = tmp_path / "case.toml", tmp_path / "out"
    path.write_text('[geometry]\nsource = "manufactured"\nbeads = 20\n')
    out.mkdir()
    (out / "summary.json").write_text("{}")
    assert main(["run", str(path), "--out", str(out)]) == 2
    assert [file.name for file in out.iterdir()] == ["summary.json"]


def test_two_runs_do_not_share_a_directory(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(InputError, match="another run"), locked(tmp_path):
        pass
    with locked(tmp_path):
        assert (tmp_path / "stages").is_dir()


def test_assumptions_tell_print_calibration_and_user_apart() -> None:
    kinds = {}
    for name, values in (
        ("calibrated", {}),
        ("printed", {"parameters": "printed"}),
        ("given", {"slurry": {"contact": {"damping": 3.0}}, "drying": {"pressure": 1.2e4}}),
    ):
        found = manufacturing_settings(manufactured(**values), Path()).assumptions()
        kinds[name] = {a.name: a.kind for a in found}
    for quantity in ("slurry.pressure", "slurry.epsilon_SE", "slurry.stiffness", "slurry.damping", "drying.pressure"):
        assert kinds["calibrated"][quantity] == "calibrated"
        assert kinds["printed"].get(quantity, "printed") == "printed"
    assert kinds["given"]["slurry.damping"] == kinds["given"]["drying.pressure"] == "given"
