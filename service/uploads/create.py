"""Resumable uploads begin: once for an Idempotency-Key, perhaps with their first bytes."""

from contextlib import suppress
from dataclasses import asdict, replace

from starlette.concurrency import run_in_threadpool

from service.context import Context
from service.http.bodies import RESUMABLE_PATH, BodyTooLargeError
from service.http.errors import ChecksumMismatchError
from service.idempotency import created, run_once
from service.schemas.uploads import UploadView
from service.uploads.resumable import Sent, discard, receive
from service.uploads.tus import format_instant
from store.errors import StoreError
from store.idempotency import KeyedRequest, StoredResponse, claim_key, delete_key, store_response
from store.quotas import check_stored_bytes
from store.uploads import UploadRecord, add_upload, get_upload


def begin(
    context: Context, length: int, metadata: dict[str, str], keyed: KeyedRequest | None
) -> StoredResponse:
    """Begin an upload, which counts with its whole length from now on.

    Raises BodyTooLargeError, LimitReachedError, KeyReusedError.
    """
    if length > context.settings.max_upload_bytes:
        raise BodyTooLargeError(context.settings.max_upload_bytes)
    return run_once(context, keyed, lambda: _begin(context, length, metadata, keyed))


def _begin(
    context: Context, length: int, metadata: dict[str, str], keyed: KeyedRequest | None
) -> StoredResponse:
    settings = context.settings
    with context.database.writing() as session:
        claim_key(session, keyed)
        check_stored_bytes(session, settings.max_stored_bytes, length)
        upload = add_upload(session, length, metadata, settings.upload_expiry_seconds)
        return store_response(session, keyed, _answer(upload))


def _answer(upload: UploadRecord) -> StoredResponse:
    view = UploadView.model_validate(asdict(upload))
    answer = created(view, f"{RESUMABLE_PATH}/{upload.id}")
    return replace(answer, headers={**answer.headers, **progress_headers(upload)})


def progress_headers(upload: UploadRecord) -> dict[str, str]:
    """How far an upload is, as the protocol tells it."""
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": format_instant(upload.expires_at),
    }


async def receive_first(
    context: Context, answer: StoredResponse, sent: Sent, keyed: KeyedRequest | None
) -> StoredResponse:
    """Keep the bytes that come with the request which began an upload; what is then answered.

    With a key its client finds the upload again, so that what has arrived is kept whatever comes
    in between; without one it never learns the address. Raises what `receive` raises.
    """
    upload_id = answer.headers["Location"].removeprefix(f"{RESUMABLE_PATH}/")
    try:
        await receive(context, upload_id, sent)
    except Exception as error:
        if keyed is None or isinstance(error, ChecksumMismatchError | BodyTooLargeError):
            await run_in_threadpool(_undo, context, upload_id, keyed)
        else:
            with suppress(StoreError):
                await run_in_threadpool(_keep_progress, context, upload_id, keyed)
        raise
    return await run_in_threadpool(_keep_progress, context, upload_id, keyed)


def _undo(context: Context, upload_id: str, keyed: KeyedRequest | None) -> None:
    with context.database.writing() as session:
        delete_key(session, keyed)
    discard(context, upload_id)


def _keep_progress(context: Context, upload_id: str, keyed: KeyedRequest | None) -> StoredResponse:
    with context.database.writing() as session:
        return store_response(session, keyed, _answer(get_upload(session, upload_id)))
