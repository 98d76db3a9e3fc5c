"""/v1/webhooks: create, list, test, delete; deliveries."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.context import ContextDep
from service.http.json_bodies import JsonRoute
from service.http.media_types import JSON
from service.http.problems import problems
from service.idempotency import IdempotentJson, respond
from service.schemas.common import After, Limit, Name, Order, PageView, WebhookId
from service.schemas.webhooks import (
    DeliveryView,
    NewWebhookView,
    SecretView,
    WebhookRequest,
    WebhookView,
)
from service.webhooks import webhooks
from store.db.pagination import PageRequest

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=JsonRoute)


@router.post(
    "",
    status_code=201,
    response_model=NewWebhookView,
    responses=problems(400, 409, 413, 415, 422, 429, 503),
)
def post_webhook(context: ContextDep, body: WebhookRequest, keyed: IdempotentJson) -> Response:
    """Create a webhook for the events of all jobs; for one job use `webhook` in its request."""
    return respond(webhooks.post(context, body, keyed))


@router.get("", responses=problems(422, 503))
def list_webhooks(
    context: ContextDep,
    limit: Limit = 50,
    after: After = None,
    order: Order = "desc",
    job_id: Annotated[Name | None, Query(description="Webhooks of this job.")] = None,
) -> PageView[WebhookView]:
    """List webhooks, including those of single jobs, newest first by default."""
    page = webhooks.page(context, PageRequest(limit, after, order), job_id)
    return PageView.of(page)


@router.get("/{webhook_id}", responses=problems(404, 422, 503))
def get_webhook(context: ContextDep, webhook_id: WebhookId) -> WebhookView:
    """Return a webhook, without its secret."""
    return webhooks.get(context, webhook_id)


@router.get("/{webhook_id}/secret", response_model=SecretView, responses=problems(404, 422, 503))
def get_secret(context: ContextDep, webhook_id: WebhookId) -> Response:
    """Return the signing secret; the only way to get the secret of a single job's webhook."""
    found = webhooks.get_secret(context, webhook_id).model_dump_json()
    return Response(found, headers={"Cache-Control": "no-store"}, media_type=JSON)


@router.delete("/{webhook_id}", status_code=204, responses=problems(404, 422, 503))
def delete_webhook(context: ContextDep, webhook_id: WebhookId) -> None:
    """Delete a webhook and its pending deliveries."""
    webhooks.delete(context, webhook_id)


@router.get("/{webhook_id}/deliveries", responses=problems(404, 422, 503))
def list_deliveries(
    context: ContextDep,
    webhook_id: WebhookId,
    limit: Limit = 50,
    after: After = None,
    order: Order = "desc",
) -> PageView[DeliveryView]:
    """List the deliveries of a webhook, pending ones included, with every attempt."""
    page = webhooks.deliveries(context, webhook_id, PageRequest(limit, after, order))
    return PageView.of(page)


@router.post("/{webhook_id}/test", status_code=202, responses=problems(404, 422, 429, 503))
def test_webhook(context: ContextDep, webhook_id: WebhookId) -> DeliveryView:
    """Send an event of type `webhook.test`; the webhook's deliveries show the outcome."""
    return webhooks.test(context, webhook_id)
