"""Any step of a job, reached within a limited time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.training.stopping import never
from store.errors import ReadingStoppedError, ReplayTooLongError
from store.jobs.jobs import JobRecord
from store.prepared.open import DataResources
from store.replay.open_replay import open_at_nearest
from store.replay.plan import ReplayPlan
from store.replay.position import Position
from store.replay.replay import Replay


@dataclass(frozen=True)
class ReplayLimit:
    """How long a replay may take.

    Attributes:
        seconds: time for the repeated steps, without reading the data.
        stop: called before each step; True ends the replay with ReadingStoppedError.
    """

    seconds: float
    stop: Callable[[], bool] = never


def reach_step(
    resources: DataResources, job: JobRecord, position: Position, limit: ReplayLimit
) -> Replay:
    """Return a job's training positioned before a step: `training` is about to do it.

    Args:
        resources: resources of this process.
        job: the job, of kind `training`.
        position: the step to reach.
        limit: how long the replay may take.

    Raises:
        StepNotFoundError: the job has no such step.
        ReplayTooLongError: the replay takes longer than the limit, by the time that the job took,
            before anything is read; or has taken longer.
        ReadingStoppedError: `limit.stop` ended it.
        DatasetGoneError: the job's dataset or initial model has been deleted.
        DataError: the rows cannot be trained on.
        LaterVersionError, DamagedArtifactError, StoreUnavailableError: as reading the job raises.
    """
    replay = open_at_nearest(resources, job, position, lambda plan: _require_short(plan, limit))
    started = time.monotonic()
    ends = started + limit.seconds
    if not replay.run(lambda: limit.stop() or time.monotonic() >= ends):
        if limit.stop():
            raise ReadingStoppedError
        raise _took_too_long(replay, time.monotonic() - started, limit)
    return replay


def _require_short(plan: ReplayPlan, limit: ReplayLimit) -> None:
    seconds = plan.least_steps * plan.seconds_per_step
    if seconds > limit.seconds:
        raise ReplayTooLongError(plan.least_steps, seconds, limit.seconds, plan.origin.steps)


def _took_too_long(replay: Replay, seconds: float, limit: ReplayLimit) -> ReplayTooLongError:
    done = replay.steps_done
    steps = max(replay.steps_to_do or 0, done + 1)
    expected = seconds * steps / max(done, 1)
    return ReplayTooLongError(steps, expected, limit.seconds, replay.origin.steps)
