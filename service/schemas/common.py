"""Shapes that every route shares: strict bodies, clean text, pages, problems."""

from collections.abc import Callable
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from store.errors import NotFoundError

Item = TypeVar("Item")
MAX_PAGE = 200


def _storable(text: str) -> str:
    """Refuse what PostgreSQL cannot keep: NUL characters and lone surrogates."""
    if "\0" in text:
        msg = "must not contain NUL characters"
        raise ValueError(msg)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        msg = "must not contain lone surrogates"
        raise ValueError(msg) from error
    return text


Text = Annotated[str, StringConstraints(max_length=1024), AfterValidator(_storable)]
Name = Annotated[str, StringConstraints(max_length=256), AfterValidator(_storable)]


def _existing(noun: str, prefix: str) -> Callable[[str], str]:
    """An id that this service cannot have made is unknown, not malformed: 404."""

    def check(value: str) -> str:
        if not value.startswith(prefix) or not value.isascii() or not value.isprintable():
            raise NotFoundError(noun, ascii(value[:80]))
        return value

    return check


DatasetId = Annotated[str, Path(examples=["ds_…"]), AfterValidator(_existing("dataset", "ds_"))]
JobId = Annotated[str, Path(examples=["job_…"]), AfterValidator(_existing("job", "job_"))]
UploadId = Annotated[str, Path(examples=["up_…"]), AfterValidator(_existing("upload", "up_"))]
ModelId = Annotated[str, Path(examples=["mdl_…"]), AfterValidator(_existing("model", "mdl_"))]
WebhookId = Annotated[str, Path(examples=["wh_…"]), AfterValidator(_existing("webhook", "wh_"))]

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Items on this page.")]
After = Annotated[
    Annotated[str, StringConstraints(max_length=64), AfterValidator(_storable)] | None,
    Query(description="The `next` of the page before."),
]
Order = Annotated[Literal["asc", "desc"], Query(description="By age.")]


class Body(BaseModel):
    """Base of request bodies: no unknown fields, no coercion, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class View(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(frozen=True)


class PageView(View, Generic[Item]):
    """One page of a list; `next` is the cursor of the page after it."""

    data: list[Item]
    has_more: bool
    next: str | None


class FieldProblem(View):
    """One thing that is wrong with a request; of an uploaded file, as far as known, where in it."""

    location: Literal["body", "query", "path", "header"] = "body"
    pointer: str = Field(description="JSON pointer (RFC 6901) to the field, within the location.")
    code: str
    detail: str
    line: int | None = Field(None, description="Of an uploaded file, counted from 1; else absent.")
    column: str | None = Field(None, description="Of an uploaded table; else absent.")
    text: str | None = Field(None, description="What stands there, cut; else absent.")
    expected: str | None = Field(None, description="What should stand there; else absent.")


class Problem(View):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:backpropd:problem:not_found"])
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = []
    job_status: str | None = Field(
        None, description="Of the job whose status does not allow what was asked; else absent."
    )
    job_id: str | None = Field(
        None, description="Of the job that has the external id already; else absent."
    )
