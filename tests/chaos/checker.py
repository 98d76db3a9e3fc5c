"""Checker of a history, like Jepsen's total-queue: lost, unexpected and duplicated jobs.

Pure functions: the inputs are a journal, the database's contents and an undisturbed run; the output
is a list of complaints. An empty list means that all guarantees held.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from store.statuses import TERMINAL
from tests.chaos.history import EpochFact, JobFact, ReplayFact
from tests.chaos.journal import Entry

ACCEPTED = 202
LONGEST_ORPHAN_SECONDS = 30.0
# Trainings of more epochs are thinned, but for the last ones.
WHOLE_UP_TO, LAST_WHOLE = 10_000, 5_000


@dataclass(frozen=True)
class Undisturbed:
    """Losses and weights of a job that is trained without faults."""

    losses: tuple[EpochFact, ...]
    weights: str | None


@dataclass(frozen=True)
class Ending:
    """The expected ending of a job."""

    status: str = "succeeded"
    reason: str | None = "completed"


@dataclass(frozen=True)
class Queue:
    """Outcome of all posted jobs, as sets of keys or ids.

    Attributes:
        lost: keys answered with 202 whose job does not exist.
        unexpected: ids of jobs that the client did not request.
        duplicated: keys that created more than one job, or were answered with different ids.
        recovered: keys without an answer whose job exists: allowed.
    """

    lost: tuple[str, ...]
    unexpected: tuple[str, ...]
    duplicated: tuple[str, ...]
    recovered: tuple[str, ...]

    def complaints(self) -> list[str]:
        """Return the violations of the queue's guarantees."""
        named = {"lost": self.lost, "unexpected": self.unexpected, "duplicated": self.duplicated}
        return [f"{name}: {key}" for name, keys in named.items() for key in keys]


def check_queue(entries: Iterable[Entry], jobs: Sequence[JobFact]) -> Queue:
    """Compare the journal with the jobs in the database."""
    posts = [entry for entry in entries if entry.path == "/v1/jobs"]
    wanted = {entry.key for entry in posts if entry.kind == "send"}
    answered: dict[str, set[str | None]] = {}
    for entry in posts:
        if entry.kind == "answer" and entry.status == ACCEPTED:
            answered.setdefault(entry.key, set()).add(entry.id)
    there = {(job.key, job.id) for job in jobs}
    made = Counter(job.key for job in jobs)
    lost = [key for key, ids in answered.items() if any((key, one) not in there for one in ids)]
    twice = {key for key, count in made.items() if count > 1 and key in wanted}
    twice |= {key for key, ids in answered.items() if len(ids) > 1}
    return Queue(
        lost=tuple(lost),
        unexpected=tuple(job.id for job in jobs if job.key not in wanted),
        duplicated=tuple(sorted(twice)),
        recovered=tuple(sorted(key for key in made if key in wanted and key not in answered)),
    )


def check_answers(entries: Iterable[Entry]) -> list[str]:
    """Check that failures were answered with 503 or 507, never with an unexpected error."""
    odd = [entry for entry in entries if entry.kind == "answer" and entry.status in {500, 502, 504}]
    return [f"{entry.path} was answered {entry.status} ({entry.key})" for entry in odd]


def check_endings(jobs: Iterable[JobFact], expected: Mapping[str, Ending]) -> list[str]:
    """Check that each job has exactly one terminal transition, at the end, to the expected state.

    Args:
        jobs: all jobs.
        expected: endings by key; every other job is expected to succeed.
    """
    complaints = []
    for job in jobs:
        ends = [state for state in job.states if state in TERMINAL]
        if len(ends) != 1:
            complaints.append(f"{job.id}: {len(ends)} terminal transitions in {job.states}")
        elif job.states[-1] != ends[0] or job.status != ends[0]:
            complaints.append(f"{job.id}: {job.status} after {job.states}")
        reported = [event for event in job.events if event in TERMINAL]
        if reported != ends:
            complaints.append(f"{job.id}: its events report {reported}")
        elif ends and job.events[-1] != ends[-1]:
            complaints.append(f"{job.id}: events after its end: {job.events[-3:]}")
        ending = expected.get(job.key, Ending())
        if (job.status, job.reason) != (ending.status, ending.reason):
            complaints.append(f"{job.id}: {job.status} ({job.reason}), not {ending.status}")
    return complaints


def check_results(jobs: Iterable[JobFact]) -> list[str]:
    """Check that a succeeded job has one result, a cancelled one at most one, a failed one none."""
    allowed = {"succeeded": {1}, "cancelled": {0, 1}, "failed": {0}}
    return [
        f"{job.id}: {job.results} results of a job that is {job.status}"
        for job in jobs
        if job.results not in allowed.get(job.status, {0})
    ]


