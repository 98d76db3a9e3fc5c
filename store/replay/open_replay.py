"""Opening of a job's training at the kept state that is nearest to a step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from store.errors import NotFoundError
from store.jobs.checkpoints import Checkpoint
from store.jobs.jobs import JobRecord
from store.prepared.open import DataResources, open_job_data
from store.replay.build_training import build_training
from store.replay.plan import ReplayPlan, plan_replay
from store.replay.position import Position
from store.replay.replay import Replay
from store.replay.states.kept_states import load_state

# States may be deleted while they are read: a running job replaces its checkpoints.
_TRIES = 5


def open_at_nearest(
    resources: DataResources,
    job: JobRecord,
    position: Position,
    check: Callable[[ReplayPlan], None] | None = None,
) -> Replay:
    """Open a job's training at the kept state nearest to a step; `Replay.run` goes on from there.

    Args:
        resources: resources of this process.
        job: the job, of kind `training`.
        position: the step to go to.
        check: called with the plan before the state and the rows are read; it may raise.

    Raises:
        StepNotFoundError: the job has no such step, as far as is known.
        DatasetGoneError: the job's dataset or initial model has been deleted.
        DataError: the rows cannot be trained on.
        LaterVersionError, DamagedArtifactError, StoreUnavailableError: as reading the job raises.
    """
    with resources.database.reading() as session:
        plan = plan_replay(session, job, position, resources.environment)
    with _gone_translated(plan):
        data = open_job_data(resources, job)
    plan, checkpoint = load_nearest(resources, job, position, check)
    with _gone_translated(plan):
        training = build_training(data, checkpoint)
    return Replay(training, data, plan, resources.environment)


def load_nearest(
    resources: DataResources,
    job: JobRecord,
    position: Position,
    check: Callable[[ReplayPlan], None] | None = None,
) -> tuple[ReplayPlan, Checkpoint | None]:
    """Return the plan, and the checkpoint to start from, which is None at the start.

    The arguments are those of `open_at_nearest`.
    """
    tries_left = _TRIES
    while True:
        tries_left -= 1
        try:
            with resources.database.reading() as session:
                plan = plan_replay(session, job, position, resources.environment)
                if check is not None:
                    check(plan)
                return plan, load_state(session, plan.origin, resources.settings.data_dir)
        except NotFoundError:
            if not tries_left:
                raise


@contextmanager
def _gone_translated(plan: ReplayPlan) -> Iterator[None]:
    try:
        yield
    except NotFoundError as error:
        raise plan.data_gone(f"{error.noun} {error.key}") from error
