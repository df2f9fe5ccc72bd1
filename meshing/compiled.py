"""Compilation of hot loops to machine code, typed so that the decorated functions keep their signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function of numbers and arrays; the machine code is cached in ``NUMBA_CACHE_DIR``."""
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))
