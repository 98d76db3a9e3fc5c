"""Content codings (RFC 9110, 8.4): of requests gzip, deflate and zstd; of responses the first two.

pyarrow, which reads zstd, is imported by the first body of it.
"""

import re
import zlib
from collections.abc import Iterable, Iterator

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from service.http.bodies import BodyTooLargeError
from service.http.errors import InvalidContentError, UnsupportedCodingError
from service.http.raw_route import read_body

ACCEPTED = ("gzip", "deflate", "zstd")
# The larger level costs several times the time and saves a tenth of the bytes.
_LEVEL = 1
_GZIP_BITS = 16 + zlib.MAX_WBITS
_CODINGS = ("gzip", "deflate")
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


async def read_content(request: Request, limit: int, setting: str = "max_body_bytes") -> bytes:
    """Return the body of a request without its content coding.

    Args:
        request: the request.
        limit: most bytes that are ever decompressed.
        setting: name of the setting that raises the limit.

    Raises ClientDisconnect, and as `decode_content`.
    """
    body = await read_body(request)
    codings = request.headers.getlist("content-encoding")
    if not codings:
        return body
    return await run_in_threadpool(decode_content, body, ", ".join(codings), limit, setting)


def decode_content(
    body: bytes, coding: str, max_bytes: int, setting: str = "max_body_bytes"
) -> bytes:
    """Return a body without its content coding; at most `max_bytes` are ever decompressed.

    Args:
        body: the body as received.
        coding: value of Content-Encoding.
        max_bytes: limit of the decompressed size.
        setting: name of the setting that raises it.

    Raises:
        BodyTooLargeError: the body decompresses to more than `max_bytes`.
        InvalidContentError: the body is not one complete stream of that coding.
        UnsupportedCodingError: another coding, or several.
    """
    match coding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            content = _inflate(body, "gzip", _GZIP_BITS, max_bytes)
        case "deflate":
            # Named after deflate, the coding is zlib's format; some clients omit its header.
            content = _inflate(body, "deflate", _deflate_bits(body), max_bytes)
        case "zstd":
            content = _decompress_zstd(body, max_bytes)
        case _:
            raise UnsupportedCodingError(coding, ACCEPTED)
    if content is None:
        raise BodyTooLargeError(max_bytes, setting, "the decompressed body")
    return content


def _inflate(body: bytes, coding: str, bits: int, max_bytes: int) -> bytes | None:
    """Return the content; None if it is larger than `max_bytes`."""
    stream = zlib.decompressobj(bits)
    try:
        content = stream.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise InvalidContentError(f"the body is not a {coding} stream") from error
    if len(content) > max_bytes:
        return None
    if not stream.eof:
        raise InvalidContentError(f"the {coding} stream of the body is cut off")
    # Also of gzip: a body of many tiny members would take quadratic time.
    if stream.unused_data:
        raise InvalidContentError(f"bytes follow the {coding} stream of the body")
    return content


def _decompress_zstd(body: bytes, max_bytes: int) -> bytes | None:
    """Return the content; None if it is larger than `max_bytes`."""
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.BufferReader(body), "zstd") as stream:
            content: bytes = stream.read(max_bytes + 1)
    except (pa.ArrowException, OSError) as error:
        what = "is cut off" if "runcated" in str(error) else "is corrupt"
        raise InvalidContentError(f"the zstd stream of the body {what}") from error
    return None if len(content) > max_bytes else content


def _deflate_bits(body: bytes) -> int:
    """Return zlib's window bits: negative for a stream without zlib's header."""
    has_header = len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS


def choose_coding(accept_encoding: str) -> str | None:
    """Return the coding that a client prefers of gzip and deflate; None if it accepts neither."""
    if not accept_encoding:
        return None
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        found = _WEIGHT.fullmatch(parameters[0]) if parameters else None
        weights[name] = float(found[1]) if found else float(not parameters)
    best = max(_CODINGS, key=lambda coding: weights.get(coding, 0.0))
    return best if weights.get(best, 0.0) > 0 else None


def encode_pieces(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yield a body in a coding of `choose_coding`, piece by piece."""
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _window_bits(coding))
    for piece in pieces:
        yield stream.compress(piece)
    yield stream.flush()


def encode_content(body: bytes, coding: str) -> bytes:
    """Return a body in a coding of `choose_coding`."""
    return zlib.compress(body, _LEVEL, _window_bits(coding))


def _window_bits(coding: str) -> int:
    return _GZIP_BITS if coding == "gzip" else zlib.MAX_WBITS
