"""How much a chaos suite does: little within `./run test`, as asked within `./run chaos`."""

import os
from dataclasses import dataclass
from typing import get_args

from tests.chaos.fleet import DatabaseKind

SEED_VARIABLE = "CHAOS_SEED"
KILLS_VARIABLE = "CHAOS_KILLS"
DATABASES_VARIABLE = "CHAOS_DATABASES"
SEED = 20_260


@dataclass(frozen=True)
class Sizes:
    """What `./run chaos` was asked for.

    Attributes:
        seed: all choices of a suite come from random.Random(seed).
        kills: of workers; other suites take their own share of it. None in `./run test`.
        databases: on which each suite runs; empty in `./run test`, where each has its own one.
    """

    seed: int
    kills: int | None
    databases: tuple[DatabaseKind, ...]

    @property
    def is_full(self) -> bool:
        """Whether this is `./run chaos`."""
        return self.kills is not None

    def choose(self, reduced: int, full: int) -> int:
        """A count that is `full` in a run of 200 kills, and in proportion in another one."""
        if self.kills is None:
            return reduced
        return max(reduced, round(full * self.kills / 200))


def find_sizes() -> Sizes:
    """The sizes that the environment asks for."""
    kills = os.environ.get(KILLS_VARIABLE)
    wanted = os.environ.get(DATABASES_VARIABLE, "").split(",")
    return Sizes(
        seed=int(os.environ.get(SEED_VARIABLE, SEED)),
        kills=None if kills is None else int(kills),
        databases=tuple(kind for kind in get_args(DatabaseKind) if kind in wanted),
    )
