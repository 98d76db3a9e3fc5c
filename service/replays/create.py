"""Creation of replays: idempotent per Idempotency-Key, for workers of an equal environment."""

from collections.abc import Mapping
from typing import Any

from service.context import Context
from service.http.errors import NoEqualWorkerError
from service.idempotency import created, run_once
from service.serializers.replays import replay_view
from store.environment import find_differences, find_equal
from store.idempotency import KeyedRequest, StoredResponse, claim_key, store_response
from store.jobs.jobs import JobRecord, get_job
from store.jobs.replay.new_replay import add_replay, require_replayable
from store.quotas import check_unfinished_jobs
from store.statuses import TRAINING
from store.workers import MISSED_SWEEPS, find_live_environments

Environments = Mapping[str, Mapping[str, Any] | None]


def post(context: Context, job_id: str, keyed: KeyedRequest | None) -> StoredResponse:
    """Queue a replay of a job: commit it, then publish it to the broker.

    Raises NotFoundError, NotReplayableError, NoEqualWorkerError, LimitReachedError, KeyReusedError.
    """
    return run_once(context, keyed, lambda: _post(context, job_id, keyed))


def _post(context: Context, job_id: str, keyed: KeyedRequest | None) -> StoredResponse:
    settings = context.settings
    with context.database.writing() as session:
        claim_key(session, keyed)
        job = get_job(session, job_id, TRAINING)
        require_replayable(job)
        seconds = MISSED_SWEEPS * settings.sweep_seconds
        environment = _find_equal(job, find_live_environments(session, seconds))
        check_unfinished_jobs(session, settings.max_unfinished_jobs, job.owner)
        replay = add_replay(session, job, environment)
        body = replay_view(replay, job.steps)
        response = created(body, f"/v1/replays/{replay.id}", status=202)
        answer = store_response(session, keyed, response)
    context.notify(replay.id)
    return answer


def _find_equal(job: JobRecord, environments: Environments) -> str:
    """Return the hash of a live worker's environment that gives the bits of the job.

    Raises NoEqualWorkerError, which names the differences of the nearest one.
    """
    wanted = job.environment or {}
    found = find_equal(wanted, environments)
    if found is not None:
        return found
    differences = [
        (name, find_differences(wanted, environment))
        for name, environment in environments.items()
        if environment is not None
    ]
    begin = f"job {job.id} can be replayed only by a worker whose environment gives the same bits"
    if not differences:
        msg = f"{begin}, and no worker is running; start one"
        raise NoEqualWorkerError(msg)
    name, nearest = min(differences, key=lambda pair: len(pair[1]))
    listed = ", ".join(f"{field} {here} (job: {there})" for field, (there, here) in nearest.items())
    msg = f"{begin}; of those that are running, the nearest is {name}, with {listed}"
    raise NoEqualWorkerError(msg)
