"""/v1/jobs/{id}/diagnostics: statistics of layers per epoch, findings of the rules."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from service.context import ContextDep
from service.http.csv import wants_csv
from service.http.json_bodies import JsonRoute
from service.http.problems import problems
from service.jobs.diagnostics import read_diagnostics
from service.routes.jobs import EPOCHS_CSV, MAX_LOSSES, epochs_response
from service.schemas.common import JobId
from service.schemas.diagnostics import DiagnosticsView
from service.serializers.diagnostics import diagnostics_as_csv, diagnostics_view

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=JsonRoute)


@router.get(
    "/{job_id}/diagnostics",
    response_model=DiagnosticsView,
    responses={
        **problems(404, 422, 503),
        200: EPOCHS_CSV,
    },
)
def get_diagnostics(
    context: ContextDep,
    job_id: JobId,
    limit: Annotated[int, Query(ge=1, le=MAX_LOSSES)] = 1000,
    after: Annotated[
        int, Query(ge=-1, le=2**31 - 1, description="Return epochs after this one.")
    ] = -1,
    accept: Annotated[str, Header()] = "application/json",
) -> DiagnosticsView | Response:
    """Return the gradient flow through the layers per epoch, and what the rules have found.

    As CSV: one line per epoch and layer, without the findings; thinned if the response has the
    header Backpropd-Thinned.
    """
    job, page = read_diagnostics(context, job_id, after, limit)
    if wants_csv(accept):
        return epochs_response(diagnostics_as_csv(page.epochs), page)
    return diagnostics_view(job, page)
