"""Webhook deliverer: signed requests, retries, and only to permitted addresses."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import update
from sqlalchemy.orm import Session

from service.webhooks import deliverer as module
from service.webhooks.deliverer import LAST_RETRY_SECONDS, Deliverer, retry_seconds
from service.webhooks.sender import WebhookSender
from service.webhooks.ssrf_guard import Resolver
from store.db.clock import now
from store.db.database import Database
from store.db.pagination import PageRequest
from store.db.tables import deliveries
from store.errors import StoreUnavailableError
from store.settings import Settings, load_settings
from store.webhooks.deliveries import DeliveryRecord, add_test_delivery, list_deliveries
from store.webhooks.outbox import claim_due_deliveries
from store.webhooks.webhooks import add_webhook, get_webhook
from tests.receivers import Receiver, receiving
from tests.schema import make_schema
from tests.waiting import wait_for

SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        data_dir=tmp_path, webhook_private_addresses=True, webhook_timeout_seconds=20
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    make_schema(settings.database_url)
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def put_in(database: Database, url: str, times: int = 1) -> str:
    """Create a webhook for the URL with `times` events in the outbox; return its id."""
    with database.writing() as session:
        webhook = add_webhook(session, "", url, None, SECRET)
        for _ in range(times):
            add_test_delivery(session, webhook.id)
    return webhook.id


def deliver(settings: Settings, database: Database, caller: WebhookSender | None = None) -> None:
    """Deliver all events that are due now, once."""

    async def run() -> None:
        deliverer = Deliverer(settings, database, caller)
        while await deliverer.deliver_due():
            await deliverer.finish_calls()

    asyncio.run(run())


def make_due(database: Database) -> None:
    """Make the next attempt due now."""
    with database.writing() as session:
        session.execute(update(deliveries).values(next_attempt_at=now()))


def log(database: Database, webhook_id: str) -> tuple[DeliveryRecord, ...]:
    with database.reading() as session:
        return list_deliveries(session, webhook_id, PageRequest(order="asc")).items


def outcome(database: Database, webhook_id: str) -> tuple[str, int | None, str | None]:
    """Return the status of the only delivery, and response and error of its last attempt."""
    [delivery] = log(database, webhook_id)
    last = delivery.attempts[-1]
    return delivery.status, last.response_status, last.error


def resolving(*answers: tuple[str, ...]) -> Resolver:
    """Return a resolver with these results, one per call; the last one repeats."""
    left = list(answers)

    def resolve(_host: str, _port: int) -> "Future[tuple[str, ...]]":
        found: Future[tuple[str, ...]] = Future()
        found.set_result(left.pop(0) if len(left) > 1 else left[0])
        return found

    return resolve


def test_call_is_signed_and_verified_with_the_library(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    webhook = put_in(database, receiver.url)
    deliver(settings, database)
    [call] = receiver.calls
    assert call.verified(SECRET)["type"] == "webhook.test"
    assert call.path == "/hook?a=1"
    assert call.headers["Content-Type"] == "application/json"
    [delivery] = log(database, webhook)
    assert (delivery.id, delivery.status) == (call.headers["webhook-id"], "delivered")
    assert delivery.attempts[0].response_status == 204


def test_failed_call_is_made_again_with_the_same_id_and_body(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    receiver.statuses = [500, 503, 200]
    webhook = put_in(database, receiver.url)
    for _ in range(4):
        deliver(settings, database)
        make_due(database)
    [delivery] = log(database, webhook)
    assert [attempt.response_status for attempt in delivery.attempts] == [500, 503, 200]
    assert receiver.ids == [delivery.id] * 3
    assert len({call.body for call in receiver.calls}) == 1


def test_back_off_doubles_with_jitter_to_a_limit() -> None:
    for number in range(1, 40):
        longest = min(2.0**number, LAST_RETRY_SECONDS)
        drawn = {retry_seconds(number) for _ in range(20)}
        assert len(drawn) > 1
        assert all(longest / 2 <= seconds <= longest for seconds in drawn)
    assert retry_seconds(10**9) <= LAST_RETRY_SECONDS


def test_delivery_expires_after_the_retry_period(database: Database, receiver: Receiver) -> None:
    receiver.statuses = [500]
    settings = load_settings(
        data_dir=Path("unused"), webhook_private_addresses=True, webhook_retry_seconds=0.001
    )
    webhook = put_in(database, receiver.url)
    deliver(settings, database)
    assert outcome(database, webhook) == ("failed", 500, "unexpected_status")


def test_receiver_that_is_gone_is_not_called_again(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    webhook = put_in(database, receiver.url)
    deliver(settings, database)
    make_due(database)
    deliver(settings, database)
    assert len(receiver.calls) == 1
    with database.reading() as session:
        assert not get_webhook(session, webhook).enabled


def test_redirect_is_not_followed(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    receiver.statuses, receiver.headers = [307], {"Location": f"{receiver.url}&again"}
    webhook = put_in(database, receiver.url)
    deliver(settings, database)
    assert len(receiver.calls) == 1
    assert outcome(database, webhook) == ("pending", 307, "unexpected_status")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.1", "[::ffff:127.0.0.1]"]
)
def test_private_address_is_not_called_however_it_is_written(
    database: Database, receiver: Receiver, host: str
) -> None:
    webhook = put_in(database, f"http://{host}:{receiver.port}/")
    deliver(load_settings(data_dir=Path("unused")), database)
    assert receiver.calls == []
    assert outcome(database, webhook) == ("pending", None, "forbidden_address")


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("8.8.8.8", "127.0.0.1")])
def test_host_that_has_moved_to_a_private_address_is_not_called(
    settings: Settings, database: Database, receiver: Receiver, addresses: tuple[str, ...]
) -> None:
    webhook = put_in(database, f"http://moved.example:{receiver.port}/")
    caller = WebhookSender(10, private_addresses=False, resolve=resolving(addresses))
    deliver(settings, database, caller)
    assert receiver.calls == []
    assert outcome(database, webhook) == ("pending", None, "forbidden_address")


def test_host_is_resolved_once_and_sent_to_the_server(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    put_in(database, f"http://hooks.example:{receiver.port}/")
    resolve = resolving(("127.0.0.1",), ("192.0.2.1",))
    deliver(settings, database, WebhookSender(10, private_addresses=True, resolve=resolve))
    assert receiver.calls[0].headers["Host"] == f"hooks.example:{receiver.port}"


def test_next_address_is_called_when_one_is_dead(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    put_in(database, f"http://hooks.example:{receiver.port}/")
    resolve = resolving(("127.0.0.2", "127.0.0.1"))
    deliver(settings, database, WebhookSender(10, private_addresses=True, resolve=resolve))
    assert len(receiver.calls) == 1


def test_unresolved_host_and_refused_connection_are_distinguished(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    unresolved = put_in(database, "http://no-such-host.invalid/")
    dead = put_in(database, f"http://127.0.0.2:{receiver.port}/")
    deliver(settings, database)
    assert outcome(database, unresolved) == ("pending", None, "unresolved")
    assert outcome(database, dead) == ("pending", None, "not_connected")


def test_proxy_of_the_environment_is_not_used(
    settings: Settings, database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.2:9/")
    put_in(database, receiver.url)
    deliver(settings, database)
    assert len(receiver.calls) == 1


def test_slow_response_times_out(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    receiver.drips = True
    webhook = put_in(database, receiver.url)
    deliver(settings, database, WebhookSender(0.3, private_addresses=True))
    assert outcome(database, webhook) == ("pending", None, "timeout")


def test_answer_is_not_read_beyond_its_status(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    receiver.statuses, receiver.floods = [200], True
    webhook = put_in(database, receiver.url)
    deliver(settings, database)
    assert outcome(database, webhook) == ("delivered", 200, None)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS contexts of the server hooks.example and of a client that trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate", folder / "key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, secret)
    return server, ssl.create_default_context(cafile=str(certificate))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("hooks.example", ("delivered", 204, None)),
        ("other.example", ("pending", None, "certificate")),
        ("127.0.0.1", ("pending", None, "certificate")),
    ],
)
def test_certificate_must_be_that_of_the_urls_host(
    settings: Settings,
    database: Database,
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
    host: str,
    expected: tuple[str, int | None, str | None],
) -> None:
    server, client = certificates
    caller = WebhookSender(
        10, private_addresses=True, resolve=resolving(("127.0.0.1",)), certificates=client
    )
    with receiving(server) as receiver:
        webhook = put_in(database, f"https://{host}:{receiver.port}/")
        deliver(settings, database, caller)
    assert outcome(database, webhook) == expected


def test_two_deliverers_at_once_call_each_once(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    webhook = put_in(database, receiver.url, times=30)

    async def run() -> None:
        deliverers = [Deliverer(settings, database) for _ in range(2)]
        for deliverer in deliverers:
            deliverer.start()
        async with asyncio.timeout(60):
            while len(receiver.calls) < 30:
                await asyncio.sleep(0.01)
        for deliverer in deliverers:
            await deliverer.stop()

    asyncio.run(run())
    assert sorted(receiver.ids) == [delivery.id for delivery in log(database, webhook)]
    assert {delivery.status for delivery in log(database, webhook)} == {"delivered"}


def test_unrecorded_call_is_repeated_with_the_same_id(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    webhook = put_in(database, receiver.url)
    with database.writing() as session:
        [claimed] = claim_due_deliveries(session, 1, lease_seconds=0, per_webhook=1)
    # The process dies here.
    asyncio.run(WebhookSender(10, private_addresses=True).call(claimed))
    deliver(settings, database)
    assert receiver.ids == [claimed.id, claimed.id]
    [delivery] = log(database, webhook)
    assert [attempt.number for attempt in delivery.attempts] == [2]


class FailingDatabase(Database):
    """A database that is unavailable for its first transactions."""

    failures = 3

    @contextmanager
    def reading(self) -> Iterator[Session]:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailableError("away")
        with super().reading() as session:
            yield session


def run_until(deliverer: Deliverer, condition: Callable[[], object]) -> None:
    """Run the deliverer until the condition holds, then stop it."""

    async def run() -> None:
        deliverer.start()
        await asyncio.to_thread(wait_for, condition)
        await deliverer.stop()

    asyncio.run(run())


def test_deliverer_waits_for_an_unavailable_database(
    settings: Settings,
    database: Database,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "AWAY_SECONDS", 0.01)
    webhook = put_in(database, receiver.url)
    away = FailingDatabase(settings.database_url)
    run_until(Deliverer(settings, away), lambda: log(database, webhook)[0].attempts)
    away.close()
    assert outcome(database, webhook)[0] == "delivered"
    assert "wait for the database" in caplog.text


def test_running_call_does_not_block_shutdown(
    settings: Settings, database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.05)
    receiver.drips = True
    webhook = put_in(database, receiver.url)
    run_until(Deliverer(settings, database), lambda: receiver.calls)
    [delivery] = log(database, webhook)
    assert (delivery.status, delivery.attempts) == ("pending", ())
