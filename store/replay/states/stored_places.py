"""The steps of a job whose state is stored completely, so that they can be explained without data.

The preprocessing of a network is stored with its states, and that of the last network with the
job's model. The initial weights follow from the seed, or are those of another model.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.db.tables import models
from store.jobs.jobs import JobRecord
from store.replay.position import Place
from store.replay.states.job_steps import JobSteps
from store.replay.states.kept_states import KeptState


def find_stored_places(
    session: Session, steps: JobSteps, states: Sequence[KeptState]
) -> tuple[Place, ...]:
    """Return the places before steps that need no dataset, in order."""
    job = steps.job
    found = _existing_models(session, job)
    networks = {*find_preprocessed(states)}
    if job.model_id in found:
        networks.add(job.folds_done)
    start = start_model_of(job)
    starts = {Place(network, 0) for network in networks if start is None or start in found}
    kept = {state.place for state in states[1:]}
    return tuple(sorted(place for place in starts | kept if steps.has(place)))


def find_preprocessed(states: Sequence[KeptState]) -> Mapping[int, KeptState]:
    """Return a state of each network that has one, by the network's index."""
    return {state.place.network: state for state in states[1:]}


def start_model_of(job: JobRecord) -> str | None:
    """Return the id of the model that has the initial weights; None for new weights."""
    return None if job.start_from is None else str(job.start_from["model_id"])


def _existing_models(session: Session, job: JobRecord) -> set[str]:
    """Return which of the job's own model and its initial one exist."""
    wanted = [one for one in (job.model_id, start_model_of(job)) if one is not None]
    if not wanted:
        return set()
    return {*session.execute(select(models.c.id).where(models.c.id.in_(wanted))).scalars()}
