"""One run of a suite: a fleet, a client with its journal, and the checks at the end.

with campaign(tmp_path, "sqlite", runs, database_url=None) as run:
    run.fleet.start_api(); run.fleet.start_worker("first")
    run.post("long epochs")
    ... kill ...
    run.conclude(figures)
"""

import itertools
import random
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from store.broker import Broker
from store.db.tables import jobs
from store.environment import hash_environment
from store.errors import IllegalTransitionError, StoreUnavailableError
from store.jobs.commands import cancel_job
from store.jobs.jobs import get_job
from store.jobs.replay.new_replay import add_replay
from store.statuses import REPLAY, TERMINAL, TRAINING, JobStatus
from tests.chaos import checker
from tests.chaos.checker import ACCEPTED, Ending, Queue, Undisturbed
from tests.chaos.figures import Figures
from tests.chaos.fleet import DatabaseKind, Fleet, fleet
from tests.chaos.history import KEY, WORK, JobFact, read_jobs, read_replays
from tests.chaos.journal import Client, Entry, Journal
from tests.chaos.leftovers import (
    check_connections,
    check_leftovers,
    check_processes,
    sweep_at_once,
)
from tests.chaos.watching import OrphanWatch
from tests.chaos.witness import install_witness, list_violations
from tests.chaos.work import COUNTS, WORKS, job_body, make_table
from tests.waiting import wait_for
from tests.work.counting_store import COUNTING, add_counting, create_tables


