"""/v1/uploads: resumable uploads (tus protocol), for large files and unreliable connections."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from service.context import ContextDep
from service.http.api_route import ApiRoute
from service.http.bodies import RESUMABLE_PATH, stated_length
from service.http.media_types import require_media_type
from service.http.problems import problems
from service.idempotency import IdempotentRequest, is_replayed, respond, with_content
from service.schemas.common import UploadId
from service.schemas.uploads import UploadView
from service.uploads import resumable, tus
from service.uploads.create import begin, progress_headers, receive_first

router = APIRouter(prefix=RESUMABLE_PATH, tags=["uploads"], route_class=ApiRoute)

# Checked by the TusProtocol middleware; declared here for the OpenAPI document.
Version = Annotated[Literal["1.0.0"], Header(alias="Tus-Resumable")]
Length = Annotated[
    str | None, Header(alias="Upload-Length", description="Size of the file in bytes.")
]
Metadata = Annotated[
    str | None,
    Header(
        alias="Upload-Metadata",
        description="Comma-separated pairs of a key and a base64 value; `filename` and `filetype` "
        "are used to detect the file's format.",
        examples=["filename cG9pbnRzLmNzdg==,filetype dGV4dC9jc3Y="],
    ),
]
Offset = Annotated[
    str | None, Header(alias="Upload-Offset", description="Offset of the first byte sent.")
]
ChecksumHeader = Annotated[
    str | None,
    Header(
        alias="Upload-Checksum",
        description="Algorithm (sha1 or sha256) and base64 digest of the bytes.",
    ),
]

_PART = {tus.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
FIRST_PART: dict[str, Any] = {
    "requestBody": {"description": "Optional first bytes of the file.", "content": _PART}
}
NEXT_PART: dict[str, Any] = {
    "requestBody": {"description": "The next bytes.", "required": True, "content": _PART}
}


@router.options("", status_code=204)
async def get_upload_capabilities(context: ContextDep) -> Response:
    """Return the supported tus version, extensions, checksums and maximum size in headers."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(context.settings.max_upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(tus.CHECKSUMS),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "",
    status_code=201,
    response_model=UploadView,
    responses=problems(400, 409, 410, 412, 413, 415, 422, 429, 460, 503),
    openapi_extra=FIRST_PART,
)
async def create_upload(
    context: ContextDep,
    request: Request,
    keyed: IdempotentRequest,
    version: Version,  # noqa: ARG001
    length: Length = None,
    metadata: Metadata = None,
    checksum: ChecksumHeader = None,
) -> Response:
    """Create a resumable upload; the request may include its first bytes."""
    has_bytes = "content-type" in request.headers
    if has_bytes:
        require_media_type(request, tus.MEDIA_TYPE)
    size = tus.parse_size("Upload-Length", length)
    fields = tus.parse_metadata(metadata)
    sent = _sent(request, 0, checksum)
    # The bytes are not part of the key's fingerprint: on a retry the client may send more of them.
    keyed = with_content(keyed, size, dict(fields))
    answer = await run_in_threadpool(begin, context, size, fields, keyed)
    if has_bytes and not is_replayed(answer):
        answer = await receive_first(context, answer, sent, keyed)
    return respond(answer)


@router.head("/{upload_id}", response_class=Response, responses=problems(404, 410, 412, 422, 503))
def get_upload_offset(
    context: ContextDep,
    upload_id: UploadId,
    version: Version,  # noqa: ARG001
) -> Response:
    """Return the number of bytes received so far, in `Upload-Offset`."""
    upload = resumable.get(context, upload_id)
    headers = {**progress_headers(upload), "Upload-Length": str(upload.length)}
    if upload.metadata:
        headers["Upload-Metadata"] = tus.format_metadata(upload.metadata)
    return Response(headers=headers)


@router.patch(
    "/{upload_id}",
    status_code=204,
    responses=problems(400, 404, 409, 410, 412, 413, 415, 422, 429, 460, 503),
    openapi_extra=NEXT_PART,
)
async def continue_upload(
    context: ContextDep,
    request: Request,
    upload_id: UploadId,
    version: Version,  # noqa: ARG001
    offset: Offset = None,
    checksum: ChecksumHeader = None,
) -> Response:
    """Append bytes; those received before a connection breaks are kept."""
    require_media_type(request, tus.MEDIA_TYPE)
    sent = _sent(request, tus.parse_size("Upload-Offset", offset), checksum)
    upload = await resumable.receive(context, upload_id, sent)
    return Response(status_code=204, headers=progress_headers(upload))


@router.delete("/{upload_id}", status_code=204, responses=problems(404, 410, 412, 422, 503))
def delete_upload(
    context: ContextDep,
    upload_id: UploadId,
    version: Version,  # noqa: ARG001
) -> None:
    """Cancel an upload and delete its bytes."""
    resumable.remove(context, upload_id)


def _sent(request: Request, offset: int, checksum: str | None) -> resumable.Sent:
    return resumable.Sent(
        offset=offset,
        announced=stated_length(request.scope),
        pieces=request.stream(),
        checksum=tus.parse_checksum(checksum),
    )
