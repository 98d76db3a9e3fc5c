"""Media types and Accept headers (RFC 9110, 8.3.1 and 12.5.1), parsed without ever raising."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request

from service.http.errors import UnsupportedMediaTypeError

FORM = "multipart/form-data"
JSON = "application/json"
CSV = "text/csv"
ARROW_STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
# A quoted string without its end extends to the end of the header, so that no text is read twice.
_QUOTED = r'"(?:[^"\\]|\\.)*+"?'
_PIECES = {
    separator: re.compile(rf'(?:[^{separator}"]|{_QUOTED})+', re.DOTALL) for separator in ",;"
}
_BLANK = " \t"


@dataclass(frozen=True)
class MediaType:
    """A media type or media range: lower case, with parameters by lower-case name."""

    type: str
    subtype: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def essence(self) -> str:
        """The media type without its parameters."""
        return f"{self.type}/{self.subtype}"


def parse_media_type(text: str) -> MediaType | None:
    """Parse one media type or range; None if it is malformed."""
    kind, _, subtype = plain_media_type(text).partition("/")
    if not (_TOKEN.fullmatch(kind) and _TOKEN.fullmatch(subtype)):
        return None
    parameters: dict[str, str] = {}
    for part in _split(text, ";")[1:]:
        name, _, value = part.partition("=")
        parameters.setdefault(name.strip(_BLANK).lower(), _unquote(value.strip(_BLANK)))
    return MediaType(kind, subtype, parameters)


def plain_media_type(text: str) -> str:
    """Return a media type in lower case without its parameters; it may be malformed."""
    return text.partition(";")[0].strip(_BLANK).lower()


def require_media_type(request: Request, *accepted: str) -> str:
    """Return the media type of the request's body. Raises UnsupportedMediaTypeError."""
    media_type = plain_media_type(request.headers.get("content-type", ""))
    if media_type not in accepted:
        known = f"one of {', '.join(accepted)}" if len(accepted) > 1 else accepted[0]
        detail = f"Content-Type must be {known}, not {media_type[:80] or 'missing'}"
        raise UnsupportedMediaTypeError(detail)
    return media_type


def choose(accept: str, offered: Sequence[str], *, only_named: Collection[str] = ()) -> str | None:
    """Return the offered media type that an Accept header prefers; None if it accepts none.

    The highest weight wins, then the most specific range (`text/csv`, `text/*`, `*/*`), then the
    order of `offered`. Malformed ranges are ignored; a header without any range accepts everything.
    Parameters of a range are ignored: no offered representation has any.

    Args:
        accept: value of the header.
        offered: media types of the available representations.
        only_named: offered media types that no wildcard selects.
    """
    weights = _weights(accept) or {"*/*": 1.0}
    best = (0.0, 0)
    chosen: str | None = None
    for media_type in offered:
        found = _preference(weights, media_type, exact=media_type in only_named)
        if found > best and found[0] > 0:
            best, chosen = found, media_type
    return chosen


def _preference(weights: Mapping[str, float], media_type: str, *, exact: bool) -> tuple[float, int]:
    """Return the weight of a media type, and minus the wildcards of the range that it is from."""
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    for wildcards, name in enumerate(ranges[:1] if exact else ranges):
        if name in weights:
            return weights[name], -wildcards
    return 0.0, 0


def _weights(accept: str) -> dict[str, float]:
    """Return the weight of each well-formed range; of a repeated range, the highest."""
    weights: dict[str, float] = {}
    for media_range in _parse_ranges(accept):
        text = media_range.parameters.get("q", "1")
        if _WEIGHT.fullmatch(text):
            name = media_range.essence
            weights[name] = max(float(text), weights.get(name, 0.0))
    return weights


def _parse_ranges(accept: str) -> Iterable[MediaType]:
    return filter(None, map(parse_media_type, _split(accept, ",")))


def _split(text: str, separator: str) -> list[str]:
    """Split at separators outside of quoted strings; empty parts are dropped."""
    parts = (part.strip(_BLANK) for part in _PIECES[separator].findall(text))
    return [part for part in parts if part]


def _unquote(value: str) -> str:
    if len(value) < 2 or not value.startswith('"') or not value.endswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
