"""/v1/jobs/{id}/replay and /v1/replays: repeat a whole job, compare its result."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.context import ContextDep
from service.http.api_route import ApiRoute
from service.http.problems import problems
from service.idempotency import IdempotentRequest, respond
from service.replays import create, replays
from service.schemas.common import After, JobId, Limit, Name, Order, PageView, ReplayId
from service.schemas.replays import ReplayView
from store.db.pagination import PageRequest

router = APIRouter(prefix="/v1", tags=["replays"], route_class=ApiRoute)

PROBLEMS = problems(404, 409, 422, 503)


@router.post(
    "/jobs/{job_id}/replay",
    summary="Repeat a whole job and compare its result",
    status_code=202,
    response_model=ReplayView,
    responses={**PROBLEMS, **problems(429)},
)
def post_replay(context: ContextDep, job_id: JobId, keyed: IdempotentRequest) -> Response:
    """Queue a replay of a job that has ended with a model, to prove its digest.

    A worker repeats all steps from the start, with the same spec, datasets and initial weights, and
    compares every epoch's losses and the weights bit for bit. It must have an environment that
    gives equal bits; 409 names the difference if no live worker has one. Nothing but the verdict is
    kept.
    """
    return respond(create.post(context, job_id, keyed))


@router.get("/replays", responses=problems(422, 503))
def list_replays(
    context: ContextDep,
    limit: Limit = 50,
    after: After = None,
    order: Order = "desc",
    job_id: Annotated[Name | None, Query(description="Replays of this job.")] = None,
) -> PageView[ReplayView]:
    """List replays, newest first by default."""
    return PageView.of(replays.page(context, job_id, PageRequest(limit, after, order)))


@router.get("/replays/{replay_id}", responses=problems(404, 422, 503))
def get_replay(context: ContextDep, replay_id: ReplayId) -> ReplayView:
    """Return a replay: its status, progress and verdict."""
    return replays.get(context, replay_id)


@router.post("/replays/{replay_id}/cancel", status_code=202, responses=PROBLEMS)
def cancel_replay(context: ContextDep, replay_id: ReplayId) -> ReplayView:
    """Cancel a replay; it then has no verdict."""
    return replays.cancel(context, replay_id)


@router.post("/replays/{replay_id}/pause", status_code=202, responses=PROBLEMS)
def pause_replay(context: ContextDep, replay_id: ReplayId) -> ReplayView:
    """Pause a replay after its current step and free its worker."""
    return replays.pause(context, replay_id)


@router.post("/replays/{replay_id}/resume", status_code=202, responses=PROBLEMS)
def resume_replay(context: ContextDep, replay_id: ReplayId) -> ReplayView:
    """Resume a paused replay."""
    return replays.resume(context, replay_id)
