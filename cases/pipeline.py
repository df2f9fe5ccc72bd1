"""The stages of a case, each computed once per set of inputs: manufacturing, meshing, conduction, discharge."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mpi4py import MPI

from manufacturing.collective import run_on
from manufacturing.packing import Packing, load_packing
from manufacturing.packing_summary import describe as describe_packing
from meshing.gmsh_file import write_gmsh
from meshing.labelled_mesh import LabelledMesh, describe, load_mesh
from meshing.xdmf_file import write_xdmf
from solver.conduction import ConductionSettings, solve_conduction
from solver.connectivity import CellGraph
from solver.morphology import MorphologySettings

from .case_checks import check_case, check_materials, phases_in
from .cell_assembly import crop
from .chosen_film import chosen_film
from .colour_map_file import write_colour_maps
from .conduction_report import conduction_line
from .conduction_settings import conduction_sections, conduction_settings
from .discharge_checkpoint import remove_checkpoint
from .discharge_stage import DischargeStage
from .error_bars import error_bars_of_run, shape_and_sample
from .field_files import write_conduction_fields, write_mesh_fields
from .geometry import GivenGeometry, electrode_figures, given_packing, manufacture_case, matrix_phase, mesh_case
from .log import RunLog
from .morphology import MORPHOLOGY_CURVES, report_morphology
from .percolation import CLUSTERS, conduction_failure, report_percolation
from .physics import CaseMaterials
from .rheology import FLOW_CURVE, Rheometer
from .run_directory import RunDirectory
from .schema import Case, ManufacturedGeometry
from .schema_conduction import ConductionSection
from .stage_keys import stage_keys
from .voxel_route import voxel_figures, voxel_line

FEW_CELLS_PER_RANK = 50


class Pipeline:
    """Runs the stages of one case into one directory; every method is collective.

    Args:
        case: validated case.
        folder: where paths in the case are relative to.
        out: directory of the run.
        comm: all ranks.
        log: takes lines and progress.
    """

    def __init__(self, case: Case, folder: Path, out: Path, comm: MPI.Intracomm, log: RunLog) -> None:
        self.case, self.folder, self.comm, self.log = case, folder, comm, log
        self.directory = RunDirectory(out)
        run_on(comm, 1, self.directory.prepare)
        self.keys: dict[str, str] = run_on(comm, 1, lambda: stage_keys(case, folder))
        run_on(comm, 1, lambda: self.directory.keep_only(self.keys))
        self.materials = CaseMaterials(case)
        self._mesh: LabelledMesh | None = None
        self._graphs: dict[str, CellGraph] = {}

    def run(self) -> dict[str, Any]:
        """Run every stage and return the summary by stage."""
        self.check()
        self.make_packing()
        self.run_rheology()
        self.make_mesh()
        self.run_conduction()
        self.run_discharge()
        return {name: record["report"] for name, record in self.directory.records().items()}

    def check(self) -> None:
        """Refuse what can be known to fail before any computation."""
        run_on(self.comm, 1, lambda: check_case(self.case, self.materials, self.folder))

    # --- geometry -----------------------------------------------------------------------------

    def make_packing(self) -> None:
        """Manufacture, read or place the particles (nothing to do for layers); conduction on their voxels if asked."""
        path = self.directory.path / "packing.h5"
        made = isinstance(self.case.geometry, ManufacturedGeometry)
        files = ("packing.h5", "stages/packing_slurry.h5") if made else ("packing.h5",)
        self._stage("manufacturing", files, lambda: self._packing_report(path))
        self._stage("voxels", (), lambda: run_on(self.comm, 1, self._voxels_report))

    def _packing_report(self, path: Path) -> dict[str, Any]:
        geometry = self.case.geometry
        if isinstance(geometry, ManufacturedGeometry):
            result = manufacture_case(geometry, self.folder, self.directory.path, self.comm, self.log)
            electrode = run_on(self.comm, 1, lambda: chosen_film(geometry, self.folder, self.directory.path, result))
            run_on(self.comm, 1, lambda: self._save_manufacturing(electrode.packing, result.curves, path))
            assumptions = result.packing.provenance.get("assumptions", [])
            if geometry.powders and result.report["slurry"]["solids_content"] > 0.999:
                self.log.line("warning: the recipe has no solvent; solids_content or a wet powder gives it some")
            return {**result.report, "film": electrode.report, "assumptions": assumptions}

        def place() -> dict[str, Any]:
            """Place or read the particles, save them and count them."""
            assert isinstance(geometry, GivenGeometry)
            placed = given_packing(geometry, self.folder)
            placed.save(path)
            figures = describe_packing(placed).as_dict()
            counts = {"beads": len(placed.radii), "beads_by_phase": placed.count_by_phase()}
            return {"source": geometry.source, **counts, **figures, "provenance": placed.provenance}

        return run_on(self.comm, 1, place)

    def _save_manufacturing(self, packing: Packing, curves: dict[str, Any], path: Path) -> None:
        packing.save(path)
        for name, columns in curves.items():
            rows = zip(*columns.values(), strict=True)
            _write_csv(self.directory.path / "curves" / f"{name}.csv", list(columns), [list(r) for r in rows])

    def run_rheology(self) -> None:
        """Measure the flow curve of the slurry."""
        self._stage("rheology", (FLOW_CURVE,), self._rheology_report)

    def _rheology_report(self) -> dict[str, Any]:
        geometry, section = self.case.geometry, self.case.rheology
        assert isinstance(geometry, ManufacturedGeometry)
        assert section is not None
        return Rheometer(geometry, section, self.folder, self.directory.path, self.comm, self.log).run()

    def _voxels_report(self) -> dict[str, Any]:
        sections = conduction_sections(self.case, self.materials)
        found = voxel_figures(self.case, sections, self.materials, self.directory.path / "packing.h5")
        for name, figures in found.items():
            self.log.line(f"voxels: {name}: {voxel_line(figures)}")
        return found

    def make_mesh(self) -> None:
        """Mesh the geometry on rank 0 and read it on all."""
        self._stage("meshing", ("mesh.h5",), lambda: run_on(self.comm, 1, self._mesh_report))
        self._stage("electrode", (), lambda: run_on(self.comm, 1, self._electrode_report))
        self._stage("percolation", (CLUSTERS,), lambda: run_on(self.comm, 1, self._percolation_report))
        self._stage("morphology", MORPHOLOGY_CURVES, lambda: run_on(self.comm, 1, self._morphology_report))

    def _mesh_report(self) -> dict[str, Any]:
        path = self.directory.path
        packing = load_packing(path / "packing.h5") if "manufacturing" in self.keys else None
        mesh = mesh_case(self.case, packing, self.folder, self.log)
        mesh.save(path / "mesh.h5")
        write_xdmf(path / "mesh.h5")
        for name, columns in mesh.tables.items():
            rows = zip(*columns.values(), strict=True)
            _write_csv(path / "curves" / f"{name}.csv", list(columns), [list(row) for row in rows])
        self.log.line(f"meshing: {_mesh_line(mesh)}")
        return {**describe(mesh), **mesh.report}

    def _electrode_report(self) -> dict[str, Any]:
        if self.case.output.fields:
            write_mesh_fields(self.mesh, self.directory.path / "fields")
            write_gmsh(self.mesh, self.directory.path / "fields" / "mesh.msh")
            write_colour_maps(self.mesh, self.directory.path / "fields" / "paraview_colours.json")
        densities = {name: entry.density.value for name, entry in self.materials.by_domain.items()}
        return electrode_figures(self.mesh, densities)

    def _percolation_report(self) -> dict[str, Any]:
        path, fields = self.directory.path, self.case.output.fields
        return report_percolation(self.mesh, self.graph(), self._cropped_packing(), path, fields, self.log.line)

    def _morphology_report(self) -> dict[str, Any]:
        section = self.case.morphology
        assert section is not None
        settings = MorphologySettings(section.spacing, section.layers, section.bins)
        matrix = matrix_phase(self.case.geometry)
        packing = self._cropped_packing() if matrix == "void" else None
        return report_morphology(self.mesh, settings, packing, self.directory.path, self.log.line)

    def _cropped_packing(self) -> Packing | None:
        """Return the particles between the crop planes, None for a geometry without."""
        if "manufacturing" not in self.keys:
            return None
        return crop(load_packing(self.directory.path / "packing.h5"), self.case.cell)[0]

    @property
    def mesh(self) -> LabelledMesh:
        """The labelled mesh, read once."""
        if self._mesh is None:
            self._mesh = load_mesh(self.directory.path / "mesh.h5")
            if self.comm.size * FEW_CELLS_PER_RANK > len(self._mesh.cells):
                self.log.line(f"warning: {self.comm.size} ranks for {len(self._mesh.cells)} cells; fewer would do")
        return self._mesh

    def graph(self, lateral: str = "periodic") -> CellGraph:
        """Return the neighbours of the cells, found once per lateral condition."""
        if lateral not in self._graphs:
            periodic = self.mesh.periodic[:2] if lateral == "periodic" else (False, False)
            self._graphs[lateral] = CellGraph(self.mesh, periodic)
        return self._graphs[lateral]

    # --- solvers ------------------------------------------------------------------------------

    def run_conduction(self) -> None:
        """Solve every conduction problem of the case."""
        sections = conduction_sections(self.case, self.materials)
        self._stage("conduction", (), lambda: self._conduction_report(sections))

    def _conduction_report(self, sections: dict[str, ConductionSection]) -> dict[str, Any]:
        report = {}
        for k, (name, section) in enumerate(sections.items()):
            self.log.progress("conduction", k / len(sections), name)
            start = time.perf_counter()
            settings = conduction_settings(name, section, self.materials, self.mesh, self.folder)
            result = solve_conduction(self.mesh, settings, self.comm, self.graph(section.walls))
            bars = error_bars_of_run(result.summary, *shape_and_sample(self.case))
            failure = run_on(self.comm, 1, partial(self._failure, result.summary, settings, section.walls))
            seconds = round(time.perf_counter() - start, 3)
            report[name] = {**result.summary, **failure, "error_bars": bars, "seconds": seconds}
            self.log.line(f"conduction: {name}: {conduction_line(report[name])}")
            if self.case.output.fields:
                write_conduction_fields(name, result.fields, self.directory.path / "fields")
            if result.profile and self.comm.rank == 0:
                rows = [list(row) for row in zip(*result.profile.values(), strict=True)]
                _write_csv(self.directory.path / "curves" / f"conduction_{name}.csv", list(result.profile), rows)
        return report

    def _failure(self, summary: dict[str, Any], settings: ConductionSettings, lateral: str) -> dict[str, str]:
        return conduction_failure(self.mesh, self.graph(lateral), summary, settings.top_faces)

    def run_discharge(self) -> None:
        """Run the electrochemical steps of the case."""
        self._stage("discharge", ("curves/discharge.csv", "curves/overpotentials.csv"), self._discharge_report)
        if "discharge" in self.keys:
            run_on(self.comm, 1, lambda: remove_checkpoint(self.directory.path))

    def _discharge_report(self) -> dict[str, Any]:
        check_materials(phases_in(self.mesh), self.materials)
        stage = DischargeStage(
            self.case, self.materials, self.directory.path, self.keys["discharge"], self.comm, self.log
        )
        return stage.run(self.mesh, self.graph())

    # --- bookkeeping --------------------------------------------------------------------------

    def _stage(self, name: str, files: tuple[str, ...], compute: Callable[[], dict[str, Any]]) -> None:
        """Compute a stage that the case has, unless the directory holds it for the same inputs."""
        if name not in self.keys:
            return
        key = self.keys[name]
        done = run_on(self.comm, 1, lambda: self.directory.finished(name, key))
        if done is not None:
            self.log.line(f"{name}: finished before with the same inputs, not repeated")
            return
        run_on(self.comm, 1, lambda: self.directory.start(name, key))
        start = time.perf_counter()
        report = compute()
        seconds = time.perf_counter() - start
        ranks = self.comm.size
        run_on(self.comm, 1, lambda: self.directory.finish(name, key, report, seconds, ranks, files))
        self.log.line(f"{name}: done in {seconds:.1f} s")


def _mesh_line(mesh: LabelledMesh) -> str:
    """Say what resolution did: cells across the smallest bead, relabelled volume and lost beads per phase."""
    report = mesh.report
    text = f"{len(mesh.cells)} cells, {len(mesh.vertices)} vertices"
    if "cells_across_smallest_bead" in report:
        text += f", {report['cells_across_smallest_bead']:.2f} cells across the smallest bead"
    for key, label in (("relabelled_fraction", "relabelled"), ("lost_beads", "beads lost")):
        if key in report:
            text += f"; {label} " + ", ".join(f"{name} {value:.2g}" for name, value in report[key].items())
    return text


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def _write_csv(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
