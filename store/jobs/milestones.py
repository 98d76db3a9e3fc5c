"""Milestones: earlier checkpoints that are kept, so that every step of a job can be reached."""

from collections.abc import Iterable

MAX_MILESTONES = 16


def count_milestones(budget_bytes: int, state_bytes: int) -> int:
    """Return how many states of this size are kept within a budget; at most MAX_MILESTONES."""
    return min(MAX_MILESTONES, budget_bytes // max(state_bytes, 1))


def choose_milestones(steps: Iterable[int], most: int) -> frozenset[int]:
    """Return which of the checkpoints after these steps are kept as milestones.

    For the smallest m for which the steps are in at most `most` buckets ⌊s / 2^m⌋, the first step
    of each bucket. As a job goes on, m grows, and every second milestone is given up. The choice
    depends on the steps alone, and choosing among the chosen changes nothing.

    Args:
        steps: steps of the candidates.
        most: maximum number of milestones.
    """
    ascending = sorted(steps)
    if most < 1:
        return frozenset()
    shift = 0
    while len(chosen := _first_per_bucket(ascending, shift)) > most:
        shift += 1
    return frozenset(chosen)


def _first_per_bucket(ascending: list[int], shift: int) -> list[int]:
    buckets: dict[int, int] = {}
    for step in ascending:
        buckets.setdefault(step >> shift, step)
    return list(buckets.values())
