"""The file that a request is about: its body, or a finished resumable upload that it names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from service.context import Context
from service.errors import InvalidQueryError
from service.incoming import incoming_folder
from service.resumable import assemble
from service.schemas.common import FieldProblem
from service.schemas.intake import UploadQuery
from service.uploads import Upload, receive_upload


@asynccontextmanager
async def receiving(
    context: Context, request: Request, query: UploadQuery
) -> AsyncIterator[Upload]:
    """The request's file, in a private folder that is gone after the block.

    Raises what `receive_upload` and `assemble` raise, and InvalidQueryError for a body besides an
    upload.
    """
    with incoming_folder(context.settings.data_dir) as folder:
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
