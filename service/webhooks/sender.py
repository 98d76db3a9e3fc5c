"""Calls of webhooks: signed, to a checked address, reading only the status of the response."""

import asyncio
import logging
import ssl
import time
from datetime import UTC, datetime
from functools import cached_property

import httpx2
from anyio import to_thread
from standardwebhooks import Webhook

from service.version import VERSION
from service.webhooks.ssrf_guard import Resolver, UnresolvedError, is_public, look_up
from service.webhooks.url import InvalidWebhookUrlError, WebhookUrl, parse_webhook_url
from store.webhooks.deliveries import AttemptError
from store.webhooks.outbox import CallResult, ClaimedDelivery

logger = logging.getLogger(__name__)

# One address of a host may be unreachable while another responds.
CONNECT_SECONDS = 3.0
MAX_ADDRESSES = 4


class PrivateAddressError(Exception):
    """The host resolves to an address that must not be called."""


class WebhookSender:
    """Calls webhooks.

    Args:
        timeout_seconds: limit of a whole call, including a slow response.
        private_addresses: whether non-public addresses may be called.
        resolve: resolves a host to its addresses.
        certificates: trusted certificates; default: the system's, or SSL_CERT_FILE.
    """

    def __init__(
        self,
        timeout_seconds: float,
        *,
        private_addresses: bool,
        resolve: Resolver = look_up,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._private_addresses = private_addresses
        self._resolve = resolve
        self._custom_certificates = certificates

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        """The trusted certificates, loaded at the first call."""
        return self._custom_certificates or httpx2.create_ssl_context()

    async def call(self, claimed: ClaimedDelivery) -> CallResult:
        """Make the call; any failure is part of the result."""
        began = time.perf_counter()
        status: int | None = None
        error: AttemptError | None = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status = await self._call(claimed)
        except Exception as failure:  # noqa: BLE001 - must not affect other webhooks
            error = _classify(failure)
        else:
            error = None if httpx2.codes.is_success(status) else "unexpected_status"
        return CallResult(time.perf_counter() - began, status, error)

    async def _call(self, claimed: ClaimedDelivery) -> int:
        target = parse_webhook_url(claimed.url)
        addresses = await self._addresses(target)
        # Loading them takes 0.1 s the first time.
        certificates = await to_thread.run_sync(lambda: self._certificates)
        failure: Exception = UnresolvedError("the host has no address")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                return await self._post(claimed, target, address, certificates)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, target: WebhookUrl) -> tuple[str, ...]:
        """Resolve the host and check all addresses: they may have changed since creation."""
        addresses = await asyncio.wrap_future(self._resolve(target.host, target.port))
        if not self._private_addresses and not all(map(is_public, addresses)):
            raise PrivateAddressError
        return addresses

    async def _post(
        self,
        claimed: ClaimedDelivery,
        target: WebhookUrl,
        address: str,
        certificates: ssl.SSLContext,
    ) -> int:
        # A client per call: a pooled connection could belong to another host at the same address.
        # No proxy from the environment: it would resolve the host again.
        async with httpx2.AsyncClient(
            verify=certificates,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(self._timeout_seconds, connect=CONNECT_SECONDS),
        ) as client:
            request = client.build_request(
                "POST",
                target.at(address),
                content=claimed.payload.encode(),
                headers={**_signed(claimed), "Host": target.host_header},
                extensions={"sni_hostname": target.host},
            )
            response = await client.send(request, stream=True)
            await response.aclose()
            return response.status_code


def _signed(claimed: ClaimedDelivery) -> dict[str, str]:
    """Return the headers of Standard Webhooks, including the signature."""
    at = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"backpropd/{VERSION}",
        "webhook-id": claimed.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(claimed.secret).sign(claimed.id, at, claimed.payload),
    }


def _classify(failure: Exception) -> AttemptError:
    """Return the kind of a failure; the deliveries show nothing else of it."""
    match failure:
        case UnresolvedError():
            return "unresolved"
        case PrivateAddressError() | InvalidWebhookUrlError():
            return "forbidden_address"
        case httpx2.ConnectError() | httpx2.ConnectTimeout():
            return "certificate" if _is_tls(failure) else "not_connected"
        case TimeoutError() | httpx2.TimeoutException():
            return "timeout"
        case _:
            if not isinstance(failure, httpx2.HTTPError):
                logger.error("a webhook could not be called", exc_info=failure)
            return "no_answer"


def _is_tls(failure: BaseException | None) -> bool:
    while failure is not None and not isinstance(failure, ssl.SSLError):
        failure = failure.__cause__ or failure.__context__
    return failure is not None
