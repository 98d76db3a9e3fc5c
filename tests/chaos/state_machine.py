"""Run of the jobs' state machine for a number of steps: seeded, in rounds to bound memory.

python -m tests.chaos.state_machine --seed 7 --steps 1000000
"""

import argparse
import sys
import time
from collections import Counter

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.chaos.sizes import SEED
from tests.store.jobs.state_machine import LifecycleMachine
from tests.store.jobs.state_world import World

STEPS_PER_LIFE = 100
LIVES_PER_ROUND = 50


def run_steps(start: int, steps: int, *, is_shrunk: bool = True) -> Counter[str]:
    """Run at least `steps` steps and count the actions. Raises AssertionError.

    Args:
        start: seed of the first round; each round has its own.
        steps: minimum number of steps.
        is_shrunk: whether to search for the shortest failing sequence.
    """
    tally: Counter[str] = Counter()
    world = World()
    try:
        while tally["steps"] < steps:
            lives = min(LIVES_PER_ROUND, -(-(steps - tally["steps"]) // STEPS_PER_LIFE))
            _run_round(world, tally, f"{start} {tally['rounds']}", lives, is_shrunk=is_shrunk)
            tally["rounds"] += 1
    finally:
        world.close()
    return tally


def _run_round(
    world: World, tally: Counter[str], name: str, lives: int, *, is_shrunk: bool
) -> None:
    def machine() -> RuleBasedStateMachine:
        return LifecycleMachine(world, tally)

    run_state_machine_as_test(
        seed(name)(machine),  # type: ignore[arg-type]
        settings=settings(
            max_examples=lives,
            stateful_step_count=STEPS_PER_LIFE,
            phases=[Phase.generate, *([Phase.shrink] if is_shrunk else [])],
            suppress_health_check=list(HealthCheck),
            deadline=None,
            derandomize=False,
            database=None,
            report_multiple_bugs=False,
        ),
    )


def main(arguments: list[str]) -> int:
    """Run the steps and print the counts of all actions."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.state_machine")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--steps", type=int, default=1_000_000)
    wanted = parser.parse_args(arguments)
    started = time.monotonic()
    tally = run_steps(wanted.seed, wanted.steps)
    seconds = time.monotonic() - started
    for what, count in tally.most_common():
        print(f"{count:>10,} {what}")  # noqa: T201
    print(f"seed {wanted.seed}: {seconds:.1f} s, {tally['steps'] / seconds:.0f} steps/s")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
