"""JSON responses in the content coding that a client prefers."""

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from service.http.content_codings import choose_coding, encode_content
from service.http.media_types import JSON

# Shorter ones fit into a packet or two.
MIN_ENCODED_BYTES = 2048


async def respond_json(request: Request, content: bytes) -> Response:
    """Return JSON, compressed if the client accepts that and it is worth it."""
    headers = {"Vary": "Accept-Encoding"}
    coding = choose_coding(request.headers.get("accept-encoding", ""))
    if coding is not None and len(content) >= MIN_ENCODED_BYTES:
        headers["Content-Encoding"] = coding
        content = await run_in_threadpool(encode_content, content, coding)
    return Response(content, media_type=JSON, headers=headers)
