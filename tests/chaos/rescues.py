"""`backpropd up` under a suite's kills, and the time from a kill to the claim of each job.

There are as many jobs as the worker has children, and none ends by itself: each kill of all
children, of their parent or of both orphans all jobs.
"""

import signal
import time
from dataclasses import dataclass, field
from typing import Literal

import psutil
from sqlalchemy import select

from store.db.tables import jobs
from store.statuses import HELD
from tests.chaos.campaign import Campaign
from tests.chaos.processes import Process
from tests.waiting import wait_for

Target = Literal["children", "parent", "group"]
TARGETS: tuple[Target, ...] = ("children", "parent", "group")
JOBS = 4
ENDLESS_EPOCHS = 1_000_000


@dataclass
class Rescues:
    """A supervised service with `JOBS` jobs in training.

    Attributes:
        seconds: from the kill to the next claim, per orphaned job.
    """

    run: Campaign
    seconds: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start the service and the jobs, and wait until all of them are trained."""
        self.supervisor: Process = self.run.fleet.start_service(JOBS)
        self.run.fleet.wait_until_ready()
        for _ in range(JOBS):
            self.run.post("short epochs", epochs=ENDLESS_EPOCHS)
        self.wait_until_held()

    def parent(self) -> psutil.Process:
        """Return the worker's parent process; the spare has no children."""
        children = psutil.Process(self.supervisor.pid).children()
        return next(one for one in children if "workers" in one.cmdline() and one.children())

    def wait_until_held(self, since: float = 0.0) -> None:
        """Wait until a worker holds every job by a claim after that time."""

        def are_held() -> bool:
            claims = self._list_claims(held=True)
            return len(claims) == JOBS and min(claims.values()) > since

        wait_for(are_held, 120)

    def kill(self, target: Target) -> None:
        """Kill, wait until every orphaned job is claimed again, and record the times."""
        parent = self.parent()
        children = parent.children()
        victims = {"children": children, "parent": [parent], "group": [parent, *children]}[target]
        moment = time.time()
        for victim in victims:
            victim.send_signal(signal.SIGKILL)
        orphans = {job_id for job_id, at in self._list_claims(held=True).items() if at <= moment}
        rescued: dict[str, float] = {}

        def are_rescued() -> bool:
            for job_id, at in self._list_claims().items():
                if job_id in orphans and at > moment:
                    rescued.setdefault(job_id, at - moment)
            return rescued.keys() == orphans

        wait_for(are_rescued, 120)
        self.seconds += rescued.values()
        self.wait_until_held(moment)

    def _list_claims(self, *, held: bool = False) -> dict[str, float]:
        """Return the time of the last claim of each job in training, by id; only if it is held."""
        query = select(jobs.c.id, jobs.c.claimed_at).where(jobs.c.status.in_(HELD))
        if held:
            query = query.where(jobs.c.lease_expires_at.is_not(None))
        with self.run.fleet.database.reading() as session:
            return {row.id: row.claimed_at.timestamp() for row in session.execute(query)}
