"""One call of a webhook: signed, to an address that was looked at, read to its status only."""

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

# One address of a host may be dead while another one answers.
CONNECT_SECONDS = 3.0
MAX_ADDRESSES = 4


class PrivateAddressError(Exception):
    """The host's name stands for an address that is not to be called."""


class WebhookSender:
    """Calls webhooks.

    Args:
        timeout_seconds: for all of a call, however slowly the answer drips.
        private_addresses: whether addresses that are not public are called, too.
        resolve: from a host to its addresses.
        certificates: whom to trust; default: the system, or SSL_CERT_FILE.
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
        self._given_certificates = certificates

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        """Read once, when there is somebody to call."""
        return self._given_certificates or httpx2.create_ssl_context()

    async def call(self, claimed: ClaimedDelivery) -> CallResult:
        """Make the call; whatever goes wrong is in the result."""
        began = time.perf_counter()
        status: int | None = None
        error: AttemptError | None = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status = await self._call(claimed)
        except Exception as failure:  # noqa: BLE001 - one receiver must not keep others waiting
            error = _kind(failure)
        else:
            error = None if httpx2.codes.is_success(status) else "unexpected_status"
        return CallResult(time.perf_counter() - began, status, error)

    async def _call(self, claimed: ClaimedDelivery) -> int:
        target = parse_webhook_url(claimed.url)
        addresses = await self._addresses(target)
        # Reading them takes a tenth of a second, the first time.
        certificates = await to_thread.run_sync(lambda: self._certificates)
        failure: Exception = UnresolvedError("the host has no address")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                return await self._post(claimed, target, address, certificates)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, target: WebhookUrl) -> tuple[str, ...]:
        """Where the host is now. It may have moved since the webhook was made, so all are seen."""
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
        # A client of its own: a kept connection could be another host's at the same address. And
        # no proxy of the environment, which would look the host up again.
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
    """The headers of Standard Webhooks."""
    at = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"backpropd/{VERSION}",
        "webhook-id": claimed.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(claimed.secret).sign(claimed.id, at, claimed.payload),
    }


def _kind(failure: Exception) -> AttemptError:
    """What the log of deliveries says of a failure: no more than its kind."""
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
