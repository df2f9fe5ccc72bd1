"""Contacts of particles as the facets of a mesh have them.

Seen to fail with: contacts through walls left out, areas of zigzag necks added up, particles of different phases with
one id taken for one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from manufacturing.phases import Phase
from solver.particle_network import particle_network
from tests.unit.box_mesh import UM, box_of, boxes

AM, SE, VOID = int(Phase.AM), int(Phase.SE), int(Phase.void)


def test_contacts_coordination_and_networks_of_a_row() -> None:
    """SE 0, SE 1, AM 1, void, SE 2 along x; SE 2 and SE 0 meet through the wall."""
    phases = np.full((6, 3, 3), VOID)
    phases[[0, 1, 2, 4, 5], 1, 1] = SE, SE, AM, SE, SE
    mesh = boxes(phases)
    ids = np.array([0, 1, 1, -1, 2, 2])[box_of(mesh)[:, 0]]
    ids[mesh.phases == VOID] = -1
    network = particle_network(replace(mesh, particle_ids=ids))
    assert sorted(zip(network.phases, network.ids, strict=True)) == [(AM, 1), (SE, 0), (SE, 1), (SE, 2)]
    figures = network.contact_figures()
    assert figures["SE|SE"] == pytest.approx({"contacts": 2, "total_area_m2": 2 * UM**2, "mean_area_m2": UM**2})
    assert figures["AM|SE"]["contacts"] == 1
    assert network.coordination_figures() == pytest.approx({"AM-AM": 0.0, "AM-SE": 1.0, "SE-AM": 1 / 3, "SE-SE": 4 / 3})
    phase = network.phase_figures(Phase.SE)
    assert (phase["nodes"], phase["throats"], phase["clusters"]) == (3, 2, 1)
    assert phase["coordination_histogram"] == [0, 2, 1]
    assert network.phase_figures(Phase.AM)["isolated_nodes"] == 1


def test_a_zigzag_neck_has_the_area_of_its_outline() -> None:
    """Particles that mesh like teeth: within a phase the plane area counts, between phases the surface."""
    for second, area in ((SE, 2.0), (AM, 4.0)):
        phases = np.full((5, 3, 4), VOID)
        phases[1:4, 1, 1:3] = SE
        phases[1, 1, 2] = phases[3, 1, 2] = phases[2, 1, 2] = second
        phases[2, 1, 1] = second
        mesh = boxes(phases)
        at = box_of(mesh)
        upper = (at[:, 2] == 2) | ((at[:, 0] == 2) & (at[:, 2] == 1))
        ids = np.where(mesh.phases == VOID, -1, upper.astype(int))
        network = particle_network(replace(mesh, particle_ids=ids))
        assert network.area == pytest.approx([area * UM**2])
