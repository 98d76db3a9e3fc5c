"""Streaming extraction of the file of a multipart form, without holding it in memory."""

from typing import TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.http.compute_errors import ServiceError
from service.http.errors import InvalidRowsError
from service.http.media_types import parse_media_type
from service.schemas.common import FieldProblem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS = 16
# The parser takes no longer one; RFC 2046, 5.1.1, allows 70 characters.
MAX_BOUNDARY = 256


class FormFile:
    """An incremental parser that returns the bytes of one file field of a form.

    Attributes:
        name: file name sent by the client; empty before the file's part begins.
        media_type: media type sent by the client; empty before the file's part begins.
    """

    def __init__(self, content_type: str, field: str = "file") -> None:
        form = parse_media_type(content_type)
        boundary = "" if form is None else form.parameters.get("boundary", "")
        if not boundary:
            msg = "the Content-Type of the form must include a boundary"
            raise ServiceError(msg)
        if len(boundary) > MAX_BOUNDARY:
            msg = f"the boundary of the form has {len(boundary)} characters; at most {MAX_BOUNDARY}"
            raise ServiceError(msg)
        self.name = ""
        self.media_type = ""
        self._field = field
        self._parser = self._make_parser(boundary.encode("latin-1"))
        self._parts = 0
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, str] = {}
        self._is_file = False
        self._has_begun = self._is_complete = self._has_ended = False
        self._pieces: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the file's bytes in the next chunk of the body. Raises ServiceError."""
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            msg = f"the form cannot be parsed; check its boundary: {str(error)[:200]}"
            raise ServiceError(msg) from error
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> None:
        """Check that the whole file was received. Raises InvalidRowsError, ServiceError."""
        if not self._parts and not self._has_ended:
            msg = "the body is not a multipart form: its boundary does not occur"
            raise ServiceError(msg)
        if self._is_complete and self._has_ended:
            return
        detail = f"the form has no file in its field `{self._field}`"
        if self._has_begun:
            detail = f"the form ends before the end of the file in its field `{self._field}`"
        problem = FieldProblem(pointer=f"/{self._field}", code="missing", detail=detail)
        raise InvalidRowsError([problem])

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            msg = f"the form has more than {MAX_PARTS} fields"
            raise ServiceError(msg)
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _on_header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = value.decode("latin-1")
        self._header = (bytearray(), bytearray())

    def _on_headers_finished(self) -> None:
        options = parse_options_header(self._headers.get(b"content-disposition"))[1]
        if b"name" not in options:
            msg = "each part of the form must have a name in its Content-Disposition"
            raise ServiceError(msg)
        self._is_file = options[b"name"] == self._field.encode() and b"filename" in options
        if not self._is_file:
            return
        if self._has_begun:
            msg = f"the form has two files in its field `{self._field}`: send only one"
            raise ServiceError(msg)
        self._has_begun = True
        self.name = options[b"filename"].decode("utf-8", "replace")
        self.media_type = self._headers.get(b"content-type", "")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._pieces.append(data[start:end])

    def _on_part_end(self) -> None:
        self._is_complete |= self._is_file
        self._is_file = False

    def _on_end(self) -> None:
        self._has_ended = True

    def _make_parser(self, boundary: bytes) -> MultipartParser:
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }
        return MultipartParser(boundary, callbacks)
