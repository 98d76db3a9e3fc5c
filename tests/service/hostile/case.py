"""A hostile or broken upload, and what must be answered to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Content = bytes | Callable[[], bytes]


@dataclass(frozen=True)
class Case:
    """One upload.

    Attributes:
        name: what is wrong with it.
        content: the file, or what makes it: large ones are not made before their turn.
        code: of the problem that must be answered.
        says: a word that its detail must have.
        media_type: of the raw body, unless it is sent as a form.
        query: without its question mark.
        file_name: if it is sent as a form, the file's name there.
        headers: further ones.
        status: of the answer.
        location: in the request, where the problem must lie.
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
        """The file's bytes."""
        return self.content() if callable(self.content) else self.content
