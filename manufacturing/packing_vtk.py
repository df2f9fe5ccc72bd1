"""Packings as points with radius, phase and id for ParaView: VTK XML (.vtp) and legacy (.vtk) files."""

from __future__ import annotations

import base64
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .packing import Packing
from .text_file import exact, read_lines, write_bytes, write_lines

Array = npt.NDArray[Any]  # floating or whole numbers

XML_TYPES = {"Float64": "<f8", "Float32": "<f4", "Int64": "<i8", "Int32": "<i4", "UInt8": "<u1"}
HEADER_TYPES = {"UInt64": "<Q", "UInt32": "<I"}
LEGACY_TYPES = {"double": np.float64, "float": np.float64, "int": np.int64, "long": np.int64, "vtktypeint64": np.int64}
NEEDED = ("points", "radius", "phase", "id", "lower", "upper", "periodic")


def write_vtp(packing: Packing, path: Path) -> None:
    """Write a VTK XML PolyData file in metres; in ParaView: filter Glyph, sphere, scaled by ``diameter``.

    Point data are radius, diameter, phase and id, the box is field data; provenance is not kept.
    """
    count = len(packing.radii)
    root = ElementTree.Element("VTKFile", type="PolyData", version="1.0", byte_order="LittleEndian")
    root.set("header_type", "UInt64")
    data = ElementTree.SubElement(root, "PolyData")
    fields = ElementTree.SubElement(data, "FieldData")
    for name, values in _field_data(packing).items():
        _xml_array(fields, name, values, {"NumberOfTuples": str(len(values))})
    piece = ElementTree.SubElement(data, "Piece", NumberOfPoints=str(count), NumberOfVerts=str(count))
    points = ElementTree.SubElement(piece, "Points")
    _xml_array(points, "Points", packing.centres, {"NumberOfComponents": "3"})
    verts = ElementTree.SubElement(piece, "Verts")
    _xml_array(verts, "connectivity", np.arange(count, dtype=np.int64), {})
    _xml_array(verts, "offsets", np.arange(1, count + 1, dtype=np.int64), {})
    point_data = ElementTree.SubElement(piece, "PointData", Scalars="radius")
    for name, column in _point_data(packing).items():
        _xml_array(point_data, name, column, {})
    write_bytes(path, b'<?xml version="1.0"?>\n' + ElementTree.tostring(root))


def write_vtk(packing: Packing, path: Path) -> None:
    """Write a legacy VTK file as text, with the content of :func:`write_vtp`."""
    count = len(packing.radii)
    lines = ["# vtk DataFile Version 3.0", "granode packing", "ASCII", "DATASET POLYDATA"]
    fields = _field_data(packing)
    lines.append(f"FIELD FieldData {len(fields)}")
    for name, values in fields.items():
        lines += [f"{name} 1 {len(values)} {_legacy_type(values)}", _words(values)]
    lines.append(f"POINTS {count} double")
    lines += [exact(centre) for centre in packing.centres]
    lines.append(f"VERTICES {count} {2 * count}")
    lines += [f"1 {index}" for index in range(count)]
    lines.append(f"POINT_DATA {count}")
    columns = _point_data(packing)
    lines.append(f"FIELD FieldData {len(columns)}")
    for name, values in columns.items():
        lines += [f"{name} 1 {count} {_legacy_type(values)}", _words(values)]
    write_lines(path, lines)


def read_vtp(path: Path) -> Packing:
    """Read a packing written by :func:`write_vtp`; arrays may be text or base64, not compressed or appended.

    Raises:
        InputError: the file is unreadable or truncated, or an array is missing.
    """
    try:
        root = ElementTree.parse(path).getroot()
        header = HEADER_TYPES[root.get("header_type", "UInt32")]
        if root.get("compressor") and any(a.get("format") != "ascii" for a in root.iter("DataArray")):
            raise InputError(str(path), "compressed arrays", "arrays as text or base64 without compression")
        arrays = {(a.get("Name") or "").lower(): _xml_values(path, a, header) for a in root.iter("DataArray")}
    except (OSError, KeyError, ElementTree.ParseError) as error:
        raise InputError(str(path), f"an unreadable file ({error})", "a VTK XML PolyData file") from error
    return _packing(path, arrays)


