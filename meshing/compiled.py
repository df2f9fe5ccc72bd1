"""Compilation of hot loops to machine code, typed so that the decorated functions keep their signatures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def _separate_cache_by_sources() -> None:
    """Give every state of this folder its own cache.

    numba watches only the file of the cached function, so code compiled with a function or a constant
    of another file would be used again after that file has changed.
    """
    if numba.config.CACHE_DIR:
        digest = hashlib.sha256()
        for source in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(source.read_bytes())
        numba.config.CACHE_DIR = str(Path(numba.config.CACHE_DIR) / f"meshing-{digest.hexdigest()[:12]}")


_separate_cache_by_sources()


def compiled(function: Function) -> Function:
    """Compile a function of numbers and arrays; the machine code is cached in ``NUMBA_CACHE_DIR``."""
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))


def implementation(generic: Callable[..., Any]) -> Callable[[Function], Function]:
    """Let a decorated function choose, by the types of the arguments, what compiled code runs for ``generic``."""

    def register(choose: Function) -> Function:
        choose.__annotations__.clear()  # numba compares the signature with that of the chosen function
        return cast(Function, numba.extending.overload(generic, jit_options={"error_model": "numpy"})(choose))

    return register
