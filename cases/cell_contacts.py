"""Case -> contact resistances and blocked necks, for the discharge and as defaults of conduction solves."""

from __future__ import annotations

from manufacturing.errors import InputError
from solver.cell_contacts import NECKS, CellContacts

from .schema import Case, LayersGeometry
from .schema_interfaces import ELECTRONIC_CONTACTS, IONIC_CONTACTS


def contact_resistances(case: Case, names: tuple[str, ...]) -> dict[str, float]:
    """Return the resistances above 0 of some interfaces by name [Ohm m2]."""
    given = {name: case.interfaces[name].resistance for name in names if name in case.interfaces}  # type: ignore[literal-required]
    return {name: value for name, value in given.items() if value > 0.0}


def cell_contacts(case: Case) -> CellContacts:
    """Return the contacts of the cell in charge and discharge."""
    return CellContacts(
        ionic=contact_resistances(case, IONIC_CONTACTS),
        electronic=contact_resistances(case, ELECTRONIC_CONTACTS),
        necks_blocked=_necks_blocked(case),
    )


def check_contacts(case: Case) -> None:
    """Refuse contacts between particles of a phase that the mesh will not separate.

    Raises:
        InputError: names the key.
    """
    for name, value in contact_resistances(case, ELECTRONIC_CONTACTS + IONIC_CONTACTS).items():
        check_planes(f'interfaces."{name}".resistance', name, f"{value:g} Ohm m2", case)
    if _necks_blocked(case):
        check_planes(f'interfaces."{NECKS}".lithium', NECKS, "blocked", case)


def check_planes(key: str, interface: str, found: object, case: Case) -> None:
    """Refuse an interface of a phase with itself without planes between its particles; slabs of layers have them.

    Raises:
        InputError: names the key.
    """
    first, second = interface.split("|")
    if first != second or isinstance(case.geometry, LayersGeometry) or first in case.mesh.contact_planes:
        return
    raise InputError(key, found, f'planes between particles, mesh.contact_planes = ["{first}"]')


def _necks_blocked(case: Case) -> bool:
    return "AM|AM" in case.interfaces and case.interfaces["AM|AM"].lithium == "blocked"
