"""Parsing of the multipart body of a model import."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from service.http.bodies import BodyTooLargeError
from service.http.errors import InvalidRowsError
from service.http.json_bodies import BYTES_IN_PLACE
from service.http.media_types import FORM, require_media_type
from service.models.import_description import parse_description
from service.schemas.common import FieldProblem
from service.schemas.imports import ImportRequest
from service.uploads.request_body import WHERE
from store.blobs.disk_errors import translate_disk_errors

# Of a field that is not a file, which is kept in memory.
FIELD_BYTES = 2**20


async def receive_import(request: Request, max_json_bytes: int) -> tuple[ImportRequest, bytes]:
    """Return the two parts of an imported model: `model` as JSON, `weights` as a file.

    Args:
        request: the request.
        max_json_bytes: largest `model`, the setting `max_body_bytes`.

    Raises UnsupportedMediaTypeError, InvalidRowsError, RequestValidationError, HTTPException.
    """
    require_media_type(request, FORM)
    # Large files are written to the system's directory of temporary files.
    with translate_disk_errors(WHERE), _explain_long_field():
        async with request.form(max_files=2, max_fields=8, max_part_size=FIELD_BYTES) as form:
            model, weights = _find_part(form, "model"), _find_part(form, "weights")
            if _count_bytes(model) > max_json_bytes:
                raise BodyTooLargeError(max_json_bytes, "max_body_bytes", "the field `model`")
            description = await _read(model)
            data = await _read(weights)
    if len(description) <= BYTES_IN_PLACE:
        return parse_description(description), data
    return await run_in_threadpool(parse_description, description), data


@contextmanager
def _explain_long_field() -> Iterator[None]:
    """Raise InvalidRowsError for a text field that is too long to be kept in memory."""
    try:
        yield
    except HTTPException as error:
        if not str(error.detail).startswith("Part exceeded maximum size"):
            raise
        detail = f"a field has at most {FIELD_BYTES} bytes; send `model` as a file (-F model=@FILE)"
        problem = FieldProblem(pointer="/model", code="too_long", detail=detail)
        raise InvalidRowsError([problem]) from error


def _find_part(form: FormData, name: str) -> UploadFile | str:
    part = form.get(name)
    if part is None:
        problem = FieldProblem(
            pointer=f"/{name}", code="missing", detail=f"the form has no field `{name}`"
        )
        raise InvalidRowsError([problem])
    return part


def _count_bytes(part: UploadFile | str) -> int:
    return len(part) if isinstance(part, str) else part.size or 0


async def _read(part: UploadFile | str) -> bytes:
    return part.encode() if isinstance(part, str) else await part.read()
