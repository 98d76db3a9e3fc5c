"""Reference model of a job in plain Python, for the model-based test."""

import json
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from store.statuses import TRAINING

HELD = frozenset({"running", "pausing", "cancelling"})
TERMINAL = frozenset({"succeeded", "failed", "cancelled"})
# Written out independently of the store, so that a defect there is not copied.
ALLOWED: dict[str, frozenset[str]] = {
    "queued": frozenset({"running", "paused", "cancelled", "cancelling"}),
    "running": frozenset({"succeeded", "failed", "cancelled", "pausing", "paused", "cancelling"}),
    "pausing": frozenset({"paused", "cancelling", "succeeded", "failed", "cancelled"}),
    "paused": frozenset({"queued", "cancelled", "cancelling"}),
    "cancelling": frozenset({"cancelled"}),
    "failed": frozenset({"queued"}),
    "succeeded": frozenset(),
    "cancelled": frozenset(),
}
STEPS_PER_EPOCH = 2
KEPT = 2


@dataclass(eq=False)
class ModelJob:
    """The expected state of a job; times are in milliseconds.

    Attributes:
        kind: kind of its work.
        number: index of the job; jobs with equal parity have equal weights.
        losses: number of epochs with a row: of losses, or of marks.
        checkpoints: epochs by steps.
        statuses: status history.
        events: types of all events.
        required: the environment that its workers must have; None for any.
    """

    id: str
    kind: str
    number: int
    owner: str
    priority: int
    epochs: int
    created_at: int
    status: str = "queued"
    reason: str | None = None
    token: int = 0
    attempt: int = 0
    worker_losses: int = 0
    lease_expires_at: int | None = None
    started_at: int | None = None
    claimed_at: int | None = None
    dispatched_at: int | None = None
    stalled_at: int | None = None
    finished_at: int | None = None
    epoch: int = 0
    steps: int = 0
    environment: str | None = None
    exact: bool = True
    has_result: bool = False
    losses: int = 0
    checkpoints: dict[int, int] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=lambda: ["queued"])
    events: list[str] = field(default_factory=lambda: ["created"])
    required: str | None = None

    @property
    def variant(self) -> int:
        """Jobs of the same variant have equal weights after equal steps."""
        return self.number % 2

    def row(self) -> tuple[object, ...]:
        """Return the values of the columns selected by `state_world._ROWS`."""
        environment = None if self.environment is None else json.dumps({"cpu": self.environment})
        return (
            self.id,
            self.kind,
            self.status,
            self.reason,
            self.token,
            self.attempt,
            self.worker_losses,
            self.lease_expires_at,
            self.started_at,
            self.claimed_at,
            self.dispatched_at,
            self.stalled_at,
            self.finished_at,
            self.shown_epoch(self.epoch),
            self.steps,
            environment,
            int(self.exact),
            int(self.has_result),
            len(self.statuses),
            len(self.events),
            self.losses,
            len(self.checkpoints),
        )

    def shown_epoch(self, epoch: int) -> int:
        """Return the value of a column `epoch`, which only trainings change."""
        return epoch if self.kind == TRAINING else 0

    def put(self, status: str, reason: str | None, event: str | None) -> None:
        """Change the status; the transition must be allowed."""
        assert status in ALLOWED[self.status], f"{self.status} → {status}"
        self.status, self.reason = status, reason
        self.statuses.append(status)
        if event is not None:
            self.events.append(event)

    def is_unheld(self, now: int) -> bool:
        """Return whether no worker holds a valid lease."""
        return self.lease_expires_at is None or self.lease_expires_at <= now

    def has_expired(self, now: int) -> bool:
        """Return whether its worker was lost."""
        unheld = self.lease_expires_at is not None and self.lease_expires_at <= now
        return unheld and self.status in HELD

    def is_claimable(self, now: int) -> bool:
        """Return whether a worker may claim it."""
        if self.status == "queued":
            return True
        return self.status in {"running", "cancelling"} and self.is_unheld(now)

    def claim(self, now: int, lease_ms: int) -> None:
        """Claim the job."""
        is_rescued, is_fresh = self.lease_expires_at is not None, self.status == "queued"
        assert self.is_unheld(now), "two workers hold one job"
        self.token += 1
        self.attempt += int(is_rescued or not self.attempt)
        self.worker_losses += int(is_rescued)
        self.claimed_at, self.lease_expires_at, self.stalled_at = now, now + lease_ms, None
        self.started_at = self.started_at or now
        if is_fresh:
            self.put("running", self.reason, None)
        if is_rescued or is_fresh:
            self.events.append("rescued" if is_rescued else "claimed")

    def unhold(self) -> None:
        """Release the lease."""
        self.lease_expires_at = self.stalled_at = None

    def record(self, steps: int, new_losses: list[int], environment: str, *, exact: bool) -> None:
        """Record progress, the losses of new epochs, and the machine that trained."""
        self.environment, self.exact = environment, exact
        self.steps, self.epoch = steps, steps // STEPS_PER_EPOCH
        if new_losses:
            assert new_losses[0] <= self.losses, "a gap in the losses"
            if self.kind == TRAINING:
                self.events.append("epoch")
        # Losses beyond, of a lost worker that got further, are deleted.
        self.losses = self.epoch

    def keep(self, steps: int) -> None:
        """Add a checkpoint, which replaces later ones; keep the last two and the first best one."""
        self.worker_losses = 0
        kept = {old: epoch for old, epoch in self.checkpoints.items() if old < steps}
        kept[steps] = steps // STEPS_PER_EPOCH
        best = min(kept, key=lambda old: (self.score(old), old))
        last = sorted(kept)[-KEPT:]
        self.checkpoints = {old: epoch for old, epoch in kept.items() if old in {*last, best}}
        self.events.append("checkpoint")

    def score(self, steps: int) -> float:
        """Return the score of the weights after `steps` steps; lower is better."""
        return float((steps * 7 + self.variant) % 5)

    def loss(self, epoch: int) -> float:
        """Return the loss of an epoch, which does not depend on the worker."""
        return 1 / (1 + epoch + self.variant)

    def weights(self, steps: int) -> bytes:
        """Return the weights after `steps` steps."""
        return f"{self.variant} {steps}".encode()

    def end(self, now: int, status: str, reason: str) -> None:
        """End the job, with its events."""
        self.unhold()
        self.finished_at = now
        if reason == "diverged" and self.kind == TRAINING:
            self.events.append("diverged")
        self.put(status, reason, status)

    def forget_training(self) -> None:
        """Reset the training state."""
        self.checkpoints = {}
        self.losses = self.epoch = self.steps = 0
        self.environment, self.exact = None, True


