"""The kept states of a job's training, from which its steps are reached."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.db.tables import checkpoints, jobs
from store.environment import gives_equal_bits
from store.errors import NotFoundError
from store.jobs.checkpoints import (
    Checkpoint,
    find_checkpoint_row,
    find_kept_steps,
    read_checkpoint,
)
from store.jobs.jobs import JobRecord
from store.replay.position import Place
from store.statuses import EXPLANATION

StateKind = Literal["start", "checkpoint", "milestone", "explanation"]


@dataclass(frozen=True)
class KeptState:
    """A state of a training.

    Attributes:
        kind: the start; one of the job's last checkpoints, or its best; an earlier checkpoint, kept
            as a milestone; or the state that an explanation has kept.
        steps: steps done over all networks.
        place: the current network, and the steps that it has done.
        job_id: id of the job whose checkpoint it is: the training, or the explanation.
        environment: environment of its last step; empty at the start.
        exact: whether it has the bits that the job had there.
    """

    kind: StateKind
    steps: int
    place: Place
    job_id: str
    environment: Mapping[str, Any]
    exact: bool

    def can_be_used(self, environment: Mapping[str, Any]) -> bool:
        """Return whether a replay in this environment comes nearest to the job's bits from here.

        The job's own states have its bits. An explanation's state that was reached in another
        environment has not, and is used only where a replay would lead to the same state.
        """
        is_own = self.kind != "explanation"
        return is_own or self.exact or gives_equal_bits(self.environment, environment)


def find_states(session: Session, job: JobRecord) -> tuple[KeptState, ...]:
    """Return the kept states of a training, in the order of steps; the first is the start."""
    start = KeptState("start", 0, Place(0, 0), job.id, {}, exact=True)
    found = sorted(_read_states(session, job), key=lambda state: (state.steps, state.kind))
    return (start, *found)


def _read_states(session: Session, job: JobRecord) -> Iterator[KeptState]:
    numbers = checkpoints.c.numbers
    training = numbers["training"]
    explanations = select(jobs.c.id).where(jobs.c.subject_id == job.id, jobs.c.kind == EXPLANATION)
    _, milestones = find_kept_steps(session, job.id)
    rows = session.execute(
        select(
            checkpoints.c.job_id,
            checkpoints.c.steps,
            numbers["environment"].label("environment"),
            numbers["exact"].label("exact"),
            training["done"].label("networks"),
            training["steps_before"].label("before"),
            training["restores"].label("restores"),
            training["training"]["restores"].label("restores_in_folds"),
        ).where((checkpoints.c.job_id == job.id) | checkpoints.c.job_id.in_(explanations))
    )
    for row in rows:
        environment, is_own = row.environment or {}, row.job_id == job.id
        # Checkpoints of early versions lack it.
        exact = job.exact if row.exact is None else row.exact
        yield KeptState(
            _kind_of(is_own=is_own, is_milestone=row.steps in milestones),
            row.steps,
            # Trainings without folds have neither of the first two.
            Place(
                row.networks or 0,
                row.steps - (row.before or 0),
                row.restores or row.restores_in_folds or 0,
            ),
            row.job_id,
            environment,
            # A retried job may have moved since an explanation.
            exact=exact and (is_own or gives_equal_bits(environment, job.environment or {})),
        )


def _kind_of(*, is_own: bool, is_milestone: bool) -> StateKind:
    if not is_own:
        return "explanation"
    return "milestone" if is_milestone else "checkpoint"


def nearest_state(
    states: Sequence[KeptState], place: Place, environment: Mapping[str, Any]
) -> KeptState:
    """Return the last state at or before a place that is of use in this environment."""
    return max(
        (s for s in states if s.place <= place and s.can_be_used(environment)),
        key=lambda state: (state.place, state.kind != "explanation"),
    )


def load_state(session: Session, state: KeptState, folder: Path | None = None) -> Checkpoint | None:
    """Return the checkpoint of a state; None for the start.

    Its data are bytes, or with a folder a file in it. Raises NotFoundError.
    """
    if state.kind == "start":
        return None
    row = find_checkpoint_row(session, state.job_id, state.steps)
    if row is None:
        raise NotFoundError("checkpoint", f"{state.job_id}/{state.steps}")
    return read_checkpoint(session, row, folder)