def check_exactness(jobs: Iterable[JobFact], runs: Mapping[str, Undisturbed]) -> list[str]:
    """Check that losses equal the undisturbed run bit for bit, without gap or duplicate.

    Trainings of many epochs are thinned: their gaps are those of `is_kept`.
    The epochs of a cancelled job must equal the first epochs of the undisturbed run.
    """
    complaints = []
    for job in jobs:
        if job.status == "failed":
            continue
        run = runs.get(job.work)
        if run is None:
            complaints.append(f"{job.id}: no undisturbed run of {job.work!r}")
            continue
        complaints += [f"{job.id}: {text}" for text in _compare(job, run)]
    return complaints


def _compare(job: JobFact, run: Undisturbed) -> Iterator[str]:
    epochs = [fact.epoch for fact in job.losses]
    kept = [epoch for epoch in range(max(epochs, default=-1) + 1) if is_kept(epoch, max(epochs))]
    # Besides the best epoch, those after the last checkpoint of a cancelled job may not be thinned.
    of_rule = epochs if len(kept) == len(epochs) else [one for one in epochs if one in set(kept)]
    if of_rule != kept or epochs != sorted(set(epochs)):
        yield f"epochs with a gap or a duplicate: {_first_break(of_rule, kept)}"
    done = job.status == "succeeded"
    common = {fact.epoch for fact in run.losses} if kept[-1:] >= [WHOLE_UP_TO] else set(epochs)
    found = job.losses if done else tuple(one for one in job.losses if one.epoch in common)
    wanted = run.losses if done else tuple(one for one in run.losses if one.epoch in set(epochs))
    if found != wanted:
        yield f"losses differ {_first_difference(found, wanted)}"
    if done and (job.weights is None or job.weights != run.weights):
        yield f"weights {job.weights}, undisturbed {run.weights}"
    if not job.exact:
        yield "is recorded as not exact"


def is_kept(epoch: int, last: int) -> bool:
    """Return whether an epoch is kept of a training with this last epoch, as documented."""
    age = last + 1 - epoch
    if last < WHOLE_UP_TO or age <= LAST_WHOLE:
        return True
    divisor: int = 2 ** math.ceil(math.log2(age / LAST_WHOLE))
    return epoch % divisor == 0


def check_replays(replays: Iterable[ReplayFact]) -> list[str]:
    """Check that each replay has ended once, has proved its digest, and leaves nothing else."""
    complaints = []
    for replay in replays:
        ends = [event for event in replay.events if event in TERMINAL]
        if (replay.status, ends) != ("succeeded", ["succeeded"]):
            complaints.append(f"{replay.id}: a replay {replay.status}, with the events {ends}")
        elif not (replay.verdict or {}).get("identical"):
            complaints.append(f"{replay.id}: the replay differs: {replay.verdict}")
        if replay.checkpoints:
            complaints.append(f"{replay.id}: the replay leaves {replay.checkpoints} checkpoints")
    return complaints


def check_claims(jobs: Iterable[JobFact]) -> list[str]:
    """Check that attempts, tokens and checkpoints are consistent: no write with a stale token.

    A rescued job resumes from its last checkpoint, so the steps of its checkpoints never decrease;
    a write by a stale worker would decrease them.
    """
    complaints = []
    for job in jobs:
        rescues = job.events.count("rescued")
        if job.attempt > rescues + 1:
            complaints.append(f"{job.id}: attempt {job.attempt} after {rescues} rescues")
        if job.token < rescues + job.events.count("claimed"):
            complaints.append(f"{job.id}: token {job.token} is less than its claims")
        steps = list(job.checkpoint_steps)
        if steps != sorted(steps):
            complaints.append(f"{job.id}: its checkpoints decrease: {_first_fall(steps)}")
    return complaints


def check_orphans(longest_seconds: float, limit: float = LONGEST_ORPHAN_SECONDS) -> list[str]:
    """Check that no lease was expired and unclaimed for longer than `limit`."""
    if longest_seconds <= limit:
        return []
    return [f"a lease was expired and unclaimed for {longest_seconds:.1f} s"]


def _first_break(epochs: Sequence[int], kept: Sequence[int]) -> str:
    found, wanted = next((a, b) for a, b in zip_longest(epochs, kept) if a != b)
    return f"{found} where {wanted} should be"


def _first_difference(losses: tuple[EpochFact, ...], wanted: tuple[EpochFact, ...]) -> str:
    for here, there in zip(losses, wanted, strict=False):
        if here != there:
            return f"at epoch {there.epoch}: {here.values} and {there.values}"
    return f"in number: {len(losses)} and {len(wanted)}"


def _first_fall(steps: Sequence[int]) -> str:
    return next(f"{a} then {b}" for a, b in pairwise(steps) if b < a)
