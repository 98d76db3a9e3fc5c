"""The file that a request is about, its body or a finished resumable upload, made a dataset."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import to_thread
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from service.context import Context
from service.datasets.ingest import ingest
from service.http.errors import InvalidQueryError
from service.idempotency import find_kept, with_content
from service.schemas.common import FieldProblem
from service.schemas.intake import UploadQuery
from service.uploads.request_body import Upload, receive_upload
from service.uploads.resumable import assemble, discard
from service.uploads.temp_folders import incoming_folder
from store.errors import StoreError
from store.idempotency import KeyedRequest, StoredResponse
from store.intake.options import ReadOptions


async def ingest_upload(
    context: Context,
    request: Request,
    query: UploadQuery,
    stated: ReadOptions,
    keyed: KeyedRequest | None,
) -> StoredResponse:
    """Make a dataset of the request's file; a resumable upload has then served its end.

    Raises what `receiving` and `service.datasets.ingest.take_in` raise.
    """
    try:
        async with receiving(context, request, query) as upload:
            keyed = _with_file(keyed, upload)
            answer = await to_thread.run_sync(
                ingest, context, upload, stated, keyed, limiter=context.readers
            )
    except StoreError:
        # The upload may be gone because this very request has made a dataset of it before.
        kept = await run_in_threadpool(find_kept, context, keyed) if query.upload else None
        if kept is None:
            raise
        return kept
    if query.upload is not None:
        # What is left of it expires by itself.
        with suppress(StoreError):
            await run_in_threadpool(discard, context, query.upload)
    return answer


def _with_file(keyed: KeyedRequest | None, upload: Upload) -> KeyedRequest | None:
    """The request with its file; the query names a resumable upload, which may be gone by now."""
    if upload.upload_id is not None:
        return keyed
    told = (upload.media_type, upload.content_encoding, upload.file_name)
    return with_content(keyed, upload.sha256, *told)


@asynccontextmanager
async def receiving(
    context: Context, request: Request, query: UploadQuery
) -> AsyncIterator[Upload]:
    """The request's file, in a private folder that is gone after the block.

    Raises what `receive_upload` and `assemble` raise, and InvalidQueryError for a body besides an
    upload.
    """
    async with incoming_folder(context.settings.data_dir) as folder:
        target = folder / "upload"
        if query.upload is None:
            yield await receive_upload(request, target, query.name, query.sha256)
        else:
            await _refuse_body(request)
            yield await run_in_threadpool(
                assemble, context, query.upload, target, query.name, query.sha256
            )


async def _refuse_body(request: Request) -> None:
    async for piece in request.stream():
        if piece:
            detail = "a request that names a finished upload has no body"
            problem = FieldProblem(
                location="query", pointer="/upload", code="contradiction", detail=detail
            )
            raise InvalidQueryError([problem])
