"""Workers killed at random with SIGKILL: a child, the parent, or the whole process group.

The jobs are trainings and, as many, jobs of the tests' own kind of work. Some trainings that have
ended are replayed meanwhile.
"""

import random
import signal
import time
from dataclasses import dataclass, field

from tests.chaos.campaign import Campaign
from tests.chaos.conftest import Begin
from tests.chaos.figures import Figures
from tests.chaos.processes import Process
from tests.chaos.sizes import Sizes
from tests.chaos.work import COUNTS, WORKS

REDUCED_DATABASE = "postgresql"
IN_FLIGHT = 4
REDUCED_KILLS = 6
KILLS_PER_CANCEL = 10
KILLS_PER_REPLAY = 3
APP = "tests.work.app:app"


@dataclass
class Victim:
    """A worker slot whose current worker is killed repeatedly."""

    run: Campaign
    place: str
    lives: int = 0
    claims: set[int] = field(default_factory=set)

    def start(self) -> None:
        """Start the next worker, as a supervisor does, with a new name."""
        self.lives += 1
        self.process: Process = self.run.fleet.start_worker(f"{self.place}{self.lives}", app=APP)

    def kill(self, how: str) -> None:
        """Kill the worker; children that outlive their parent are not killed."""
        match how:
            case "child":
                for pid in self.process.children()[:1]:
                    self.process.send(signal.SIGKILL, pid)
            case "parent":
                self.process.kill()
            case _:
                self.process.kill_group()
        if how != "child":
            self.start()


def choose_ways(rng: random.Random, kills: int) -> list[str]:
    """Return the kinds of kills: mostly children, because restarting a parent takes seconds."""
    ways = ["child"] * (kills * 3 // 5) + ["parent"] * (kills // 5)
    ways += ["group"] * (kills - len(ways))
    rng.shuffle(ways)
    return ways


def test_workers_killed_at_random(
    begin: Begin,
    sizes: Sizes,
    rng: random.Random,
    figures: Figures,
) -> None:
    kills = sizes.kills or REDUCED_KILLS
    with begin() as run:
        run.works = (*WORKS, *COUNTS, *COUNTS)
        run.fleet.start_api()
        victims = [Victim(run, place) for place in "ab"]
        for victim in victims:
            victim.start()
        for number, how in enumerate(choose_ways(rng, kills)):
            victim = rng.choice(victims)
            delay = rng.uniform(0, 0.5)
            if number % KILLS_PER_CANCEL == KILLS_PER_CANCEL // 2:
                run.cancel_any(rng)
            if number % KILLS_PER_REPLAY == KILLS_PER_REPLAY - 1:
                run.replay_any(rng)
            run.wait_until_claimed(victim.process.name, victim.claims, IN_FLIGHT)
            time.sleep(delay)
            victim.kill(how)
            figures.faults += 1
            run.fleet.forget_ended()
        run.conclude(figures)
