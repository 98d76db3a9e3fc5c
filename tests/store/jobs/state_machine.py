"""Model-based test of jobs: random clients, and workers that crash, stall and repeat writes.

Jobs are of two kinds, and of a third one that no worker knows; workers may know one of the two.

Every step calls the store on a database with a controlled clock, applies the same step to a model
in plain Python, and compares all jobs. At the end of every run, all jobs must reach a terminal
status.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import delete
from sqlalchemy.orm import Session

from store.errors import (
    ExternalIdTakenError,
    IllegalTransitionError,
    LeaseLostError,
    NotFoundError,
)
from store.jobs import (
    checkpoints,
    claims,
    commands,
    dispatch,
    jobs,
    leases,
    lost,
    progress,
    unknown_kinds,
)
from store.jobs import (
    finish as finish_module,
)
from store.jobs.training import finish as finish_of_training
from store.jobs.training import progress as progress_of_training
from store.jobs.training.checkpoints import TrainingCheckpoint
from store.jobs.training.losses import LossRecord
from store.jobs.training.retry import retry_training
from store.models import NewModel
from store.statuses import TRAINING, JobStatus, StatusReason
from tests.store.jobs.state_model import STEPS_PER_EPOCH, TERMINAL, ModelJob, choose_next
from tests.store.jobs.state_world import World
from tests.work.counting_store import COUNTING, Count, Mark, finish_counting, marks, record_counting

KNOWN = (TRAINING, COUNTING)
UNKNOWN = "unknown"
ENVIRONMENTS = ("here", "there")
MAX_WORKER_LOSSES = 3
REDISPATCH_SECONDS = 5
# Steps between checks of the histories; the jobs themselves are checked after every step.
CHECK_EVERY = 25
MAX_HOLDERS = 8
Result = TypeVar("Result")
Kinds = tuple[str, ...]
Command = Callable[[Session, str, str], jobs.JobRecord]
Ending = Literal["succeeded", "failed", "diverged", "cancelled", "unprepared"]
Fate = Literal["committed", "died", "unanswered"]

which = st.integers(0, 31)
fates = st.sampled_from(("committed", "committed", "committed", "died", "unanswered"))
endings = st.sampled_from(("succeeded", "failed", "diverged", "cancelled", "unprepared"))
lease_seconds = st.integers(1, 8)
known_kinds = st.sampled_from((KNOWN, KNOWN, (TRAINING,), (COUNTING,)))
seconds = st.sampled_from((0.001, 0.5, 1.0, 2.0, 5.0, 20.0, 1000.0))
_REASONS: dict[Ending, tuple[JobStatus, StatusReason]] = {
    "succeeded": (JobStatus.SUCCEEDED, StatusReason.COMPLETED),
    "failed": (JobStatus.FAILED, StatusReason.INTERNAL),
    "diverged": (JobStatus.FAILED, StatusReason.DIVERGED),
    "cancelled": (JobStatus.CANCELLED, StatusReason.USER),
    "unprepared": (JobStatus.FAILED, StatusReason.INVALID_DATA),
}


@dataclass(eq=False)
class Holder:
    """A worker with a lease, perhaps a lost one, and its training state in memory."""

    job: ModelJob
    lease: leases.Lease
    steps: int
    environment: str = "here"
    exact: bool = True
    unsaved: list[int] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the store must accept its writes."""
        is_held = self.job.status in {"running", "pausing", "cancelling"}
        is_newest = self.job.token == self.lease.token
        return is_held and is_newest and self.job.lease_expires_at is not None

    def train(self, steps: int) -> None:
        for _ in range(min(steps, self.job.epochs * STEPS_PER_EPOCH - self.steps)):
            self.steps += 1
            if self.steps % STEPS_PER_EPOCH == 0:
                self.unsaved.append(self.steps // STEPS_PER_EPOCH - 1)

    @property
    def epoch(self) -> int:
        """Number of finished epochs, or of marks."""
        return self.steps // STEPS_PER_EPOCH

    def record(self, session: Session, *, with_checkpoint: bool) -> jobs.JobRecord:
        """Store progress and new records, as a worker does for the kind of the job."""
        environment = {"cpu": self.environment}
        checkpoint = self._checkpoint() if with_checkpoint else None
        if self.job.kind == COUNTING:
            new = [Mark(epoch, repr(self.job.loss(epoch))) for epoch in self.unsaved]
            reached = progress.JobProgress(self.steps, environment=environment, exact=self.exact)
            return record_counting(session, self.lease, reached, new, self.epoch, checkpoint)
        return progress_of_training.record_training_progress(
            session, self.lease, self._trained(), self._losses(), checkpoint
        )

    def _trained(self) -> progress_of_training.TrainingProgress:
        return progress_of_training.TrainingProgress(
            epoch=self.epoch,
            steps=self.steps,
            environment={"cpu": self.environment},
            exact=self.exact,
        )

    def _losses(self) -> list[LossRecord]:
        return [
            LossRecord(epoch, self.job.loss(epoch), None, {}, 0.1, 1.0, 0.1)
            for epoch in self.unsaved
        ]

    def _checkpoint(self) -> checkpoints.Checkpoint:
        weights, score = self.job.weights(self.steps), self.job.score(self.steps)
        if self.job.kind == COUNTING:
            return checkpoints.Checkpoint(self.steps, {}, weights, score)
        return TrainingCheckpoint(self.steps, {}, weights, score, epoch=self.epoch)

    def finish(
        self, session: Session, outcome: finish_module.Outcome, *, has_result: bool, is_open: bool
    ) -> jobs.JobRecord:
        """End the job, as a worker does for the kind of the job."""
        weights = self.job.weights(self.steps)
        if self.job.kind == TRAINING:
            return finish_of_training.finish_training(
                session,
                self.lease,
                outcome,
                NewModel({}, {}, 1, weights) if has_result else None,
                self._trained() if is_open else None,
                self._losses() if is_open else (),
            )
        if is_open:
            job = self.record(session, with_checkpoint=False)
        else:
            job = leases.update_held_job(session, self.lease)
        result = Count(self.steps, weights.hex()) if has_result else None
        return finish_counting(session, self.lease, job, outcome, result)


class LifecycleMachine(RuleBasedStateMachine):
    """Clients, workers, sweepers and the clock, in random order.

    Args:
        world: the store, which is cleared.
        tally: counts per kind of step, which are incremented.
    """

    def __init__(self, world: World, tally: Counter[str]) -> None:
        super().__init__()
        self.world = world
        self.tally = tally
        self.jobs: dict[str, ModelJob] = {}
        self.external: dict[tuple[str, str, str], str] = {}
        self.holders: list[Holder] = []
        world.clear()

    def _done(self, step: str) -> None:
        """Count a step, and compare the store with the model."""
        self.tally["steps"] += 1
        self.tally[step] += 1
        self.world.check_rows(self.jobs.values())
        if self.tally["steps"] % CHECK_EVERY == 0:
            self.world.check_histories(self.jobs.values())
            self._check_unknown_kinds()

    def _check_unknown_kinds(self) -> None:
        alive = [job for job in self.jobs.values() if job.status not in TERMINAL]
        left = sum(job.kind == UNKNOWN for job in alive)
        with self.world.writing() as session:
            found = unknown_kinds.count_unknown_kinds(session, KNOWN)
        assert found == ({UNKNOWN: left} if left else {})

    def teardown(self) -> None:
        # After a failure, the remaining jobs are not finished.
        if sys.exc_info()[0] is None:
            self._end_all()

    # Clients

    @rule(
        kind=st.sampled_from((*KNOWN, *KNOWN, UNKNOWN)),
        owner=st.sampled_from(("ann", "bob")),
        priority=st.integers(0, 2),
        epochs=st.integers(1, 4),
        external_id=st.sampled_from((None, None, "one", "two")),
        required=st.sampled_from((*[None] * 8, *ENVIRONMENTS)),
    )
    def post(
        self,
        kind: str,
        owner: str,
        priority: int,
        epochs: int,
        external_id: str | None,
        required: str | None,
    ) -> None:
        self._post(kind, owner, priority, epochs, external_id, required)
        self._done("post")

    def _post(
        self,
        kind: str,
        owner: str,
        priority: int,
        epochs: int,
        external_id: str | None = None,
        required: str | None = None,
    ) -> None:
        new = jobs.NewJob(
            kind,
            self.world.dataset_id,
            "job",
            {},
            {"epochs": epochs},
            priority=priority,
            owner=owner,
            external_id=external_id,
        )
        known = self.external.get((owner, kind, external_id or ""))
        try:
            with self.world.writing() as session:
                job = jobs.add_job(session, new, {"required_environment": required})
        except ExternalIdTakenError as error:
            assert error.job_id == known  # noqa: PT017 - the success case is checked as well
            self.tally["duplicate refused"] += 1
            return
        assert known is None
        self.jobs[job.id] = ModelJob(
            job.id, kind, len(self.jobs), owner, priority, epochs, self.world.now, required=required
        )
        if external_id is not None:
            self.external[owner, kind, external_id] = job.id

    @rule(n=which)
    def cancel(self, n: int) -> None:
        job = self._choose_job(n)
        match job.status:
            case "queued" | "paused":
                wanted = "cancelling" if job.checkpoints else "cancelled"
            case "running" | "pausing":
                wanted = "cancelling"
            case other:
                wanted = other if other == "cancelling" else ""
        if self._ask(job, commands.cancel_job, is_allowed=bool(wanted), status=wanted):
            job.put(wanted, "user", wanted)
            if wanted == "cancelled":
                job.finished_at = self.world.now
        self._done("cancel")

    @rule(n=which)
    def pause(self, n: int) -> None:
        job = self._choose_job(n)
        match job.status:
            case "queued":
                wanted = "paused"
            case "running":
                wanted = "paused" if job.is_unheld(self.world.now) else "pausing"
            case other:
                wanted = other if other in {"pausing", "paused"} else ""
        if self._ask(job, commands.pause_job, is_allowed=bool(wanted), status=wanted):
            job.put(wanted, "user", wanted)
            if wanted == "paused":
                job.unhold()
                job.token += 1
        self._done("pause")

    @rule(n=which)
    def resume(self, n: int) -> None:
        self._resume(self._choose_job(n))
        self._done("resume")

    def _resume(self, job: ModelJob) -> None:
        is_allowed = job.status == "paused"
        if self._ask(job, commands.resume_job, is_allowed=is_allowed, status="queued"):
            job.put("queued", None, "resumed")
            job.dispatched_at = self.world.now

    @rule(n=which, from_start=st.booleans())
    def retry(self, n: int, from_start: bool) -> None:
        job = self._choose_job(n)

        def retry(session: Session, job_id: str, kind: str) -> jobs.JobRecord:
            if kind == TRAINING:
                return retry_training(session, job_id, from_start=from_start)
            if from_start:
                session.execute(delete(marks).where(marks.c.job_id == job_id))
            return commands.retry_job(session, job_id, kind, from_start=from_start)

        if self._ask(job, retry, is_allowed=job.status == "failed", status="queued"):
            job.put("queued", None, "retried")
            job.attempt += 1
            job.worker_losses, job.finished_at, job.dispatched_at = 0, None, self.world.now
            if from_start:
                job.forget_training()
        self._done("retry")

    @rule(
        n=which,
        command=st.sampled_from((commands.cancel_job, commands.pause_job, commands.resume_job)),
    )
    def mistake_the_kind(self, n: int, command: Command) -> None:
        job = self._choose_job(n)
        other = COUNTING if job.kind == TRAINING else TRAINING
        with self.world.writing() as session:
            try:
                command(session, job.id, other)
            except NotFoundError:
                self.tally["other kind refused"] += 1
            else:
                raise AssertionError(f"a {job.kind} was found as a {other}")
        self._done("mistake the kind")

    def _choose_job(self, n: int) -> ModelJob:
        if not self.jobs:
            self._post(KNOWN[n % 2], "ann", 0, 2)
        found = list(self.jobs.values())
        # Mostly one that has not ended.
        alive = [job for job in found if job.status not in TERMINAL]
        chosen = alive if alive and n % 4 else found
        return chosen[n % len(chosen)]

    def _ask(
        self,
        job: ModelJob,
        change: Command,
        *,
        is_allowed: bool,
        status: str,
    ) -> bool:
        """Apply a command, and return whether the status has changed."""
        try:
            with self.world.writing() as session:
                record = change(session, job.id, job.kind)
        except IllegalTransitionError as error:
            assert (is_allowed, error.status) == (False, job.status)  # noqa: PT017 - as above
            self.tally["change refused"] += 1
            return False
        assert is_allowed, f"{job.status} → {record.status} was allowed"
        assert record.status == status
        return status != job.status

    # Workers

    @rule(
        lease=lease_seconds,
        fate=fates,
        max_running=st.sampled_from((None, None, 1, 2)),
        environment=st.sampled_from(ENVIRONMENTS),
        kinds=known_kinds,
    )
    def claim(
        self, lease: int, fate: Fate, max_running: int | None, environment: str, kinds: Kinds
    ) -> None:
        self._claim(lease, fate, max_running, environment, kinds)
        self._done("claim")

    def _claim(
        self,
        lease: int,
        fate: Fate,
        max_running: int | None,
        environment: str,
        kinds: Kinds = KNOWN,
    ) -> Holder | None:
        now = self.world.now
        found_jobs = self.jobs.values()
        job = choose_next(found_jobs, kinds, now, MAX_WORKER_LOSSES, max_running, environment)
        with self.world.writing(dies=fate == "died") as session:
            record = claims.claim_job(
                session,
                "worker",
                lease,
                MAX_WORKER_LOSSES,
                kinds=kinds,
                max_running=max_running,
                environment=environment,
            )
            found = None if record is None else checkpoints.find_checkpoint(session, record.id)
        assert (record and record.id) == (job and job.id)
        if record is None or job is None or fate == "died":
            return None
        assert record.token > job.token, "the token is not new"
        job.claim(now, lease * 1000)
        last = max(job.checkpoints, default=0)
        assert (0 if found is None else found.steps) == last
        assert found is None or found.data == job.weights(last)
        holder = Holder(job, leases.Lease(record.id, record.token), last, environment)
        # A worker that does not receive the response to its claim leaves an orphan.
        if fate != "unanswered":
            self.holders = [*self.holders, holder][-MAX_HOLDERS:]
        return holder

    @rule(n=which, lease=lease_seconds)
    def renew(self, n: int, lease: int) -> None:
        if holder := self._choose_holder(n):
            status = self._write(
                holder, lambda session: leases.renew_lease(session, holder.lease, lease)
            )
            if status is not None:
                assert status == holder.job.status
                holder.job.lease_expires_at = self.world.now + lease * 1000
                holder.job.stalled_at = None
        self._done("renew")

    @rule(n=which)
    def watch(self, n: int) -> None:
        if holder := self._choose_holder(n):
            with self.world.writing() as session:
                status = leases.find_held_status(session, holder.lease)
            assert status == (holder.job.status if holder.holds else None)
        self._done("watch")

    @rule(n=which, steps=st.integers(0, 5), fate=fates)
    def record(self, n: int, steps: int, fate: Fate) -> None:
        if holder := self._choose_holder(n):
            holder.train(steps)

            def record(session: Session) -> jobs.JobRecord:
                return holder.record(session, with_checkpoint=False)

            if self._write(holder, record, fate):
                holder.job.record(
                    holder.steps, holder.unsaved, holder.environment, exact=holder.exact
                )
                self._mark_saved(holder, fate)
        self._done("record")

    @rule(n=which, steps=st.integers(0, 5), fate=fates)
    def keep(self, n: int, steps: int, fate: Fate) -> None:
        """Record progress with a checkpoint, and pause a pausing job, as a worker does."""
        if holder := self._choose_holder(n):
            holder.train(steps)

            def keep(session: Session) -> tuple[bool]:
                holder.record(session, with_checkpoint=True)
                return (leases.pause_held_job(session, holder.lease),)

            if found := self._write(holder, keep, fate):
                assert found[0] == (holder.job.status == "pausing")
                holder.job.record(
                    holder.steps, holder.unsaved, holder.environment, exact=holder.exact
                )
                holder.job.keep(holder.steps)
                self._mark_saved(holder, fate)
                if found[0]:
                    holder.job.put("paused", "user", "paused")
                    holder.job.unhold()
        self._done("keep")

    def _mark_saved(self, holder: Holder, fate: Fate) -> None:
        # A worker without a response repeats the write.
        if fate != "unanswered":
            holder.unsaved = []

    @rule(n=which, fate=fates)
    def release(self, n: int, fate: Fate) -> None:
        if (holder := self._choose_holder(n)) and self._write(
            holder, lambda session: leases.release_job(session, holder.lease), fate
        ):
            holder.job.unhold()
            holder.job.dispatched_at = self.world.now
        self._done("release")

    @rule(n=which)
    def move(self, n: int) -> None:
        environment = "elsewhere"
        if (holder := self._choose_holder(n)) and self._write(
            holder,
            lambda session: leases.record_environment(session, holder.lease, {"cpu": environment}),
        ):
            holder.job.environment, holder.job.exact = environment, False
            holder.environment, holder.exact = environment, False
            holder.job.events.append("inexact")
        self._done("move")

    @rule(n=which, ending=endings, fate=fates)
    def finish(self, n: int, ending: Ending, fate: Fate) -> None:
        if holder := self._choose_holder(n):
            self._finish(holder, ending, fate)
        self._done("finish")

    def _finish(self, holder: Holder, ending: Ending, fate: Fate) -> None:
        job, (status, reason) = holder.job, _REASONS[ending]
        if ending == "succeeded":
            holder.train(job.epochs * STEPS_PER_EPOCH)
        is_kept = ending == "succeeded" or (ending == "cancelled" and holder.steps > 0)
        error = {"code": str(reason)} if status is JobStatus.FAILED else None
        outcome = finish_module.Outcome(status, reason, error)  # type: ignore[arg-type]
        is_open = ending != "unprepared"

        def finish(session: Session) -> jobs.JobRecord:
            return holder.finish(session, outcome, has_result=is_kept, is_open=is_open)

        if self._write(holder, finish, fate):
            if is_open:
                job.record(holder.steps, holder.unsaved, holder.environment, exact=holder.exact)
            is_cancelled = job.status == "cancelling"
            job.has_result = is_kept
            if is_cancelled:
                status, reason = JobStatus.CANCELLED, StatusReason.USER
            job.end(self.world.now, str(status), str(reason))

    @rule(n=which)
    def crash(self, n: int) -> None:
        if holder := self._choose_holder(n):
            self.holders.remove(holder)
        self._done("crash")

    @rule(n=which, times=st.integers(1, MAX_WORKER_LOSSES))
    def poison(self, n: int, times: int) -> None:
        """The job kills its worker, and perhaps the next ones."""
        for _ in range(times):
            if holder := self._choose_holder(n | 1):
                self.holders.remove(holder)
            self.world.now += 8_000
            self._claim(8, "committed", None, "here")
        self._done("poison")

    @rule(n=which)
    def stall(self, n: int) -> None:
        """A worker stalls for longer than any lease, and another one claims a job."""
        if self._choose_holder(n | 1):
            self.world.now += 8_000
            self._claim(5, "committed", None, "here")
        self._done("stall")

    def _choose_holder(self, n: int) -> Holder | None:
        """Choose a worker, mostly one that holds its job; the others lost their lease."""
        stale = [holder for holder in self.holders if not holder.holds]
        if n % 4 == 0 and stale:
            return stale[n // 4 % len(stale)]
        if not any(holder.holds for holder in self.holders):
            self._claim(5, "committed", None, "here")
        holding = [holder for holder in self.holders if holder.holds]
        return holding[n % len(holding)] if holding else None

    def _write(
        self, holder: Holder, write: Callable[[Session], Result], fate: Fate = "committed"
    ) -> Result | None:
        """Return the result of a worker's write; None if it was refused or the worker crashed."""
        try:
            with self.world.writing(dies=fate == "died") as session:
                result = write(session)
        except LeaseLostError:
            assert not holder.holds, "a lease was refused"
            self.tally["stale write refused"] += 1
            return None
        assert holder.holds, "a stale write was accepted"
        if fate == "died":
            self.holders.remove(holder)
            self.tally["died before the commit"] += 1
            return None
        return result

    # Sweepers and time

    @rule(order=st.permutations(("stalled", "pauses", "lost")), fate=fates, kinds=known_kinds)
    def sweep(self, order: list[str], fate: Fate, kinds: Kinds) -> None:
        for _ in range(2 if fate == "unanswered" else 1):
            for what in order:
                self._sweep(what, kinds)
        self._done("sweep")

    def _sweep(self, what: str, kinds: Kinds = KNOWN) -> None:
        now = self.world.now
        known = [job for job in self.jobs.values() if job.kind in kinds]
        match what:
            case "stalled":
                self._mark_stalled(known, kinds, now)
            case "pauses":
                self._finish_pauses(known, kinds, now)
            case _:
                self._fail_lost(known, kinds, now)

    def _mark_stalled(self, known: list[ModelJob], kinds: Kinds, now: int) -> None:
        found = [job for job in known if job.has_expired(now) and not job.stalled_at]
        with self.world.writing() as session:
            assert set(lost.mark_stalled_jobs(session, kinds)) == {job.id for job in found}
        for job in found:
            job.stalled_at = now
            job.events.append("stalled")

    def _finish_pauses(self, known: list[ModelJob], kinds: Kinds, now: int) -> None:
        found = [job for job in known if job.status == "pausing" and job.is_unheld(now)]
        with self.world.writing() as session:
            paused = commands.finish_interrupted_pauses(session, kinds)
        assert set(paused) == {job.id for job in found}
        for job in found:
            job.unhold()
            job.token += 1
            job.put("paused", "user", "paused")

    def _fail_lost(self, known: list[ModelJob], kinds: Kinds, now: int) -> None:
        expired = [job for job in known if job.has_expired(now)]
        found = [job for job in expired if job.worker_losses + 1 == MAX_WORKER_LOSSES]
        with self.world.writing() as session:
            failed = lost.fail_lost_jobs(session, kinds, MAX_WORKER_LOSSES)
        assert set(failed) == {job.id for job in found}
        for job in found:
            job.token += 1
            job.worker_losses = MAX_WORKER_LOSSES
            is_cancelled = job.status == "cancelling"
            status, reason = ("cancelled", "user") if is_cancelled else ("failed", "worker_lost")
            job.end(now, status, reason)
            self.tally["lost too often"] += 1

    @rule(limit=st.integers(1, 4), kinds=known_kinds)
    def redispatch(self, limit: int, kinds: Kinds) -> None:
        now, long_ago = self.world.now, self.world.now - REDISPATCH_SECONDS * 1000
        undispatched = [
            job
            for job in sorted(self.jobs.values(), key=lambda job: job.id)
            if job.kind in kinds
            and job.is_claimable(now)
            and (job.dispatched_at or job.created_at) < long_ago
        ][:limit]
        with self.world.writing() as session:
            found = dispatch.list_undispatched_jobs(session, kinds, REDISPATCH_SECONDS, limit)
            assert found == tuple(job.id for job in undispatched)
            dispatch.mark_dispatched(session, found)
        for job in undispatched:
            job.dispatched_at = now
        self._done("redispatch")

    @rule(seconds=seconds)
    def pass_time(self, seconds: float) -> None:
        self.world.now += round(seconds * 1000)
        self._done("pass time")

    # The end

    def _end_all(self) -> None:
        """Bring every job of a known kind to its end, with one worker per environment."""
        for _ in range(len(self.jobs) + 1):
            self.world.now += 10_000
            for what in ("stalled", "pauses", "lost"):
                self._sweep(what)
            for job in self.jobs.values():
                if job.status == "paused" and job.kind != UNKNOWN:
                    self._resume(job)
            for environment in ENVIRONMENTS:
                if holder := self._claim(5, "committed", None, environment):
                    self._finish(holder, "succeeded", "committed")
        self.world.check_rows(self.jobs.values())
        self.world.check_histories(self.jobs.values())
        self._check_unknown_kinds()
        known = [job for job in self.jobs.values() if job.kind != UNKNOWN]
        left = [job.id for job in known if job.status not in TERMINAL]
        assert not left, f"jobs that cannot end: {left}"
        self.tally["jobs ended"] += len(known)
