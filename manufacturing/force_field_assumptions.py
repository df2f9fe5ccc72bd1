"""Which numbers of a force field are not as printed, as assumptions that travel with every result."""

from __future__ import annotations

from .assumption import Assumption, kind_of
from .force_field import ForceField

NOTES = {
    "epsilon": "fJ/um per diameter, depth of the attraction",
    "sigma": "per diameter, zero of the attraction",
    "cutoff": "per diameter, cut-off of the attraction",
    "stiffness": "kPa, k_n",
    "damping": "1/(um us), gamma_n",
    "friction": "Coulomb coefficient",
}
UNFACTORED = "sigma_CBD"


def force_field_assumptions(
    stage: str, used: ForceField, printed: ForceField, fitted: ForceField
) -> tuple[Assumption, ...]:
    """Return every number that differs from print, and the one whose print had to be interpreted.

    Args:
        stage: name of the stage that uses the force field.
        used: force field of the stage.
        printed: its printed form.
        fitted: its calibrated form; other numbers were given by the user.
    """
    original, calibrated = _numbers(printed), _numbers(fitted)
    found = []
    for name, value in _numbers(used).items():
        kind = kind_of(value, original[name], calibrated[name])
        if kind != "printed":
            note = f"{NOTES[name.partition('_')[0]]}; printed {original[name]:g}"
            found.append(Assumption(f"{stage}.{name}", value, kind, note))
        elif name == UNFACTORED:
            note = "per diameter; Table S1 prints it without the factor d"
            found.append(Assumption(f"{stage}.{name}", value, "assumed", note))
    return tuple(found)


def _numbers(force_field: ForceField) -> dict[str, float]:
    """Return all numbers by name, such as `epsilon_AM` and `stiffness`."""
    laws = {
        f"{name}_{phase.name}": float(getattr(law, name))
        for phase, law in force_field.attraction.items()
        for name in ("epsilon", "sigma", "cutoff")
    }
    return laws | {name: float(getattr(force_field.contact, name)) for name in ("stiffness", "damping", "friction")}
