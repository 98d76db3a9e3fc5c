"""Webhooks on the wire: whom to tell of which events, and how the telling went."""

import binascii
from base64 import b64decode
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from service.schemas.common import Body, View, _storable
from store.webhooks.deliveries import AttemptError, DeliveryStatus


def _base64(secret: str) -> str:
    try:
        # As the library does it: padding may be missing.
        b64decode(secret.removeprefix("whsec_") + "==")
    except binascii.Error as error:
        msg = "must be whsec_ and 24 to 64 bytes as base64"
        raise ValueError(msg) from error
    return secret


Secret = Annotated[
    str,
    StringConstraints(pattern=r"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$"),
    AfterValidator(_base64),
]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2048), AfterValidator(_storable)]
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
    "cancelled",
    "diverged",
    "failed",
    "succeeded",
]


class WebhookRequest(Body):
    """A URL to be called when something happens."""

    url: Url = Field(description="http(s)://…, of a public address.")
    events: list[WebhookEvent] | None = Field(
        default=None,
        min_length=1,
        max_length=32,
        description="Default: paused, stalled, cancelled, failed and succeeded.",
    )
    secret: Secret | None = Field(
        default=None,
        description="With which calls are signed (Standard Webhooks); default: a new one.",
    )


class WebhookView(View):
    """A webhook, without its secret."""

    id: str
    job_id: str | None = Field(description="Of which job it is told; null for all jobs.")
    url: str
    events: list[str] | None = Field(
        description="null: paused, stalled, cancelled, failed and succeeded."
    )
    enabled: bool = Field(description="False once the URL has answered 410 Gone.")
    created_at: datetime


class NewWebhookView(WebhookView):
    """A webhook that was just made, with its secret."""

    secret: str = Field(description="With which calls are signed (Standard Webhooks).")


class SecretView(View):
    """What the receiver needs to verify calls."""

    secret: str


class AttemptView(View):
    """One call, and what came of it; what was answered is not kept."""

    number: int
    at: datetime
    seconds: float
    response_status: int | None = Field(description="null when there was no answer.")
    error: AttemptError | None = Field(description="null for a call that was answered with 2xx.")


class DeliveryView(View):
    """One event that is told, until it was taken or given up."""

    id: str = Field(description="Sent along as webhook-id, the same at every attempt.")
    job_id: str | None
    type: str = Field(examples=["job.succeeded"])
    status: DeliveryStatus
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="null when there will be none.")
    finished_at: datetime | None
    attempts: list[AttemptView]
