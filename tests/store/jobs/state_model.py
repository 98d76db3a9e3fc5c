"""What the store is expected to make of a job, in plain Python: the state machine's other half."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

HELD = frozenset({"running", "pausing", "cancelling"})
TERMINAL = frozenset({"succeeded", "failed", "cancelled"})
# Written out once more, so that nothing is allowed because the store does it.
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
    """A job as it should be; times are milliseconds.

    Attributes:
        number: counts the jobs; those that leave the same remainder learn the same.
        losses: how many epochs have a row.
        checkpoints: epochs by steps.
        statuses: all that it has been in.
        events: types of all its events.
    """

    id: str
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
    has_model: bool = False
    losses: int = 0
    checkpoints: dict[int, int] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=lambda: ["queued"])
    events: list[str] = field(default_factory=lambda: ["created"])

    @property
    def kind(self) -> int:
        """Two jobs of a kind have equal weights after equal steps."""
        return self.number % 2

    def row(self) -> tuple[object, ...]:
        """The values of `COLUMNS`."""
        environment = None if self.environment is None else json.dumps({"cpu": self.environment})
        return (
            self.id,
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
            self.epoch,
            self.steps,
            environment,
            int(self.exact),
            int(self.has_model),
            len(self.statuses),
            len(self.events),
            self.losses,
            len(self.checkpoints),
        )

    def put(self, status: str, reason: str | None, event: str | None) -> None:
        """Go into another state, as far as there is a way there."""
        assert status in ALLOWED[self.status], f"{self.status} → {status}"
        self.status, self.reason = status, reason
        self.statuses.append(status)
        if event is not None:
            self.events.append(event)

    def is_unheld(self, now: int) -> bool:
        """Nobody may count on its lease."""
        return self.lease_expires_at is None or self.lease_expires_at <= now

    def has_expired(self, now: int) -> bool:
        """A worker was lost with it."""
        unheld = self.lease_expires_at is not None and self.lease_expires_at <= now
        return unheld and self.status in HELD

    def is_claimable(self, now: int) -> bool:
        """A worker should come for it."""
        if self.status == "queued":
            return True
        return self.status in {"running", "cancelling"} and self.is_unheld(now)

    def claim(self, now: int, lease_ms: int) -> None:
        """A worker takes it."""
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
        """It is in nobody's hands."""
        self.lease_expires_at = self.stalled_at = None

    def record(self, steps: int, new_losses: list[int], environment: str, *, exact: bool) -> None:
        """A worker tells how far it is, and on which machine."""
        self.environment, self.exact = environment, exact
        self.steps, self.epoch = steps, steps // STEPS_PER_EPOCH
        if new_losses:
            assert new_losses[0] <= self.losses, "a gap in the losses"
            self.events.append("epoch")
        # Those of a worker that got further, and is lost, go.
        self.losses = self.epoch

    def keep(self, steps: int) -> None:
        """A checkpoint: it replaces later ones; the last two and the first of the best stay."""
        self.worker_losses = 0
        kept = {old: epoch for old, epoch in self.checkpoints.items() if old < steps}
        kept[steps] = steps // STEPS_PER_EPOCH
        best = min(kept, key=lambda old: (self.score(old), old))
        last = sorted(kept)[-KEPT:]
        self.checkpoints = {old: epoch for old, epoch in kept.items() if old in {*last, best}}
        self.events.append("checkpoint")

    def score(self, steps: int) -> float:
        """How bad its weights are after so many steps."""
        return float((steps * 7 + self.kind) % 5)

    def loss(self, epoch: int) -> float:
        """Of an epoch: whoever trains it, it comes out the same."""
        return 1 / (1 + epoch + self.kind)

    def weights(self, steps: int) -> bytes:
        """What it has learned after so many steps."""
        return f"{self.kind} {steps}".encode()

    def end(self, now: int, status: str, reason: str) -> None:
        """It is over, and its events say so."""
        self.unhold()
        self.finished_at = now
        if reason == "diverged":
            self.events.append("diverged")
        self.put(status, reason, status)

    def forget_training(self) -> None:
        """As if it had never been trained."""
        self.checkpoints = {}
        self.losses = self.epoch = self.steps = 0
        self.environment, self.exact = None, True


def choose_next(
    jobs: Iterable[ModelJob], now: int, max_worker_losses: int, max_running: int | None
) -> ModelJob | None:
    """Whose turn it is: priority, the owner who waited longest, the orphaned first, age."""
    every = list(jobs)

    def last_served(job: ModelJob) -> int:
        return max(other.claimed_at or 0 for other in every if other.owner == job.owner)

    def is_allowed(job: ModelJob) -> bool:
        others = [one for one in every if one.owner == job.owner and one.status in HELD]
        held = sum(not one.is_unheld(now) for one in others)
        is_lost = job.lease_expires_at is not None and job.worker_losses + 1 >= max_worker_losses
        return not is_lost and (max_running is None or held < max_running)

    def turn(job: ModelJob) -> tuple[float | str, ...]:
        orphaned_at = math.inf if job.lease_expires_at is None else job.lease_expires_at
        return -job.priority, last_served(job), orphaned_at, job.id

    return min(
        (job for job in every if job.is_claimable(now) and is_allowed(job)), key=turn, default=None
    )
