"""A worker's processes killed under `backpropd up`: how long the jobs wait for their rescue.

Every kill takes all children, their parent, or both: with configured leases of 2 s and by default.
"""

import random
import time

import pytest

from store.settings import Settings
from tests.chaos.conftest import Begin
from tests.chaos.figures import Figures
from tests.chaos.rescues import JOBS, TARGETS, Rescues, Target
from tests.chaos.sizes import Sizes, find_sizes
from tests.chaos.witness import list_violations

pytestmark = pytest.mark.rare

# The promise of docs/reliability.md, from the kill to the claim.
CONFIGURED_SECONDS = 4.0
DEFAULT_SECONDS = 30.0
TIMES = ("lease_seconds", "heartbeat_seconds", "sweep_seconds", "redispatch_seconds")
DEFAULTS = {name: Settings.model_fields[name].default for name in TIMES}


@pytest.mark.parametrize("target", TARGETS)
def test_rescues_with_configured_leases(
    begin: Begin, sizes: Sizes, rng: random.Random, figures: Figures, target: Target
) -> None:
    with begin() as run:
        rescue = Rescues(run)
        measure(rescue, target, sizes.choose(2, 200 // JOBS), rng, figures)
        conclude(rescue, CONFIGURED_SECONDS, sizes, figures)


# One kill takes half a minute: `./run test --all` kills the parent only.
@pytest.mark.parametrize("target", TARGETS if find_sizes().is_full else ("parent",))
def test_rescues_by_default(
    begin: Begin, sizes: Sizes, rng: random.Random, figures: Figures, target: Target
) -> None:
    with begin(**DEFAULTS) as run:
        rescue = Rescues(run)
        measure(rescue, target, sizes.choose(1, 60 // JOBS), rng, figures)
        conclude(rescue, DEFAULT_SECONDS, sizes, figures)


def measure(
    rescue: Rescues, target: Target, kills: int, rng: random.Random, figures: Figures
) -> None:
    """Kill at random moments between two renewals of the lease."""
    rescue.start()
    for _ in range(kills):
        time.sleep(rng.uniform(0, rescue.run.fleet.settings.heartbeat_seconds))
        rescue.kill(target)
        figures.faults += 1


def conclude(rescue: Rescues, promised: float, sizes: Sizes, figures: Figures) -> None:
    """Record the times; in `./run chaos`, on a machine of its own, all must be as promised."""
    seconds = sorted(rescue.seconds)
    figures.jobs = JOBS
    figures.longest_orphan_seconds = seconds[-1]
    late = sum(waited >= promised for waited in seconds)
    figures.notes["kill to claim"] = (
        f"{len(seconds)} orphans, median {seconds[len(seconds) // 2]:.1f} s, "
        f"longest {seconds[-1]:.1f} s, {late} later than {promised:g} s"
    )
    # The name of the worker of `up` is random, so its connections cannot carry it.
    found = list_violations(rescue.run.fleet.database)
    figures.complaints += [one for one in found if not one.startswith("not held")]
    if sizes.is_full and late:
        figures.complaints.append(f"{late} of {len(seconds)} rescues took {promised:g} s or more")
    assert not figures.complaints, figures.complaints
