"""Creation, queries, test and deletion of webhooks, and the check of their URLs."""

import secrets
from base64 import b64encode
from dataclasses import asdict
from typing import Any

from service.context import Context
from service.http.errors import ForbiddenAddressError
from service.idempotency import created, run_once
from service.schemas.common import FieldProblem
from service.schemas.webhooks import (
    DeliveryView,
    NewWebhookView,
    SecretView,
    WebhookRequest,
    WebhookView,
)
from service.webhooks.ssrf_guard import Resolver, UnresolvedError, is_public, look_up
from service.webhooks.url import InvalidWebhookUrlError, parse_webhook_url
from store.db.pagination import Page, PageRequest
from store.idempotency import KeyedRequest, StoredResponse, claim_key, store_response
from store.webhooks.deliveries import DeliveryRecord, add_test_delivery, list_deliveries
from store.webhooks.webhooks import (
    WebhookRecord,
    add_webhook,
    delete_webhook,
    get_webhook,
    list_webhooks,
)

# Meanwhile the client and the thread of its request wait.
LOOK_UP_SECONDS = 5.0
SECRET_BYTES = 32


def check_url(context: Context, url: str, pointer: str, resolve: Resolver = look_up) -> None:
    """Check that a URL may be called at present. Raises ForbiddenAddressError.

    Call it outside of transactions, as it waits for the resolver. The addresses of a host may
    change, so they are checked again at every call.

    Args:
        context: context of the service.
        url: the URL to check.
        pointer: JSON pointer to its field.
        resolve: resolves a host to its addresses.
    """
    try:
        target = parse_webhook_url(url)
        addresses = resolve(target.host, target.port).result(LOOK_UP_SECONDS)
    except InvalidWebhookUrlError as error:
        raise _forbidden(pointer, "invalid_url", str(error)) from error
    except (UnresolvedError, TimeoutError) as error:
        raise _forbidden(
            pointer, "unresolved", "the host of the URL does not resolve to an address"
        ) from error
    if context.settings.webhook_private_addresses or all(map(is_public, addresses)):
        return
    detail = "the host of the URL must have a public address"
    raise _forbidden(pointer, "private_address", detail)


def _forbidden(pointer: str, code: str, detail: str) -> ForbiddenAddressError:
    return ForbiddenAddressError([FieldProblem(pointer=pointer, code=code, detail=detail)])


def post(context: Context, request: WebhookRequest, keyed: KeyedRequest | None) -> StoredResponse:
    """Create a webhook for all jobs. Raises ForbiddenAddressError, LimitReachedError."""
    return run_once(context, keyed, lambda: _post(context, request, keyed))


def _post(context: Context, request: WebhookRequest, keyed: KeyedRequest | None) -> StoredResponse:
    check_url(context, request.url, "/url")
    with context.database.writing() as session:
        claim_key(session, keyed)
        webhook = add_webhook(session, "", request.url, request.events, secret_of(request))
        shown = NewWebhookView(**_public_fields(webhook), secret=webhook.secret)
        return store_response(session, keyed, created(shown, f"/v1/webhooks/{webhook.id}"))


def secret_of(request: WebhookRequest) -> str:
    """Return the secret of the request, or a new random one."""
    return request.secret or f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def get(context: Context, webhook_id: str) -> WebhookView:
    """Return the webhook. Raises NotFoundError."""
    with context.database.reading() as session:
        return WebhookView(**_public_fields(get_webhook(session, webhook_id)))


def get_secret(context: Context, webhook_id: str) -> SecretView:
    """Return the signing secret of the webhook. Raises NotFoundError."""
    with context.database.reading() as session:
        return SecretView(secret=get_webhook(session, webhook_id).secret)


def page(context: Context, request: PageRequest, job_id: str | None) -> Page[WebhookView]:
    """Return one page of webhooks."""
    with context.database.reading() as session:
        found = list_webhooks(session, request, job_id)
    return found.map(lambda webhook: WebhookView(**_public_fields(webhook)))


def delete(context: Context, webhook_id: str) -> None:
    """Delete the webhook and its pending deliveries. Raises NotFoundError."""
    with context.database.writing() as session:
        delete_webhook(session, webhook_id)


def deliveries(context: Context, webhook_id: str, request: PageRequest) -> Page[DeliveryView]:
    """Return one page of the webhook's deliveries. Raises NotFoundError."""
    with context.database.reading() as session:
        get_webhook(session, webhook_id)
        found = list_deliveries(session, webhook_id, request)
    return found.map(_delivery_view)


def test(context: Context, webhook_id: str) -> DeliveryView:
    """Send the webhook a test event through the regular delivery.

    Raises NotFoundError, LimitReachedError.
    """
    with context.database.writing() as session:
        get_webhook(session, webhook_id)
        return _delivery_view(add_test_delivery(session, webhook_id))


def _public_fields(webhook: WebhookRecord) -> dict[str, Any]:
    """Return all fields except the secret."""
    return {
        "id": webhook.id,
        "job_id": webhook.job_id,
        "url": webhook.url,
        "events": webhook.events if webhook.events is None else list(webhook.events),
        "enabled": webhook.enabled,
        "created_at": webhook.created_at,
    }


def _delivery_view(delivery: DeliveryRecord) -> DeliveryView:
    values = asdict(delivery)
    del values["webhook_id"]
    if delivery.status != "pending":
        values["next_attempt_at"] = None
    return DeliveryView(**values)
