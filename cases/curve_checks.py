"""What the curves of a study need, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence

from manufacturing.errors import InputError

from .schema_curves import CurvesSection
from .study_points import StudyPoint


def check_curves(section: CurvesSection, points: Sequence[StudyPoint], seed_key: str, discharged: bool) -> None:
    """Refuse a key that is not swept, names that are not one per line, and points without a discharge.

    Args:
        section: what the study asks for.
        points: all of them.
        seed_key: key that the seeds set.
        discharged: whether every point has a discharge.

    Raises:
        InputError: names the key of the case file.
    """
    if not discharged:
        raise InputError("study.curves", "points without a discharge", "[discharge] or [protocol] at every point")
    if section.key and not any(section.key in point.values for point in points):
        raise InputError("study.curves.key", f"{section.key}, which is not swept", "a key of the sweep")
    sets = {repr(sorted((k, v) for k, v in point.values.items() if k != seed_key)) for point in points}
    if section.names and len(section.names) != len(sets):
        raise InputError(
            "study.curves.names", f"{len(section.names)} names", f"{len(sets)}, one for each set of values"
        )
