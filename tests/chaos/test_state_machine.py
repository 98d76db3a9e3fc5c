"""Random sequences of a job's transitions on a fake clock: none violates a guarantee."""

import pytest

from tests.chaos.figures import Figures
from tests.chaos.sizes import Sizes
from tests.chaos.state_machine import run_steps

STEPS = 1_000_000


@pytest.mark.rare
def test_no_sequence_violates_a_guarantee(sizes: Sizes, figures: Figures) -> None:
    steps = min(sizes.choose(reduced=10_000, full=STEPS), STEPS)
    tally = run_steps(sizes.seed, steps)
    figures.jobs = tally["jobs ended"]
    figures.faults = sum(
        tally[what] for what in ("crash", "died before the commit", "stale write refused")
    )
    figures.notes["steps"] = tally["steps"]
    figures.passed = True
    # Each of these actions must have occurred.
    assert tally["steps"] >= steps
    for what in ("stale write refused", "change refused", "duplicate refused", "lost too often"):
        assert tally[what] > steps / 10_000, what
