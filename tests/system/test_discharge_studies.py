"""Small versions of shipped discharge studies: what the papers report comes out, in the sentences too.

Seen to fail with: heights counted from the collector, an ionic conductivity that does not come from the case, a
diffusivity a hundred times too large.
"""

from __future__ import annotations

from pathlib import Path

from cases.curve_conclusions import curve_sentences
from cases.log import RunLog
from cases.stage_processes import Outcome, run_stages
from cases.study_curves import CurveLine, curve_lines
from cases.study_plan import StudyPlan, plan_study
from cases.study_results import read_rows
from cases.study_run import StudyRunner

FOLDER = Path(__file__).resolve().parents[2] / "cases" / "papers" / "discharge"


def in_this_process(out: Path, _: int, names: tuple[str, ...], quiet: bool) -> Outcome:
    """Run stages without the cost of starting a process."""
    assert quiet
    return Outcome(run_stages(out, list(names)))


def finished(name: str, out: Path, *overrides: str) -> tuple[StudyPlan, list[CurveLine]]:
    """A shipped study with some keys changed, run here, and its lines."""
    plan = plan_study(FOLDER / f"{name}.toml", overrides)
    log = RunLog(path=out / "log.txt", quiet=True)
    records = StudyRunner(plan, out, 1, log, launcher=in_this_process).run()
    assert [record.error for record in records] == [""] * len(records)
    return plan, curve_lines(plan, read_rows(plan, out), out)


def test_lithium_gathers_where_the_better_conductor_leads(tmp_path: Path) -> None:
    cones = '{source="cones", base_radius=3e-6, height=22e-6, edge=6.5e-6, thickness=24e-6}'
    changes = (f"geometry={cones}", "mesh.cell_size=1.6e-6", "discharge.c_rate=3.0", "discharge.maximum_time=360.0")
    _, (both, ionic, electronic, _) = finished("limiting_conductivity", tmp_path, *changes)

    def lead(line: CurveLine) -> float:
        """How much more lithium there is near the separator than near the collector."""
        assert line.mean_profile is not None
        return float(line.mean_profile.parts[0] - line.mean_profile.parts[-1])

    assert lead(ionic) > lead(both) + 0.02
    assert lead(electronic) < lead(both) - 0.02


def test_a_larger_particle_delivers_less(tmp_path: Path) -> None:
    sizes = "study.list.geometry.radius=[2e-6, 5e-6]"
    boxes = "study.list.geometry.box=[[5e-6, 5e-6, 4e-6], [12.5e-6, 12.5e-6, 10e-6]]"
    plan, (small, large) = finished(
        "one_particle", tmp_path, sizes, boxes, "study.list.mesh.cell_size=[0.95e-6, 2.4e-6]"
    )
    assert large.final_capacity.mean < 0.95 * small.final_capacity.mean
    assert plan.study.curves is not None
    assert "2: " in (sentence := curve_sentences(plan.study.curves, (small, large))[0])
    assert "falls throughout" in sentence


def test_reduced_contact_of_the_collector_costs_capacity_where_filling_closes_the_way_of_the_electrons(
    tmp_path: Path,
) -> None:
    cones = '{source="cones", base_radius=3e-6, height=22e-6, edge=6.5e-6, thickness=24e-6}'
    grid = 'study.grid={"discharge.c_rate"=[2.0], "cell.collector.contact_fraction"=[1.0, 0.1]}'
    changes = (
        f"geometry={cones}",
        grid,
        "mesh.cell_size=1.6e-6",
        "cell.collector.pitch=1.6e-6",
        'study.curves.names=["whole", "tenth"]',
    )
    _, (whole, tenth) = finished("collector_contact", tmp_path / "falls", *changes)
    assert tenth.final_capacity.mean < 0.96 * whole.final_capacity.mean
    coated = "materials.AM.electronic_conductivity=0.1"
    _, (whole, tenth) = finished("collector_contact", tmp_path / "coated", *changes, coated)
    assert tenth.final_capacity.mean > 0.999 * whole.final_capacity.mean