def read_vtk(path: Path) -> Packing:
    """Read a packing written by :func:`write_vtk`.

    Raises:
        InputError: the file is unreadable or truncated, or an array is missing.
    """
    lines = read_lines(path, "a legacy VTK file")
    if len(lines) < 4 or not lines[0].startswith("# vtk") or lines[3].split() != ["DATASET", "POLYDATA"]:
        raise InputError(str(path), lines[0][:60] if lines else "an empty file", "legacy VTK PolyData as text")
    arrays: dict[str, Array] = {}
    words = " ".join(lines[4:]).split()
    position = 0
    try:
        while position < len(words):
            position = _legacy_item(words, position, arrays)
    except (IndexError, ValueError, KeyError) as error:
        found = f"a truncated or damaged file (near {' '.join(words[position : position + 4])!r}: {error})"
        raise InputError(str(path), found, "legacy VTK PolyData as text") from error
    return _packing(path, arrays)


def _field_data(packing: Packing) -> dict[str, Array]:
    flags = np.array(packing.periodic, dtype=np.int64)
    return {"lower": packing.lower, "upper": packing.upper, "periodic": flags}


def _point_data(packing: Packing) -> dict[str, Array]:
    radii = packing.radii
    return {"radius": radii, "diameter": 2.0 * radii, "phase": packing.phases, "id": packing.particle_ids}


def _packing(path: Path, arrays: dict[str, Array]) -> Packing:
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        raise InputError(f"{path} arrays", sorted(arrays), f"also {', '.join(missing)}")
    centres = arrays["points"].astype(np.float64).reshape(-1, 3)
    radii = arrays["radius"].astype(np.float64)
    if len(radii) != len(centres):
        raise InputError(f"{path} radius", f"{len(radii)} values", f"{len(centres)}, one for each point")
    x, y, z = (bool(flag) for flag in arrays["periodic"])
    phases, ids = arrays["phase"].astype(np.int64), arrays["id"].astype(np.int64)
    lower, upper = arrays["lower"].astype(np.float64), arrays["upper"].astype(np.float64)
    return Packing(centres, radii, phases, ids, lower, upper, (x, y, z), {"source": "vtk", "file": path.name})


def _xml_array(parent: ElementTree.Element, name: str, values: Array, attributes: dict[str, str]) -> None:
    """Add a base64 array: its length in bytes as an 8-byte integer, then the numbers."""
    kind = "Float64" if values.dtype.kind == "f" else "Int64"
    content = np.ascontiguousarray(values, dtype=XML_TYPES[kind]).tobytes()
    array = ElementTree.SubElement(parent, "DataArray", type=kind, Name=name, format="binary", attrib=attributes)
    array.text = base64.b64encode(struct.pack("<Q", len(content)) + content).decode("ascii")


def _xml_values(path: Path, array: ElementTree.Element, header: str) -> Array:
    """Return the numbers of an array written as text or base64."""
    where, kind = f"{path} array {array.get('Name')}", XML_TYPES.get(array.get("type", ""))
    if kind is None or array.get("format") not in ("ascii", "binary"):
        found = f"{array.get('type')}, {array.get('format')}"
        raise InputError(where, found, f"one of {', '.join(XML_TYPES)} as text or base64")
    try:
        if array.get("format") == "ascii":
            return np.array((array.text or "").split(), dtype=kind)
        content = base64.b64decode((array.text or "").strip())
        start = struct.calcsize(header)
        (length,) = struct.unpack(header, content[:start])
        if len(content) < start + length:
            raise ValueError(f"{len(content) - start} of {length} bytes")
        return np.frombuffer(content[start : start + length], dtype=kind)
    except (ValueError, struct.error) as error:
        raise InputError(where, f"truncated or damaged numbers ({error})", "numbers") from error


def _legacy_item(words: list[str], position: int, arrays: dict[str, Array]) -> int:
    """Take in the item at a position, return the position after it."""
    item = words[position]
    if item == "POINTS":
        count = 3 * int(words[position + 1])
        arrays["points"] = _numbers(words, position + 3, count, words[position + 2])
        return position + 3 + count
    if item == "VERTICES":
        return position + 3 + int(words[position + 2])
    if item == "POINT_DATA":
        return position + 2
    if item == "METADATA":
        raise ValueError("metadata of newer VTK versions")
    if item != "FIELD":
        raise ValueError(f"unknown item {item}")
    number, position = int(words[position + 2]), position + 3
    for _ in range(number):
        count = int(words[position + 1]) * int(words[position + 2])
        arrays[words[position].lower()] = _numbers(words, position + 4, count, words[position + 3])
        position += 4 + count
    return position


def _numbers(words: list[str], start: int, count: int, kind: str) -> Array:
    found = words[start : start + count]
    if len(found) < count:
        raise ValueError(f"{len(found)} of {count} numbers")
    return np.array(found, dtype=LEGACY_TYPES[kind.lower()])


def _legacy_type(values: Array) -> str:
    return "double" if values.dtype.kind == "f" else "vtktypeint64"


def _words(values: Array) -> str:
    return exact(values) if values.dtype.kind == "f" else " ".join(str(int(value)) for value in values)
