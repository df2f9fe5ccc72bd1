"""One self-contained HTML page per run: key numbers, warnings, plots, all figures, materials with sources, the case."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from .figure_units import figure_unit

Json = dict[str, Any]

REPORT = "report.html"
KEY_FIGURES = {
    "electrode.loading_mg_cm2": "loading",
    "electrode.thickness_um": "electrode thickness",
    "electrode.density_g_cm3": "electrode density",
    "meshing.cells": "cells of the mesh",
    "meshing.volume_fraction.AM": "volume fraction of AM",
    "meshing.volume_fraction.SE": "volume fraction of SE",
    "meshing.volume_fraction.CBD": "volume fraction of CBD",
    "meshing.volume_fraction.void": "volume fraction of pores",
    "conduction.electronic_z.effective_conductivity_S_m": "effective electronic conductivity",
    "conduction.ionic_z.effective_conductivity_S_m": "effective ionic conductivity",
    "conduction.ionic_z.tortuosity_factor": "tortuosity factor of ionic conduction",
    "discharge.active_fraction.AM": "active part of AM",
    "discharge.capacity_mAh_g": "capacity per gram of AM",
    "discharge.capacity_mAh_cm2": "capacity per area",
    "discharge.energy_mWh_cm2": "energy per area",
    "discharge.energy_mWh_g": "energy per gram of AM",
    "discharge.mean_voltage_V": "mean voltage",
    "discharge.utilisation": "utilisation",
    "discharge.final_voltage_V": "last voltage",
    "discharge.end_reason": "ended on",
    "discharge.inactive_by_reason.no_electronic_contact.AM_volume_fraction": "AM without electronic contact",
    "discharge.inactive_by_reason.no_ionic_contact.AM_volume_fraction": "AM without ionic contact",
    "discharge.irreversible_heat_J_m2": "irreversible heat",
    "discharge.reversible_heat_J_m2": "reversible heat",
}
BALANCES = {
    "discharge.charge_balance_error": "charge, largest relative error",
    "discharge.lithium_balance_error": "lithium, largest relative error",
    "discharge.overpotential_residual_V": "overpotentials against voltage, largest difference",
}
STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 0.5em 0 1em; } td, th { padding: 2px 10px; border-bottom: 1px solid #ddd;
text-align: left; vertical-align: top; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 100%; } figure { margin: 1em 0; } figcaption { color: #666; } pre { background: #f6f6f6; padding: 1em;
overflow-x: auto; } .warning { color: #a33; } summary { cursor: pointer; font-weight: bold; }
"""


def write_html_report(out: Path) -> Path:
    """Write ``report.html`` of a run directory from its own files and return the path.

    Args:
        out: directory of the run, with ``manifest.json`` and ``summary.json``.
    """
    manifest, summary = _read(out / "manifest.json"), _read(out / "summary.json")
    case = manifest.get("case", {})
    title = str(case.get("title") or out.name)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>Written {escape(str(manifest.get('written', '')))} by Granode {_version(manifest)}.</p>",
        *_warnings(out, manifest),
        *_section("Key numbers", _figures(summary, KEY_FIGURES)),
        *_section("Balances", _figures(summary, BALANCES)),
        *_pictures(out),
        *_details("Every number", _every_number(summary)),
        *_details("Materials and their sources", _materials(manifest.get("materials", {}))),
        *_details("Assumptions", _assumptions(manifest)),
        *_details("Case", f"<pre>{escape(json.dumps(case, indent=2))}</pre>"),
        *_details("Versions and times", _versions(manifest)),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    body = "\n".join(parts)
    page = f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'
    path = out / REPORT
    partial = path.with_name(REPORT + ".partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(path)
    return path


def leaves(data: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of nested data with its dotted name; entries of lists are [k]."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(data, list):
        for k, value in enumerate(data):
            yield from leaves(value, f"{name}[{k}]")
    else:
        yield name, data


def _read(path: Path) -> Json:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _version(manifest: Json) -> str:
    return escape(str(manifest.get("versions", {}).get("granode", "")))


def _warnings(out: Path, manifest: Json) -> list[str]:
    """Return what the log warned of and which stages failed."""
    log = out / "log.txt"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    found = [line for line in lines if "warning:" in line]
    failed = ", ".join(manifest.get("failed", []))
    found += [f"failed: {failed}"] if failed else []
    items = "".join(f'<li class="warning">{escape(line)}</li>' for line in dict.fromkeys(found))
    return ["<h2>Warnings</h2>", f"<ul>{items}</ul>" if items else "<p>none</p>"]


def _section(title: str, rows: list[tuple[str, str, str]]) -> list[str]:
    return [f"<h2>{escape(title)}</h2>", _table(rows)] if rows else []


def _figures(summary: Json, wanted: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return label, value and unit of those figures that the run has."""
    known = dict(leaves(summary))
    return [
        (label, _short(known[name]), figure_unit(name)) for name, label in wanted.items() if known.get(name) is not None
    ]


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _table(rows: list[tuple[str, str, str]]) -> str:
    cells = (
        f'<tr><td>{escape(label)}</td><td class="number">{escape(value)}</td><td>{escape(unit)}</td></tr>'
        for label, value, unit in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _pictures(out: Path) -> list[str]:
    """Return every plot of the run inside the page."""
    parts = []
    for path in sorted((out / "plots").glob("*.png")):
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        name = escape(path.stem.replace("_", " "))
        image = f'<img alt="{name}" src="data:image/png;base64,{data}">'
        parts.append(f"<figure>{image}<figcaption>{name}</figcaption></figure>")
    return ["<h2>Plots</h2>", *parts] if parts else []


def _details(title: str, content: str) -> list[str]:
    return [f"<details><summary>{escape(title)}</summary>{content}</details>"] if content else []


def _every_number(summary: Json) -> str:
    """Return the summary in full, numbers with all their digits."""
    rows = [(name, json.dumps(value, ensure_ascii=False), figure_unit(name)) for name, value in leaves(summary)]
    return _table(rows) if rows else ""


def _materials(materials: Json) -> str:
    """Return each property of each material with its unit and source."""
    rows = []
    for domain, entry in materials.items():
        for name, value in entry.items():
            if isinstance(value, dict) and "source" in value:
                shown = value.get("value", value.get("expression", "table"))
                cells = (domain, entry.get("name", ""), name, _short(shown), value.get("unit", ""), value["source"])
                rows.append("".join(f"<td>{escape(str(cell))}</td>" for cell in cells))
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>" if rows else ""


def _assumptions(manifest: Json) -> str:
    items = "".join(f"<li>{escape(_text(entry))}</li>" for entry in manifest.get("assumptions", []))
    return f"<ul>{items}</ul>" if items else ""


def _text(entry: Any) -> str:
    return entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)


def _versions(manifest: Json) -> str:
    rows = [(name, str(version), "") for name, version in manifest.get("versions", {}).items()]
    for stage, record in manifest.get("stages", {}).items():
        rows.append((f"{stage}, {record['ranks']} ranks", f"{record['seconds']:.1f}", "s"))
    return _table(rows) if rows else ""
