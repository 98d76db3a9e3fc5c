"""Parsing of webhook URLs, with the parser of the HTTP client that calls them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

PORTS = {"http": 80, "https": 443}


class InvalidWebhookUrlError(Exception):
    """A URL that cannot be called."""


@dataclass(frozen=True)
class WebhookUrl:
    """A callable URL, with its host and port."""

    url: "httpx2.URL"
    host: str
    port: int

    def at(self, address: str) -> "httpx2.URL":
        """The URL with an address in place of the host's name."""
        return self.url.copy_with(host=address.partition("%")[0])

    @property
    def host_header(self) -> str:
        """The value of the Host header."""
        return self.url.netloc.decode("ascii")


def parse_webhook_url(text: str) -> WebhookUrl:
    """Read a URL. Raises InvalidWebhookUrlError."""
    import httpx2

    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError) as error:
        raise InvalidWebhookUrlError("this is not a URL") from error
    if url.scheme not in PORTS:
        raise InvalidWebhookUrlError("the URL must begin with http:// or https://")
    host = url.raw_host.decode("ascii")
    if not host:
        raise InvalidWebhookUrlError("the URL must name a host")
    if url.userinfo:
        raise InvalidWebhookUrlError("the URL must not contain a user or a password")
    if "#" in text:
        raise InvalidWebhookUrlError("the URL must not have a fragment")
    port = PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 2**16:
        raise InvalidWebhookUrlError("the port must be between 1 and 65535")
    return WebhookUrl(url, host, port)