@dataclass
class Campaign:
    """The running service, its client and its observers.

    Attributes:
        works: the workloads that jobs are chosen from; their workers must know the kinds.
        expected: endings of the jobs that are not expected to succeed, by key.
    """

    fleet: Fleet
    journal: Journal
    watch: OrphanWatch
    runs: dict[str, Undisturbed]
    works: tuple[str, ...] = tuple(WORKS)
    expected: dict[str, Ending] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @cached_property
    def client(self) -> Client:
        """A client of the fleet's first API."""
        return Client(self.fleet.url, self.journal)

    @cached_property
    def broker(self) -> Broker:
        """The fleet's broker."""
        return Broker(str(self.fleet.settings.broker_url))

    @cached_property
    def dataset_id(self) -> str:
        """The id of the dataset that all jobs are trained on."""
        dataset_id: str = self.client.post_dataset("table", make_table())["id"]
        return dataset_id

    def next_key(self) -> str:
        """Return the key, which is also the name, of another job."""
        return f"job-{next(self._numbers)}"

    def post(
        self,
        work: str | None = None,
        *,
        key: str | None = None,
        ending: Ending | None = None,
        **changes: Any,
    ) -> str:
        """Post a job, with a workload chosen by its key by default; return the job's id."""
        key = key or self.next_key()
        chosen = work or self.works[zlib.crc32(key.encode()) % len(self.works)]
        if ending is not None:
            self.expected[key] = ending
        if chosen in COUNTS:
            return self._add_count(key, chosen)
        body = job_body(self.dataset_id, chosen, key, **changes)
        job_id: str = self.client.post_job(key, body)["id"]
        return job_id

    def _add_count(self, key: str, work: str) -> str:
        """Create a job of the tests' kind, for which the API has no route; journal it as a POST."""
        path, dataset_id = "/v1/jobs", self.dataset_id
        self.journal.write(Entry(time.time(), "send", key, path))
        with self.fleet.database.writing() as session:
            marked = {KEY: key, WORK: work}
            job = add_counting(session, dataset_id, COUNTS[work], key, **marked)
        self.journal.write(Entry(time.time(), "answer", key, path, ACCEPTED, job.id))
        self.broker.publish()
        return job.id

    def _cancel_count(self, job_id: str) -> bool:
        """Cancel a job of the tests' kind; return False if it has ended."""
        try:
            with self.fleet.database.writing() as session:
                cancel_job(session, job_id, COUNTING)
        except IllegalTransitionError:
            return False
        self.broker.publish()
        return True

    def cancel_any(self, rng: random.Random) -> None:
        """Cancel a job that has not ended; after the response it must end as cancelled."""
        with self.fleet.database.reading() as session:
            columns = (jobs.c.id, jobs.c.name, jobs.c.kind)
            is_alive = jobs.c.status.not_in(TERMINAL) & (jobs.c.kind != REPLAY)
            query = select(*columns).where(is_alive)
            waiting = sorted(tuple(row) for row in session.execute(query))
        if waiting:
            job_id, key, kind = rng.choice(waiting)
            cancel = self.client.cancel if kind == TRAINING else self._cancel_count
            if cancel(job_id):
                self.expected[key] = Ending("cancelled", "user")

    def replay_any(self, rng: random.Random) -> None:
        """Replay a training that has succeeded, in an environment like that of its worker."""
        with self.fleet.database.writing() as session:
            is_done = (jobs.c.kind == TRAINING) & (jobs.c.status == JobStatus.SUCCEEDED)
            done = sorted(session.execute(select(jobs.c.id).where(is_done)).scalars())
            if not done:
                return
            job = get_job(session, rng.choice(done), TRAINING)
            add_replay(session, job, hash_environment(job.environment or {}))
        self.broker.publish()

    def count_unfinished(self) -> int:
        """Return the number of jobs that have not ended."""
        with self.fleet.database.reading() as session:
            query = select(func.count()).where(jobs.c.status.not_in(TERMINAL))
            return session.execute(query).scalar_one()

    def wait_until_claimed(self, worker: str, known: set[int], in_flight: int) -> None:
        """Wait until the worker makes a new claim, keeping `in_flight` jobs waiting or running.

        Args:
            worker: name of the worker.
            known: claims observed before; new ones are added.
            in_flight: number of unfinished jobs, kept by posting further jobs.
        """

        def has_claimed() -> bool:
            for _ in range(in_flight - self.count_unfinished()):
                self.post()
            claims = self._list_claims(worker)
            is_new = bool(claims - known)
            known.update(claims)
            return is_new

        wait_for(has_claimed, every=0.02)

    def _list_claims(self, worker: str) -> set[int]:
        with self.fleet.database.reading() as session:
            query = select(jobs.c.id, jobs.c.token).where(
                jobs.c.worker == worker, jobs.c.lease_expires_at.is_not(None)
            )
            return {hash(tuple(row)) for row in session.execute(query)}

    def wait_until_ended(self, seconds: float = 120) -> None:
        """Wait until all jobs have ended."""
        wait_for(self._have_ended, seconds, every=0.05)

    def _have_ended(self) -> bool:
        try:
            return self.count_unfinished() == 0
        except StoreUnavailableError:
            return False

    def conclude(self, figures: Figures, seconds: float = 120) -> None:
        """Wait until all jobs have ended, stop all processes, and fail on any complaint."""
        self.wait_until_ended(seconds)
        self.watch.stop()
        processes = tuple(self.fleet.processes)
        self.fleet.stop()
        database, settings = self.fleet.database, self.fleet.settings
        sweep_at_once(database, settings, self.broker)
        found, replays = read_jobs(database), read_replays(database)
        queue = checker.check_queue(self.journal.entries, found)
        different = checker.check_exactness(found, self.runs)
        complaints = [
            *queue.complaints(),
            *different,
            *self._complaints(found),
            *checker.check_replays(replays),
            *list_violations(database),
            *check_leftovers(database, settings),
            *check_processes(processes),
            *check_connections(database),
        ]
        self._add_figures(figures, queue, found, different)
        figures.complaints += complaints
        if replays:
            figures.notes["replays that proved a digest"] = len(replays)
        assert not complaints, "\n".join(complaints[:50])

    def _complaints(self, found: tuple[JobFact, ...]) -> list[str]:
        return [
            *checker.check_answers(self.journal.entries),
            *checker.check_endings(found, self.expected),
            *checker.check_results(found),
            *checker.check_claims(found),
            *checker.check_orphans(self.watch.longest_seconds),
        ]

    def _add_figures(
        self, figures: Figures, queue: Queue, found: tuple[JobFact, ...], different: list[str]
    ) -> None:
        names = {complaint.partition(":")[0] for complaint in different}
        succeeded = [job for job in found if job.status == "succeeded"]
        figures.jobs += len(found)
        counts = sum(job.work in COUNTS for job in found)
        if counts:
            figures.notes["jobs of the tests' own kind"] = counts
        figures.lost += len(queue.lost)
        figures.unexpected += len(queue.unexpected)
        figures.duplicated += len(queue.duplicated)
        figures.compared += len(succeeded)
        figures.bit_equal += len([job for job in succeeded if job.id not in names])
        figures.longest_orphan_seconds = max(
            figures.longest_orphan_seconds or 0.0, self.watch.longest_seconds
        )


@contextmanager
def campaign(
    folder: Path,
    kind: DatabaseKind,
    runs: dict[str, Undisturbed],
    *,
    database_url: str | None = None,
    **settings: Any,
) -> Iterator[Campaign]:
    """Provide a monitored fleet without processes; jobs do not fail because of random kills."""
    chosen = {"max_worker_losses": 1_000, **settings}
    with ExitStack() as stack:
        ships = stack.enter_context(fleet(folder, kind, database_url=database_url, **chosen))
        create_tables(ships.database.engine)
        install_witness(ships.database)
        journal = Journal(folder / "journal.jsonl")
        stack.callback(journal.close)
        watch = stack.enter_context(OrphanWatch(ships.database))
        run = Campaign(ships, journal, watch, runs)
        stack.callback(lambda: run.client.close() if "client" in vars(run) else None)
        stack.callback(lambda: run.broker.close() if "broker" in vars(run) else None)
        yield run
