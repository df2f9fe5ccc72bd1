"""The few exceptions that users meet: wrong input, and a run that failed in the middle."""

from __future__ import annotations


class GranodeError(Exception):
    """Base of every error that is shown to the user without a traceback."""


class InputError(GranodeError):
    """Input that cannot be used; names the field, what was found and what is expected.

    Args:
        field: key of the case file, path of a file or name of an option.
        found: the offending value.
        expected: what would be accepted.
    """

    def __init__(self, field: str, found: object, expected: str) -> None:
        self.field = field
        self.found = found
        self.expected = expected
        super().__init__(f"{field}: found {found}, expected {expected}")

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """Survive the way from another process: pickle would rebuild the error from its message alone."""
        return InputError, (self.field, str(self.found), self.expected)


class StageError(GranodeError):
    """A computation that failed although its input was valid; what was computed is kept."""
