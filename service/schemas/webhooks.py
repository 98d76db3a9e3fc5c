"""Webhooks on the wire: whom to tell of which events."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.schemas.common import Body

Secret = Annotated[str, StringConstraints(pattern=r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$")]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
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
