"""Size limits of request bodies."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from store.settings import PREFIX

MULTIPART_OVERHEAD_BYTES = 65_536
RESUMABLE_PATH = "/v1/uploads"
# Bodies of at most this size do not wait for larger ones, whose values take memory.
SMALL_BODY_BYTES = 2**20
UPLOAD_PATHS = {"/v1/datasets", "/v1/datasets/preview", "/v1/models", RESUMABLE_PATH}


class BodyLimit:
    """ASGI middleware: respond 413 as soon as a body is known to exceed its route's limit."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, max_upload_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.max_upload_bytes = max_upload_bytes + MULTIPART_OVERHEAD_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body bytes that the application receives."""
        if is_upload(scope["path"]):
            limited = limit_body(scope, receive, self.max_upload_bytes, "max_upload_bytes")
        else:
            limited = limit_body(scope, receive, self.max_body_bytes, "max_body_bytes")
        await self.app(scope, limited, send)


def limit_body(scope: Scope, receive: Receive, limit: int, setting: str | None) -> Receive:
    """Return `receive`, which raises BodyTooLargeError once the body is known to be too large.

    Args:
        scope: the request's scope.
        receive: receives the body.
        limit: largest body in bytes.
        setting: name of the setting that raises the limit; None if no setting does.
    """
    announced = stated_length(scope)
    received = 0

    async def limited() -> Message:
        nonlocal received
        if announced > limit:
            raise BodyTooLargeError(limit, setting)
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise BodyTooLargeError(limit, setting)
        return message

    return limited


def is_upload(path: str) -> bool:
    """Return whether bodies to this path are written to files, and not held in memory."""
    return path in UPLOAD_PATHS or path.startswith(f"{RESUMABLE_PATH}/")


def stated_length(scope: Scope) -> int:
    """Return the Content-Length of a request; 0 if it states none."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


class BodyTooLargeError(HTTPException):
    """A body over its route's limit. An HTTPException, which FastAPI passes on unchanged.

    Args:
        limit: largest body in bytes.
        setting: name of the setting that raises the limit; None if no setting does.
        what: what is too large.
    """

    code = "body_too_large"

    def __init__(self, limit: int, setting: str | None = None, what: str = "the body") -> None:
        advice = "" if setting is None else f"; the setting {PREFIX}{setting.upper()} is the limit"
        super().__init__(413, f"{what} is larger than {limit} bytes{advice}")
