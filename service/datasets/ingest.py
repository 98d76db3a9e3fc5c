"""TODO."""

from dataclasses import replace
from pathlib import Path

from service.context import Context
from service.datasets.datasets import _abandon
from service.idempotency import created, run_once
from service.serializers.datasets import dataset_view
from service.uploads.request_body import Upload
from store.datasets.datasets import (
    Contents,
    DatasetRecord,
    blob_key,
    content_hash,
    publish_dataset,
    receive_dataset,
    share_dataset,
)
from store.datasets.keep_alive import kept_alive
from store.errors import NotFoundError
from store.idempotency import KeyedRequest, StoredResponse, claim_key, store_response
from store.intake import Preview, TableContents, preview_table, read_table
from store.intake.options import FileHints, Limits, ReadOptions
from store.quotas import check_stored_bytes


def ingest(
    context: Context, upload: Upload, stated: ReadOptions, keyed: KeyedRequest | None = None
) -> StoredResponse:
    """Read an uploaded file and keep it as a dataset.

    Bytes that were read before in the same way are not read again. Nothing is stored of a file
    that cannot be read. Raises IntakeError, LimitReachedError, KeyReusedError,
    StoreUnavailableError.
    """
    return run_once(context, keyed, lambda: _take_in(context, upload, stated, keyed))


def _take_in(
    context: Context, upload: Upload, stated: ReadOptions, keyed: KeyedRequest | None
) -> StoredResponse:
    fingerprint = content_hash(upload.sha256, {**stated.as_json(), "hints": _told(upload)})
    shared = _share(context, upload, fingerprint, keyed)
    if shared is not None:
        return shared
    column_file = upload.path.with_suffix(".arrow")
    how = (_stated(upload, stated), _hints(upload), _limits(context))
    table = read_table(upload.path, column_file, *how)
    return _keep(context, upload, table, column_file, fingerprint, keyed)


def _share(
    context: Context, upload: Upload, fingerprint: str, keyed: KeyedRequest | None
) -> StoredResponse | None:
    """Make a dataset of bytes that were read before; None if these were not."""
    limit, upload_id = context.settings.max_stored_bytes, upload.upload_id
    with context.database.writing() as session:
        shared = share_dataset(session, upload.name, fingerprint)
        if shared is None:
            # Rather now than when it has been read.
            check_stored_bytes(session, limit, upload.bytes, but_upload=upload_id)
            return None
        claim_key(session, keyed)
        # Its row is among those that are counted.
        check_stored_bytes(session, limit, 0, but_upload=upload_id)
        return store_response(session, keyed, _answer(shared))


def _answer(dataset: DatasetRecord) -> StoredResponse:
    return created(dataset_view(dataset), f"/v1/datasets/{dataset.id}")


def preview(context: Context, upload: Upload, stated: ReadOptions) -> Preview:
    """How the file would be read, from its first rows. Raises IntakeError."""
    return preview_table(upload.path, _stated(upload, stated), _hints(upload), _limits(context))


def _stated(upload: Upload, stated: ReadOptions) -> ReadOptions:
    """What is stated in the query, and by the Content-Encoding if the query says nothing of it."""
    if stated.compression is None and upload.content_encoding:
        return replace(stated, compression=upload.content_encoding)
    return stated


def _hints(upload: Upload) -> FileHints:
    return FileHints(upload.media_type, upload.file_name)


def _told(upload: Upload) -> list[str]:
    """Of the hints, what may decide how a file is read: not its whole name."""
    suffixes = Path(upload.file_name.lower()).suffixes[-2:]
    return [upload.media_type, upload.content_encoding, *suffixes]


def _limits(context: Context) -> Limits:
    return Limits(context.settings.max_columns, context.settings.max_upload_bytes)


def _keep(
    context: Context,
    upload: Upload,
    table: TableContents,
    column_file: Path,
    fingerprint: str,
    keyed: KeyedRequest | None,
) -> StoredResponse:
    """Store a table that was read.

    The row is reserved before the blob is written and shown after: whatever a crash leaves in
    between is invisible, and swept. Of two requests with the same key that get here, the one that
    comes second leaves nothing behind.
    """
    contents = _describe(upload, table, fingerprint)
    limit, upload_id = context.settings.max_stored_bytes, upload.upload_id
    with context.database.writing() as session:
        dataset_id = receive_dataset(session, upload.name)
    try:
        with kept_alive(context.database, dataset_id):
            context.blobs.put_blob(blob_key(dataset_id), column_file)
        with context.database.writing() as session:
            claim_key(session, keyed)
            check_stored_bytes(session, limit, contents.bytes, but_upload=upload_id)
            shown = publish_dataset(session, dataset_id, contents)
            return store_response(session, keyed, _answer(shown))
    except Exception as error:
        # Whatever it was is raised; where even this fails, the sweep does it later.
        _abandon(context, dataset_id, was_swept=isinstance(error, NotFoundError))
        raise


def _describe(upload: Upload, table: TableContents, fingerprint: str) -> Contents:
    return Contents(
        rows=table.rows,
        bytes=upload.bytes,
        sha256=upload.sha256,
        columns=tuple(table.columns),
        format=str(table.options.format),
        options=table.options.as_json(),
        notices=tuple(table.notices),
        blob_sha256=table.blob_sha256,
        fingerprint=fingerprint,
    )
