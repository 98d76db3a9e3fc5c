"""Ingestion of uploaded files: read, store and publish a dataset."""

from dataclasses import replace
from pathlib import Path

from service.context import Context
from service.datasets.datasets import abandon
from service.idempotency import created, run_once
from service.runtime.file_readers import FileReader
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
from store.intake import Preview, TableContents
from store.intake.options import FileHints, Limits, ReadOptions
from store.quotas import check_stored_bytes


def ingest(
    context: Context,
    upload: Upload,
    options: ReadOptions,
    keyed: KeyedRequest | None,
    reader: FileReader,
) -> StoredResponse:
    """Read an uploaded file and store it as a dataset.

    Bytes that were read before with the same options are not read again. Nothing is stored of an
    unreadable file. Raises IntakeError, LimitReachedError, KeyReusedError,
    StoreUnavailableError, ReadingStoppedError, ReadingTimeError.
    """
    return run_once(context, keyed, lambda: _ingest(context, upload, options, keyed, reader))


def _ingest(
    context: Context,
    upload: Upload,
    options: ReadOptions,
    keyed: KeyedRequest | None,
    reader: FileReader,
) -> StoredResponse:
    fingerprint = content_hash(
        upload.sha256, {**options.as_json(), "hints": _fingerprint_hints(upload)}
    )
    shared = _share_existing(context, upload, fingerprint, keyed)
    if shared is not None:
        return shared
    column_file = upload.path.with_suffix(".arrow")
    how = (_add_content_encoding(upload, options), _hints(upload), _limits(context))
    table = reader.read_table(upload.path, column_file, *how)
    return _store(context, upload, table, column_file, fingerprint, keyed)


def _share_existing(
    context: Context, upload: Upload, fingerprint: str, keyed: KeyedRequest | None
) -> StoredResponse | None:
    """Create a dataset that shares the contents of an equal one; None if there is none."""
    limit, upload_id = context.settings.max_stored_bytes, upload.upload_id
    with context.database.writing() as session:
        shared = share_dataset(session, upload.name, fingerprint)
        if shared is None:
            # Check before reading the file, which may take long.
            check_stored_bytes(session, limit, upload.bytes, but_upload=upload_id)
            return None
        claim_key(session, keyed)
        check_stored_bytes(
            session, limit, shared.blob_bytes, but_upload=upload_id, are_counted=True
        )
        return store_response(session, keyed, _created_response(shared))


def _created_response(dataset: DatasetRecord) -> StoredResponse:
    return created(dataset_view(dataset), f"/v1/datasets/{dataset.id}")


def preview(context: Context, upload: Upload, options: ReadOptions, reader: FileReader) -> Preview:
    """Detect the options and schema of the file from its first rows. Raises IntakeError."""
    return reader.preview_table(
        upload.path, _add_content_encoding(upload, options), _hints(upload), _limits(context)
    )


def _add_content_encoding(upload: Upload, options: ReadOptions) -> ReadOptions:
    """Add the compression from Content-Encoding, unless the query specifies one."""
    if options.compression is None and upload.content_encoding:
        return replace(options, compression=upload.content_encoding)
    return options


def _hints(upload: Upload) -> FileHints:
    return FileHints(upload.media_type, upload.file_name)


def _fingerprint_hints(upload: Upload) -> list[str]:
    """Return the hints that may affect how a file is read: of its name only the suffixes."""
    suffixes = Path(upload.file_name.lower()).suffixes[-2:]
    return [upload.media_type, upload.content_encoding, *suffixes]


def _limits(context: Context) -> Limits:
    settings = context.settings
    return Limits(
        max_columns=settings.max_columns,
        max_bytes=settings.max_upload_bytes,
        max_table_bytes=settings.max_dataset_bytes,
        max_cells=settings.max_dataset_bytes,
        max_expansion=settings.max_expansion,
    )


def _store(
    context: Context,
    upload: Upload,
    table: TableContents,
    column_file: Path,
    fingerprint: str,
    keyed: KeyedRequest | None,
) -> StoredResponse:
    """Store a table that was read.

    The row is reserved before the blob is written and published after it: the remains of a crash
    in between are invisible, and are deleted by the sweep. If two requests with the same key get
    here, the second one leaves nothing behind.
    """
    contents = _describe(upload, table, column_file.stat().st_size, fingerprint)
    limit, upload_id = context.settings.max_stored_bytes, upload.upload_id
    with context.database.writing() as session:
        check_stored_bytes(session, limit, contents.blob_bytes, but_upload=upload_id)
        dataset_id = receive_dataset(session, upload.name)
    try:
        with kept_alive(context.database, dataset_id):
            context.blobs.put_blob(blob_key(dataset_id), column_file)
        with context.database.writing() as session:
            claim_key(session, keyed)
            check_stored_bytes(session, limit, contents.blob_bytes, but_upload=upload_id)
            shown = publish_dataset(session, dataset_id, contents)
            return store_response(session, keyed, _created_response(shown))
    except Exception as error:
        # Whatever it was is raised; where even this fails, the sweep does it later.
        abandon(context, dataset_id, was_swept=isinstance(error, NotFoundError))
        raise


def _describe(upload: Upload, table: TableContents, blob_bytes: int, fingerprint: str) -> Contents:
    return Contents(
        rows=table.rows,
        bytes=upload.bytes,
        blob_bytes=blob_bytes,
        sha256=upload.sha256,
        columns=tuple(table.columns),
        format=str(table.options.format),
        options=table.options.as_json(),
        notices=tuple(table.notices),
        blob_sha256=table.blob_sha256,
        fingerprint=fingerprint,
    )
