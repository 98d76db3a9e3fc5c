"""Datasets from the file of a request: its body or a finished resumable upload."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from service.context import Context
from service.datasets.ingest import ingest, preview
from service.http.disconnects import watch_disconnect
from service.http.errors import InvalidQueryError
from service.idempotency import find_stored_response, with_content
from service.runtime.file_readers import FileReader
from service.schemas.common import FieldProblem
from service.schemas.intake import UploadQuery
from service.uploads.request_body import Upload, receive_upload
from service.uploads.resumable import assemble, discard
from service.uploads.temp_folders import incoming_folder
from store.errors import StoreError
from store.idempotency import KeyedRequest, StoredResponse
from store.intake import Preview
from store.intake.options import ReadOptions

T = TypeVar("T")


async def ingest_upload(
    context: Context,
    request: Request,
    query: UploadQuery,
    options: ReadOptions,
    keyed: KeyedRequest | None,
) -> StoredResponse:
    """Create a dataset from the request's file, and discard its resumable upload, if any.

    Raises the exceptions of `received_file` and `service.datasets.ingest.ingest`.
    """
    try:
        async with received_file(context, request, query) as upload:
            keyed = _with_file(keyed, upload)
            work = partial(ingest, context, upload, options, keyed)
            answer = await _read(context, request, upload, work)
    except StoreError:
        # The upload may be gone because the same request has already turned it into a dataset.
        stored = (
            await run_in_threadpool(find_stored_response, context, keyed) if query.upload else None
        )
        if stored is None:
            raise
        return stored
    if query.upload is not None:
        # If this fails, the upload expires later.
        with suppress(StoreError):
            await run_in_threadpool(discard, context, query.upload)
    return answer


async def preview_upload(
    context: Context, request: Request, query: UploadQuery, options: ReadOptions
) -> Preview:
    """Preview the request's file. Raises as `ingest_upload`."""
    async with received_file(context, request, query) as upload:
        return await _read(context, request, upload, partial(preview, context, upload, options))


async def _read(
    context: Context, request: Request, upload: Upload, work: Callable[[FileReader], T]
) -> T:
    """Return `work(reader)`; reading stops with the service, and when the client disconnects."""
    async with watch_disconnect(request) as gone:

        def must_stop() -> bool:
            return gone.is_set() or context.stopping.is_set()

        return await context.readers.run(upload.bytes, must_stop, work)


def _with_file(keyed: KeyedRequest | None, upload: Upload) -> KeyedRequest | None:
    """Add the file to the fingerprint; a resumable upload is already named in the query."""
    if upload.upload_id is not None:
        return keyed
    hints = (upload.media_type, upload.content_encoding, upload.file_name)
    return with_content(keyed, upload.sha256, *hints)


@asynccontextmanager
async def received_file(
    context: Context, request: Request, query: UploadQuery
) -> AsyncIterator[Upload]:
    """Yield the request's file, in a private directory that is removed after the block.

    Raises the exceptions of `receive_upload` and `assemble`, and InvalidQueryError for a request
    with both a body and an upload.
    """
    async with incoming_folder(context.settings.data_dir) as folder:
        target = folder / "upload"
        if query.upload is None:
            yield await receive_upload(request, target, query.name, query.sha256)
        else:
            await _reject_body(request)
            yield await run_in_threadpool(
                assemble, context, query.upload, target, query.name, query.sha256
            )


async def _reject_body(request: Request) -> None:
    async for piece in request.stream():
        if piece:
            detail = "a request with `upload` must not have a body"
            problem = FieldProblem(
                location="query", pointer="/upload", code="contradiction", detail=detail
            )
            raise InvalidQueryError([problem])
