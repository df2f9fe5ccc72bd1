"""A description in XDMF of the HDF5 file of a labelled mesh, so that others read it in place.

DOLFINx reads the grid ``mesh`` with ``read_mesh`` and the grids ``phases``, ``particle_ids`` and
``facet_tags`` with ``read_meshtags``, every rank its own slice of the arrays; ParaView opens the same
file. The integers are those of the HDF5 file; ``read_information`` returns their names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import h5py

from manufacturing.errors import InputError

from .labelled_mesh import FORMAT


def write_xdmf(mesh_file: Path) -> Path:
    """Write the XDMF file that belongs to a saved labelled mesh, beside it; return its path.

    Raises:
        InputError: the mesh file cannot be read.
    """
    root = ElementTree.Element("Xdmf", Version="3.0")
    domain = ElementTree.SubElement(root, "Domain")
    try:
        with h5py.File(mesh_file, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise InputError(str(mesh_file), file.attrs.get("format"), f"a file of format {FORMAT}")
            phases, facets = json.loads(file.attrs["phase_names"]), json.loads(file.attrs["facet_names"])
            _add_grid(domain, "mesh", file, "cells", "Tetrahedron")
            for values in ("phases", "particle_ids"):
                _add_values(_add_grid(domain, values, file, "cells", "Tetrahedron"), file, values)
            _add_values(_add_grid(domain, "facet_tags", file, "facets", "Triangle"), file, "facet_tags")
    except (OSError, KeyError) as error:
        found = f"an unreadable file ({error})"
        raise InputError(str(mesh_file), found, f"an HDF5 file of format {FORMAT}") from error
    for name, table in (("phases", phases), ("facet_tags", {name: tag for tag, name in enumerate(facets)})):
        ElementTree.SubElement(domain, "Information", Name=name, Value=json.dumps(table))
    ElementTree.indent(root)
    path = mesh_file.with_suffix(".xdmf")
    partial = path.with_name(path.name + ".partial")
    ElementTree.ElementTree(root).write(partial, encoding="utf-8", xml_declaration=True)
    os.replace(partial, path)
    return path


def _add_grid(domain: ElementTree.Element, name: str, file: h5py.File, cells: str, shape: str) -> ElementTree.Element:
    grid = ElementTree.SubElement(domain, "Grid", Name=name, GridType="Uniform")
    count, corners = (str(n) for n in file[cells].shape)
    _add_data(
        ElementTree.SubElement(grid, "Topology", TopologyType=shape, NumberOfElements=count, NodesPerElement=corners),
        file,
        cells,
    )
    _add_data(ElementTree.SubElement(grid, "Geometry", GeometryType="XYZ"), file, "vertices")
    return grid


def _add_values(grid: ElementTree.Element, file: h5py.File, name: str) -> None:
    """Add integers on cells; DOLFINx reads the first such entry of a grid."""
    _add_data(ElementTree.SubElement(grid, "Attribute", Name=name, AttributeType="Scalar", Center="Cell"), file, name)


def _add_data(parent: ElementTree.Element, file: h5py.File, name: str) -> None:
    data = file[name]
    kind = "Float" if data.dtype.kind == "f" else "Int"
    item = ElementTree.SubElement(
        parent,
        "DataItem",
        Dimensions=" ".join(str(n) for n in data.shape),
        NumberType=kind,
        Precision=str(data.dtype.itemsize),
        Format="HDF",
    )
    item.text = f"{Path(file.filename).name}:/{name}"
