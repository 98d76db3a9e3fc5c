"""An upload on its way to disk: raw body or multipart, hashed as it comes, never in memory."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from service.bodies import parse_body
from service.errors import InvalidRowsError, UnsupportedMediaTypeError
from service.schemas.common import FieldProblem
from service.schemas.imports import ImportRequest

CSV_MEDIA_TYPES = frozenset({"text/csv", "application/csv"})
COPY_BYTES = 2**20
MAX_NAME = 256


@dataclass(frozen=True)
class Upload:
    """A file that has arrived in full."""

    path: Path
    name: str
    bytes: int
    sha256: str


async def receive_upload(request: Request, target: Path, name: str | None) -> Upload:
    """Write the request's file to `target`.

    Raises UnsupportedMediaTypeError, InvalidRowsError (a form without a file), HTTPException
    (413, or 400 for a broken form), ClientDisconnect.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in CSV_MEDIA_TYPES:
        return await _write(request.stream(), target, name or "dataset")
    if media_type != "multipart/form-data":
        detail = f"send text/csv or multipart/form-data, not {media_type[:80] or 'none'}"
        raise UnsupportedMediaTypeError(detail)
    async with request.form(max_files=1, max_fields=8) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            detail = "the form has no file in its field `file`"
            raise InvalidRowsError([FieldProblem(pointer="/file", code="missing", detail=detail)])
        return await _write(_pieces(file), target, name or _base_name(file.filename))


async def receive_import(request: Request) -> tuple[ImportRequest, bytes]:
    """The two parts of an imported model: `model` as JSON, `weights` as a file.

    Raises UnsupportedMediaTypeError, InvalidRowsError, RequestValidationError, HTTPException.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        detail = f"send multipart/form-data, not {media_type[:80] or 'none'}"
        raise UnsupportedMediaTypeError(detail)
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


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(COPY_BYTES):
        yield piece


async def _write(pieces: AsyncIterator[bytes], target: Path, name: str) -> Upload:
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as file:
        async for piece in pieces:
            digest.update(piece)
            size += len(piece)
            await run_in_threadpool(file.write, piece)
    return Upload(target, name, size, digest.hexdigest())


def _base_name(filename: str | None) -> str:
    """The last part of a client's file name: a label for people, never a path on this machine."""
    name = PurePosixPath((filename or "").replace("\\", "/")).name
    printable = "".join(character for character in name if character.isprintable())
    return printable[:MAX_NAME] or "dataset"
