"""A job's life under chance, on a clock that stands still: no sequence breaks a promise."""

from tests.chaos.figures import Figures
from tests.chaos.sizes import Sizes
from tests.chaos.state_machine import run_steps

STEPS = 1_000_000


def test_no_sequence_breaks_a_promise(sizes: Sizes, figures: Figures) -> None:
    steps = min(sizes.choose(reduced=10_000, full=STEPS), STEPS)
    tally = run_steps(sizes.seed, steps)
    figures.jobs = tally["jobs ended"]
    figures.faults = sum(
        tally[what] for what in ("crash", "died before the commit", "stale write refused")
    )
    figures.notes["steps"] = tally["steps"]
    figures.passed = True
    # Nothing of it may go missing unseen.
    assert tally["steps"] >= steps
    for what in ("stale write refused", "change refused", "duplicate refused", "buried"):
        assert tally[what] > steps / 10_000, what
