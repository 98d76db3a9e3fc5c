"""/v1/webhooks: made, listed, tried, deleted, and what they were told."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.context import ContextDep
from service.http.bodies import JsonRoute
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
    responses=problems(409, 413, 415, 422, 429, 503),
)
def post_webhook(context: ContextDep, body: WebhookRequest, keyed: IdempotentJson) -> Response:
    """Have a URL called at events of all jobs; `webhook` in a job's body is for one job."""
    return respond(webhooks.post(context, body, keyed))


@router.get("", responses=problems(422, 503))
def list_webhooks(
    context: ContextDep,
    limit: Limit = 50,
    after: After = None,
    order: Order = "desc",
    job_id: Annotated[Name | None, Query(description="Those of one job.")] = None,
) -> PageView[WebhookView]:
    """Webhooks, those of single jobs included, newest first unless asked otherwise."""
    page = webhooks.page(context, PageRequest(limit, after, order), job_id)
    return PageView(data=list(page.items), has_more=page.next is not None, next=page.next)


@router.get("/{webhook_id}", responses=problems(404, 422, 503))
def get_webhook(context: ContextDep, webhook_id: WebhookId) -> WebhookView:
    """A webhook, without its secret."""
    return webhooks.get(context, webhook_id)


@router.get("/{webhook_id}/secret", responses=problems(404, 422, 503))
def get_secret(context: ContextDep, webhook_id: WebhookId, response: Response) -> SecretView:
    """What its calls are signed with; of a job's own webhook there is no other way to know it."""
    response.headers["Cache-Control"] = "no-store"
    return webhooks.get_secret(context, webhook_id)


@router.delete("/{webhook_id}", status_code=204, responses=problems(404, 422, 503))
def delete_webhook(context: ContextDep, webhook_id: WebhookId) -> None:
    """Forget a webhook, and what it has not been told yet."""
    webhooks.delete(context, webhook_id)


@router.get("/{webhook_id}/deliveries", responses=problems(404, 422, 503))
def list_deliveries(
    context: ContextDep,
    webhook_id: WebhookId,
    limit: Limit = 50,
    after: After = None,
    order: Order = "desc",
) -> PageView[DeliveryView]:
    """What the webhook was told or is yet to be told, with every attempt."""
    page = webhooks.deliveries(context, webhook_id, PageRequest(limit, after, order))
    return PageView(data=list(page.items), has_more=page.next is not None, next=page.next)


@router.post("/{webhook_id}/test", status_code=202, responses=problems(404, 422, 503))
def test_webhook(context: ContextDep, webhook_id: WebhookId) -> DeliveryView:
    """Send an event of the type `webhook.test`; its deliveries tell what came of it."""
    return webhooks.test(context, webhook_id)
