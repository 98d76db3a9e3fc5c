"""How often a training is checkpointed for its milestones, and how many of them are kept."""

import math
from dataclasses import dataclass

from store.jobs.milestones import count_milestones

# Shorter trainings are repeated from the start.
LEAST_SECONDS = 2.0
LEAST_INTERVAL = 1.0
# A checkpoint of 10 MB is stored in about 100 ms, 5 % of two seconds. The duration of the first one
# is not known when it is due; later ones are limited by the measured duration.
INTERVAL_PER_BYTE = 2e-7


@dataclass(frozen=True)
class Milestones:
    """The milestones of one training.

    Args:
        budget_bytes: maximum total size.
        state_bytes: size of one state.
    """

    budget_bytes: int
    state_bytes: int

    def count(self, training_seconds: float) -> int:
        """Return the maximum number of milestones after this duration of training."""
        if training_seconds < LEAST_SECONDS:
            return 0
        return count_milestones(self.budget_bytes, self.state_bytes)

    def interval(self, training_seconds: float) -> float:
        """Return the seconds between checkpoints of which milestones are chosen; maybe infinite."""
        count = self.count(training_seconds)
        if not count:
            return math.inf
        return max(LEAST_INTERVAL, training_seconds / count, self.state_bytes * INTERVAL_PER_BYTE)
