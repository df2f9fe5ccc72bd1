"""Labelled stacks from files: TIFF, NRRD and npy arrays of integers."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.errors import InputError

IntArray = npt.NDArray[np.int64]

NRRD_TYPES = {
    "int8": ("i1", "signed char", "int8_t"),
    "uint8": ("u1", "unsigned char", "uchar", "uint8_t"),
    "int16": ("i2", "short", "short int", "signed short", "int16_t"),
    "uint16": ("u2", "ushort", "unsigned short", "unsigned short int", "uint16_t"),
    "int32": ("i4", "int", "signed int", "int32_t"),
    "uint32": ("u4", "uint", "unsigned int", "uint32_t"),
    "int64": ("i8", "longlong", "long long", "long long int", "int64_t"),
    "uint64": ("u8", "ulonglong", "unsigned long long", "uint64_t"),
}


def read_labels(path: Path, axes: str) -> IntArray:
    """Read a stack of integer labels.

    Args:
        path: file ending in .tif, .tiff, .nrrd or .npy.
        axes: what the axes of the stored array are, such as "zyx" for a TIFF whose pages are layers in z
            (for NRRD files the fastest axis comes last here).

    Returns:
        Labels with axes x, y, z.

    Raises:
        InputError: unknown kind of file, unreadable file, no integers, not three axes.
    """
    readers = {".tif": _read_tiff, ".tiff": _read_tiff, ".nrrd": _read_nrrd, ".npy": _read_npy}
    if path.suffix.lower() not in readers:
        raise InputError(str(path), path.suffix or "no ending", f"a file ending in {', '.join(readers)}")
    try:
        labels = readers[path.suffix.lower()](path)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise InputError(str(path), f"an unreadable file ({error})", "a labelled stack") from error
    if labels.dtype.kind not in "iub":
        raise InputError(str(path), f"values of type {labels.dtype}", "integer labels")
    if labels.ndim != 3:
        raise InputError(str(path), f"an array of shape {labels.shape}", "three axes")
    return np.asarray(labels.transpose([axes.index(name) for name in "xyz"]), dtype=np.int64)


def _read_tiff(path: Path) -> npt.NDArray[Any]:
    import tifffile

    return np.asarray(tifffile.imread(path))


def _read_npy(path: Path) -> npt.NDArray[Any]:
    return np.asarray(np.load(path, allow_pickle=False))


def _read_nrrd(path: Path) -> npt.NDArray[Any]:
    """Read an NRRD file with attached header and raw or gzip encoding; the axes come in C order, the fastest last.

    Reference: Teem, Definition of the NRRD file format, https://teem.sourceforge.net/nrrd/format.html.
    """
    head, separator, body = path.read_bytes().replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
    lines = head.decode("ascii", "replace").splitlines()
    if not separator or not lines or not lines[0].startswith("NRRD"):
        raise ValueError("no NRRD header")
    fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line and not line.startswith("#"))
    if "data file" in fields or "datafile" in fields:
        raise ValueError("the header names another file for its data; attach it")
    kind = fields.get("type", "").strip()
    names = [name for name, aliases in NRRD_TYPES.items() if kind in (name, *aliases)]
    if not names:
        raise ValueError(f"type {kind or 'missing'}, expected one of {', '.join(NRRD_TYPES)}")
    encoding = fields.get("encoding", "missing").strip()
    if encoding not in ("raw", "gzip", "gz"):
        raise ValueError(f"encoding {encoding}, expected raw or gzip")
    dtype = np.dtype(names[0]).newbyteorder(">" if fields.get("endian", "little").strip() == "big" else "<")
    sizes = [int(n) for n in fields.get("sizes", "").split()]
    data = np.frombuffer(body if encoding == "raw" else gzip.decompress(body), dtype)
    if not sizes or len(data) != np.prod(sizes):
        raise ValueError(f"{len(data)} values, expected {' x '.join(map(str, sizes)) or 'sizes in the header'}")
    return data.reshape(sizes[::-1])
