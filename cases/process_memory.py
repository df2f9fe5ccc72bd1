"""How much memory a process needed."""

from __future__ import annotations

from pathlib import Path

GIGABYTE = 1024.0**3


def peak_memory() -> float:
    """Return the largest resident memory of this process [GB]; getrusage tells the parent's where that is larger."""
    status = Path("/proc/self/status").read_text()
    return float(status.split("VmHWM:")[1].split()[0]) * 1024.0 / GIGABYTE