def choose_next(
    jobs: Iterable[ModelJob],
    kinds: Collection[str],
    now: int,
    max_worker_losses: int,
    max_running: int | None,
    environment: str,
) -> ModelJob | None:
    """Return the next job of a worker: priority, owner served longest ago, orphans first, age.

    Jobs of all kinds count as served and as running.
    """
    all_jobs = list(jobs)

    def last_served(job: ModelJob) -> int:
        return max(other.claimed_at or 0 for other in all_jobs if other.owner == job.owner)

    def is_allowed(job: ModelJob) -> bool:
        started = [j for j in all_jobs if j.owner == job.owner and j.status in HELD]
        held = sum(not other.is_unheld(now) for other in started)
        is_lost = job.lease_expires_at is not None and job.worker_losses + 1 >= max_worker_losses
        is_fit = job.kind in kinds and job.required in {None, environment}
        return is_fit and not is_lost and (max_running is None or held < max_running)

    def rank(job: ModelJob) -> tuple[float | str, ...]:
        orphaned_at = math.inf if job.lease_expires_at is None else job.lease_expires_at
        return -job.priority, last_served(job), orphaned_at, job.id

    return min(
        (job for job in all_jobs if job.is_claimable(now) and is_allowed(job)),
        key=rank,
        default=None,
    )
