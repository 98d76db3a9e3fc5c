"""Schemas shared by all routes: strict bodies, text, ids, pages, problems."""

from collections.abc import Callable
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from store.db.pagination import Page
from store.errors import NotFoundError

Item = TypeVar("Item")
MAX_PAGE = 200
# A pointer contains keys of the request, which may be as long as the request.
MAX_POINTER = 300


def storable(text: str) -> str:
    """Reject text that PostgreSQL cannot store: NUL characters and lone surrogates."""
    if "\0" in text:
        msg = "must not contain NUL characters"
        raise ValueError(msg)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        msg = "must not contain lone surrogates"
        raise ValueError(msg) from error
    return text


Text = Annotated[str, StringConstraints(max_length=1024), AfterValidator(storable)]
Name = Annotated[str, StringConstraints(max_length=256), AfterValidator(storable)]


def id_validator(noun: str, prefix: str) -> Callable[[str], str]:
    """Return a validator of ids. An id this service cannot have issued is a 404, not a 422."""

    def check(value: str) -> str:
        if not value.startswith(prefix) or not value.isascii() or not value.isprintable():
            raise NotFoundError(noun, ascii(value[:80]))
        return value

    return check


check_model_id = id_validator("model", "mdl_")
check_job_id = id_validator("job", "job_")

DatasetId = Annotated[str, Path(examples=["ds_…"]), AfterValidator(id_validator("dataset", "ds_"))]
JobId = Annotated[str, Path(examples=["job_…"]), AfterValidator(check_job_id)]
UploadId = Annotated[str, Path(examples=["up_…"]), AfterValidator(id_validator("upload", "up_"))]
ModelId = Annotated[str, Path(examples=["mdl_…"]), AfterValidator(check_model_id)]
ReplayId = Annotated[str, Path(examples=["job_…"]), AfterValidator(id_validator("replay", "job_"))]
ExplanationId = Annotated[
    str, Path(examples=["job_…"]), AfterValidator(id_validator("explanation", "job_"))
]
WebhookId = Annotated[str, Path(examples=["wh_…"]), AfterValidator(id_validator("webhook", "wh_"))]

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Maximum number of items on the page.")]
After = Annotated[
    Annotated[str, StringConstraints(max_length=64), AfterValidator(storable)] | None,
    Query(description="Cursor: the `next` of the previous page."),
]
Order = Annotated[Literal["asc", "desc"], Query(description="Order by creation time.")]


class Body(BaseModel):
    """Base of request bodies: unknown fields, type coercion and NaN are rejected."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class View(BaseModel):
    """Base of responses."""

    model_config = ConfigDict(frozen=True)


class PageView(View, Generic[Item]):
    """One page of a list; `next` is the cursor of the next page, null on the last one."""

    data: list[Item] = Field(description="The page's items.")
    has_more: bool = Field(description="Whether another page follows.")
    next: str | None = Field(description="Cursor of the next page; null on the last one.")

    @classmethod
    def of(cls, page: Page[Item]) -> "PageView[Item]":
        """Return the response for a page."""
        return cls(data=list(page.items), has_more=page.next is not None, next=page.next)


def _cut(pointer: str) -> str:
    return pointer if len(pointer) <= MAX_POINTER else f"{pointer[:MAX_POINTER]}…"


class FieldProblem(View):
    """One error in a request. For an uploaded file it includes the location, where known."""

    location: Literal["body", "query", "path", "header"] = "body"
    pointer: Annotated[str, AfterValidator(_cut)] = Field(
        description="JSON pointer (RFC 6901) to the field within `location`; cut after 300 "
        "characters."
    )
    code: str
    detail: str
    line: int | None = Field(
        None, description="Line of the uploaded file, from 1; absent if unknown."
    )
    column: str | None = Field(None, description="Column of the uploaded table; absent if unknown.")
    text: str | None = Field(
        None, description="The text found there, truncated; absent if unknown."
    )
    expected: str | None = Field(None, description="The expected content; absent if unknown.")


class StepOfJob(View):
    """A step of a network of a job."""

    fold: int | None = Field(
        None,
        description="Index of the fold over all repeats, from 0; absent for the final one.",
    )
    step: int = Field(description="Index of the step over the training of its network, from 0.")


class Problem(View):
    """Problem details of a failed request (RFC 9457)."""

    type: str = Field(examples=["urn:backpropd:problem:not_found"])
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = Field(
        [], description="The fields at fault, at most 20; `detail` states the number of the others."
    )
    job_status: str | None = Field(
        None, description="Status of the job, if it does not allow the request; otherwise absent."
    )
    job_id: str | None = Field(
        None, description="The job that already has this external id; otherwise absent."
    )
    last_step: StepOfJob | None = Field(
        None,
        description="The last step of the network, if the request asks for one beyond it; or "
        "absent.",
    )
    kept_steps: list[StepOfJob] | None = Field(
        None,
        description="The steps that a row of the client's own still explains, if the dataset has "
        "been deleted; otherwise absent.",
    )
    reached: int | float | None = Field(
        None,
        description="The number of units that reading a file had reached when it stopped beyond a "
        "limit; otherwise absent.",
    )
    limit: int | float | None = Field(
        None,
        description="The limit that `reached` exceeds, or the request would; or absent.",
    )
    used: int | None = Field(
        None, description="Of a 429: bytes or rows that count towards the limit; otherwise absent."
    )
    unit: str | None = Field(
        None,
        description="Unit of `reached` and `limit`; or absent.",
        examples=["bytes", "cells", "seconds"],
    )
    setting: str | None = Field(
        None,
        description="Setting of the service that raises the limit; null if none does; or absent.",
        examples=["BACKPROPD_MAX_EXPANSION"],
    )
