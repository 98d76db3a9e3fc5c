"""Checks of the URLs in settings: whether a broker, a blob store or a web server can have them."""

from urllib.parse import SplitResult, urlsplit

BROKER_URLS = (
    "redis://host:port/number, rediss://…, redis+socket:///path or filesystem:///folder, with "
    "special characters of the password in percent-encoding"
)
# Further transports of Celery, which are not tested.
_OTHER_BROKERS = frozenset({"amqp", "amqps", "pyamqp", "sentinel", "memory"})


def is_broker_url(url: str) -> bool:
    """Whether a broker can have the URL."""
    parts = _split(url)
    match parts.scheme:
        case "redis" | "rediss":
            number = parts.path.strip("/")
            return bool(parts.hostname) and (not number or number.isdecimal())
        case "redis+socket" | "filesystem":
            return bool(parts.path.strip("/"))
        case scheme:
            return scheme in _OTHER_BROKERS


def is_blob_url(url: str) -> bool:
    """Whether it is file:///folder or s3://bucket/prefix."""
    parts = _split(url)
    match parts.scheme:
        case "file":
            return not parts.netloc and bool(parts.path)
        case "s3":
            return bool(parts.netloc)
        case _:
            return False


def is_web_url(url: str) -> bool:
    """Whether it is http or https, with a host and, if any, a port that is a number."""
    parts = _split(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0


def _split(url: str) -> SplitResult:
    """Return the parts; empty ones if the host is malformed or the port is not a number."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts
