"""Creation of resumable uploads: once per Idempotency-Key, optionally with the first bytes."""

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
from store.quotas import check_stored_bytes, check_unfinished_uploads
from store.uploads import UploadRecord, add_upload, get_upload


def begin(
    context: Context, length: int, metadata: dict[str, str], keyed: KeyedRequest | None
) -> StoredResponse:
    """Create an upload; its bytes count towards the storage quota as they are received.

    One whose full length has no room now is refused at once.

    Raises BodyTooLargeError, LimitReachedError, KeyReusedError.
    """
    if length > context.settings.max_upload_bytes:
        raise BodyTooLargeError(context.settings.max_upload_bytes, "max_upload_bytes", "the file")
    return run_once(context, keyed, lambda: _begin(context, length, metadata, keyed))


def _begin(
    context: Context, length: int, metadata: dict[str, str], keyed: KeyedRequest | None
) -> StoredResponse:
    settings = context.settings
    with context.database.writing() as session:
        claim_key(session, keyed)
        check_unfinished_uploads(session, settings.max_unfinished_uploads)
        check_stored_bytes(session, settings.max_stored_bytes, length)
        upload = add_upload(session, length, metadata, settings.upload_expiry_seconds)
        return store_response(session, keyed, _created_response(upload))


def _created_response(upload: UploadRecord) -> StoredResponse:
    view = UploadView.model_validate(asdict(upload))
    answer = created(view, f"{RESUMABLE_PATH}/{upload.id}")
    return replace(answer, headers={**answer.headers, **progress_headers(upload)})


def progress_headers(upload: UploadRecord) -> dict[str, str]:
    """Return the headers that report the progress of an upload."""
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": format_instant(upload.expires_at),
    }


async def receive_first(
    context: Context, answer: StoredResponse, sent: Sent, keyed: KeyedRequest | None
) -> StoredResponse:
    """Store the bytes sent with the creation of an upload; return the response.

    With a key, a client that retries finds the upload again, so received bytes are kept if the
    connection breaks. Without one, the client never learns the URL, so the upload is deleted.
    Raises the exceptions of `receive`.
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
        return store_response(session, keyed, _created_response(get_upload(session, upload_id)))
