"""Which LAMMPS commands make up the present set-up: what must be given again after a restart file was read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

# What a restart file holds, or what acts once on the state that it holds.
STATE = frozenset(
    {
        "atom_style", "boundary", "change_box", "create_atoms", "create_box", "delete_atoms", "dimension",
        "displace_atoms", "group", "newton", "read_data", "reset_timestep", "set", "units", "velocity",
    }
)  # fmt: skip
# Settings without a name of their own: the last one counts.
SETTINGS = frozenset({"comm_modify", "neigh_modify", "neighbor", "pair_style", "thermo", "thermo_style", "timestep"})
# Objects with a name, and how many words of the command make up their identity.
OBJECTS = {"compute": 2, "fix": 2, "pair_coeff": 4, "region": 2, "variable": 2}
ADDITIONS = frozenset({"compute_modify", "fix_modify", "pair_modify", "thermo_modify"})
REMOVALS = {"unfix": "fix", "uncompute": "compute"}


class LiveCommands:
    """The commands of a script that are in force, in an order in which LAMMPS takes them again."""

    def __init__(self) -> None:
        self._commands: dict[tuple[str, ...], str] = {}
        self._unknown: str = ""
        self._sum = 0

    @property
    def unknown(self) -> str:
        """The first command whose effect on a restart is not known; empty when there is none."""
        return self._unknown

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands.values())

    def has(self, kind: str, name: str) -> bool:
        """Return whether an object such as a fix of this name is defined."""
        return (kind, name) in self._commands

    def note(self, command: str) -> None:
        """Take account of a command that LAMMPS carries out."""
        self._sum = zlib.crc32(command.encode(), self._sum)
        words = tuple(command.split())
        keyword = words[0]
        if keyword == "pair_style":
            self._drop_coefficients()
        if keyword in REMOVALS:
            self._remove(REMOVALS[keyword], words[1])
        elif keyword == "region" and words[2] == "delete":
            self._remove("region", words[1])
        elif keyword == "variable" and words[2] == "delete":
            self._remove("variable", words[1])
        elif keyword in OBJECTS:
            self._commands[words[: OBJECTS[keyword]]] = command
        elif keyword in SETTINGS:
            # In the order of the last command of each: later settings may need earlier ones.
            self._commands.pop((keyword,), None)
            self._commands[(keyword,)] = command
        elif keyword in ADDITIONS:
            self._commands[words] = command
        elif keyword not in STATE:
            self._unknown = self._unknown or command

    def take_sum(self) -> str:
        """Return a check sum of the commands since the last call."""
        found, self._sum = self._sum, 0
        return f"{found:08x}"

    def peek_sum(self) -> str:
        """Return the check sum without starting a new one."""
        return f"{self._sum:08x}"

    def _remove(self, kind: str, name: str) -> None:
        self._commands.pop((kind, name), None)
        for words in [w for w in self._commands if w[0] == f"{kind}_modify" and w[1] == name]:
            del self._commands[words]

    def _drop_coefficients(self) -> None:
        for words in [w for w in self._commands if w[0] in {"pair_coeff", "pair_modify"}]:
            del self._commands[words]
