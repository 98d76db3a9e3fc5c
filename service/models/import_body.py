"""Parsing of the multipart body of a model import."""

from fastapi import Request
from starlette.datastructures import UploadFile

from service.http.errors import InvalidRowsError
from service.http.json_bodies import parse_body
from service.http.media_types import FORM, require_media_type
from service.schemas.common import FieldProblem
from service.schemas.imports import ImportRequest
from service.uploads.request_body import WHERE
from store.blobs.disk_errors import translate_disk_errors


async def receive_import(request: Request) -> tuple[ImportRequest, bytes]:
    """Return the two parts of an imported model: `model` as JSON, `weights` as a file.

    Raises UnsupportedMediaTypeError, InvalidRowsError, RequestValidationError, HTTPException.
    """
    require_media_type(request, FORM)
    # Large parts are written to the system's directory of temporary files.
    with translate_disk_errors(WHERE):
        return await _receive_import_form(request)


async def _receive_import_form(request: Request) -> tuple[ImportRequest, bytes]:
    async with request.form(max_files=2, max_fields=8) as form:
        parts = {}
        for name in ("model", "weights"):
            part = form.get(name)
            if part is None:
                detail = f"the form has no field `{name}`"
                raise InvalidRowsError(
                    [FieldProblem(pointer=f"/{name}", code="missing", detail=detail)]
                )
            parts[name] = await part.read() if isinstance(part, UploadFile) else part.encode()
    return parse_body(ImportRequest, parts["model"]), parts["weights"]
