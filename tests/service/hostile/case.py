"""A hostile or broken upload and the expected problem."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Content = bytes | Callable[[], bytes]


@dataclass(frozen=True)
class Case:
    """An upload and the problem expected in response.

    Attributes:
        name: the defect.
        content: the file's bytes, or a function that builds them when needed, for large files.
        code: expected problem code.
        says: text that the problem's detail must contain.
        media_type: media type of the raw body or of the form's file.
        query: query string without the question mark.
        file_name: file name in the form; None for a raw body.
        headers: additional request headers.
        status: expected status code.
        location: expected location of the problem in the request.
    """

    name: str
    content: Content
    code: str
    says: str
    media_type: str = "text/csv"
    query: str = ""
    file_name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 422
    location: str = "body"

    def body(self) -> bytes:
        """Return the file's bytes."""
        return self.content() if callable(self.content) else self.content
