"""/v1/explanations: work that reaches a step too far away for one request."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.context import ContextDep
from service.explanations import explanations
from service.http.api_route import ApiRoute
from service.http.problems import problems
from service.schemas.common import After, ExplanationId, Limit, Name, Order, PageView
from service.schemas.explanations import ExplanationView
from store.db.pagination import PageRequest

router = APIRouter(prefix="/v1/explanations", tags=["explain"], route_class=ApiRoute)


@router.get("", responses=problems(422, 503))
def list_explanations(
    context: ContextDep,
    limit: Limit = 50,
    after: After = None,
    order: Order = "desc",
    job_id: Annotated[Name | None, Query(description="Explanations of this job.")] = None,
) -> PageView[ExplanationView]:
    """List explanations, newest first by default."""
    return PageView.of(explanations.page(context, job_id, PageRequest(limit, after, order)))


@router.get("/{explanation_id}", responses=problems(404, 422, 503))
def get_explanation(context: ContextDep, explanation_id: ExplanationId) -> ExplanationView:
    """Return an explanation: its status and progress, and a link to the answer once it is there."""
    return explanations.get(context, explanation_id)


@router.post("/{explanation_id}/cancel", status_code=202, responses=problems(404, 409, 422, 503))
def cancel_explanation(context: ContextDep, explanation_id: ExplanationId) -> ExplanationView:
    """Cancel an explanation; no state is kept."""
    return explanations.cancel(context, explanation_id)
