"""A conduction solve in words."""

from __future__ import annotations

from typing import Any

from solver.conduction_summary import unit_suffix


def effective_conductivity(summary: dict[str, Any]) -> float:
    """Return sigma_eff of a solve's summary, or of one of its directions, in the summary's own unit."""
    return float(summary[f"effective_conductivity_{unit_suffix(summary['unit'])}"])


def conduction_line(summary: dict[str, Any]) -> str:
    """Say sigma_eff of each direction, and the tortuosity factor where there is one."""
    suffix, parts = unit_suffix(summary["unit"]), []
    for direction, found in summary["by_direction"].items():
        if not found["percolates"]:
            failure = summary.get("failure", "") if direction == "z" else ""
            parts.append(f"{direction}: {failure or 'does not percolate'}")
            continue
        text = f"{direction}: {found[f'effective_conductivity_{suffix}']:.6g} {summary['unit']}"
        if found["tortuosity_factor"] is not None:
            text += f", tortuosity factor {found['tortuosity_factor']:.4f}"
        if "bounds" in found:
            bounds = found["bounds"][f"effective_conductivity_{suffix}"]
            text += f", exact on this mesh {bounds['lower']:.6g} to {bounds['upper']:.6g}"
        parts.append(f"{text}, {found['unknowns']} unknowns, {found['iterations']} iterations")
    return "; ".join(parts)
