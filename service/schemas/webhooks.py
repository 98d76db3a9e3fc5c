"""Schemas of webhooks and their deliveries."""

import binascii
from base64 import b64decode
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from service.schemas.common import Body, View, storable
from store.webhooks.deliveries import AttemptError, DeliveryStatus


def _check_base64(secret: str) -> str:
    try:
        # Padding may be missing, as in the standardwebhooks library.
        b64decode(secret.removeprefix("whsec_") + "==")
    except binascii.Error as error:
        msg = "must be whsec_ followed by 24 to 64 bytes in base64"
        raise ValueError(msg) from error
    return secret


Secret = Annotated[
    str,
    StringConstraints(pattern=r"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$"),
    AfterValidator(_check_base64),
]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2048), AfterValidator(storable)]
WebhookEvent = Literal[
    "created",
    "claimed",
    "improved",
    "checkpoint",
    "paused",
    "resumed",
    "retried",
    "stalled",
    "rescued",
    "inexact",
    "finding",
    "restored",
    "cancelled",
    "diverged",
    "failed",
    "succeeded",
]


class WebhookRequest(Body):
    """A URL to be called on events."""

    url: Url = Field(description="HTTP(S) URL with a public address.")
    events: list[WebhookEvent] | None = Field(
        default=None,
        min_length=1,
        max_length=32,
        description="Event types. Default: paused, stalled, cancelled, failed and succeeded.",
    )
    secret: Secret | None = Field(
        default=None,
        description="Secret that signs the calls (Standard Webhooks); default: generated.",
    )


class WebhookView(View):
    """A webhook, without its secret."""

    id: str
    job_id: str | None = Field(description="The job whose events are sent; null for all jobs.")
    url: str
    events: list[str] | None = Field(
        description="Event types; null: paused, stalled, cancelled, failed and succeeded."
    )
    enabled: bool = Field(description="False after the URL has responded 410 Gone.")
    created_at: datetime


class NewWebhookView(WebhookView):
    """A new webhook, with its secret."""

    secret: str = Field(description="Secret that signs the calls (Standard Webhooks).")


class SecretView(View):
    """The secret with which a receiver verifies calls."""

    secret: str


class AttemptView(View):
    """One call and its outcome; the response body is not stored."""

    number: int
    at: datetime
    seconds: float
    response_status: int | None = Field(description="null without a response.")
    error: AttemptError | None = Field(description="null after a 2xx response.")


class DeliveryView(View):
    """The delivery of one event to a webhook, with its attempts."""

    id: str = Field(description="Sent as the webhook-id header, the same in every attempt.")
    job_id: str | None
    type: str = Field(examples=["job.succeeded"])
    status: DeliveryStatus
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="null if there are no further attempts.")
    finished_at: datetime | None
    attempts: list[AttemptView]
