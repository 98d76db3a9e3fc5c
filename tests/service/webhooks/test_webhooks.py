"""/v1/webhooks over HTTP with a real receiver: create, deliver, test, reject, delete."""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from fastapi.testclient import TestClient
from standardwebhooks import Webhook

from service.app import create_app
from service.context import Context
from service.http.errors import ForbiddenAddressError
from service.webhooks.webhooks import check_url
from store.settings import Settings, load_settings
from store.webhooks.webhooks import MAX_GLOBAL_WEBHOOKS, add_webhook
from tests.receivers import Receiver, receiving
from tests.schema import make_schema
from tests.service.conftest import Train, Upload, problem
from tests.waiting import wait_for

SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return load_settings(**settings.model_dump() | {"webhook_private_addresses": True})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def strict_client(settings: Settings) -> Iterator[TestClient]:
    """A client of a service that calls public addresses only."""
    make_schema(settings.database_url)
    strict = load_settings(**settings.model_dump() | {"webhook_private_addresses": False})
    with TestClient(create_app(strict)) as client:
        yield client


def make(client: TestClient, url: str, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": url, **body})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/webhooks/{webhook['id']}"
    return webhook


def listed(client: TestClient, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def test_secret_is_shown_at_creation_and_on_its_own_route(
    client: TestClient, receiver: Receiver
) -> None:
    made = make(client, receiver.url)
    # The reference library accepts the secret.
    Webhook(made["secret"])
    shown = client.get(f"/v1/webhooks/{made['id']}").json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert shown["events"] is None
    assert listed(client, "/v1/webhooks") == [shown]
    answer = client.get(f"/v1/webhooks/{made['id']}/secret")
    assert answer.json() == {"secret": made["secret"]}
    assert answer.headers["cache-control"] == "no-store"


def test_test_event_is_delivered_like_other_events(client: TestClient, receiver: Receiver) -> None:
    webhook = make(client, receiver.url, secret=SECRET)
    path = f"/v1/webhooks/{webhook['id']}"
    answer = client.post(f"{path}/test")
    assert answer.status_code == 202
    assert (answer.json()["type"], answer.json()["status"]) == ("webhook.test", "pending")
    wait_for(lambda: listed(client, f"{path}/deliveries")[0]["attempts"])
    [call] = receiver.calls
    assert call.verified(SECRET)["data"] == {"webhook_id": webhook["id"]}
    [delivery] = listed(client, f"{path}/deliveries")
    assert delivery["id"] == answer.json()["id"] == call.headers["webhook-id"]
    assert (delivery["status"], delivery["next_attempt_at"]) == ("delivered", None)
    [attempt] = delivery["attempts"]
    assert (attempt["number"], attempt["response_status"], attempt["error"]) == (1, 204, None)
    assert attempt["seconds"] > 0


def test_receiver_is_notified_of_a_jobs_end(
    client: TestClient, receiver: Receiver, train: Train
) -> None:
    make(client, receiver.url, secret=SECRET)
    job = train(name="digits")
    wait_for(lambda: receiver.calls)
    [event] = [call.verified(SECRET) for call in receiver.calls]
    assert event["type"] == "job.succeeded"
    assert event["data"]["job_id"] == job["id"]
    assert (event["data"]["name"], event["data"]["status"]) == ("digits", "succeeded")


def test_webhook_of_a_job_receives_only_its_events(
    client: TestClient, receiver: Receiver, train: Train
) -> None:
    webhook = {"url": receiver.url, "events": ["created", "succeeded"]}
    job, _other = train(webhook=webhook), train()
    [shown] = listed(client, f"/v1/webhooks?job_id={job['id']}")
    secret = client.get(f"/v1/webhooks/{shown['id']}/secret").json()["secret"]
    wait_for(lambda: len(receiver.calls) == 2)
    events = [call.verified(secret) for call in receiver.calls]
    assert sorted(event["type"] for event in events) == ["job.created", "job.succeeded"]
    assert {event["data"]["job_id"] for event in events} == {job["id"]}


def test_response_body_of_a_receiver_is_not_exposed(client: TestClient, receiver: Receiver) -> None:
    receiver.statuses, receiver.headers = [400], {"X-Secret": "do-not-echo"}
    webhook = make(client, receiver.url)
    path = f"/v1/webhooks/{webhook['id']}/deliveries"
    client.post(f"/v1/webhooks/{webhook['id']}/test")
    wait_for(lambda: listed(client, path)[0]["attempts"])
    assert "do-not-echo" not in client.get(path).text
    [attempt] = listed(client, path)[0]["attempts"]
    assert (attempt["response_status"], attempt["error"]) == (400, "unexpected_status")


def test_deliveries_are_paged(client: TestClient, receiver: Receiver) -> None:
    path = f"/v1/webhooks/{make(client, receiver.url)['id']}"
    ids = [client.post(f"{path}/test").json()["id"] for _ in range(3)]
    first = client.get(f"{path}/deliveries?limit=2&order=asc").json()
    assert first["has_more"]
    second = client.get(f"{path}/deliveries?limit=2&order=asc&after={first['next']}").json()
    assert [delivery["id"] for delivery in first["data"] + second["data"]] == ids


def test_deleted_webhook_is_gone(client: TestClient, receiver: Receiver) -> None:
    path = f"/v1/webhooks/{make(client, receiver.url)['id']}"
    assert client.delete(path).status_code == 204
    for answer in (
        client.get(path),
        client.delete(path),
        client.get(f"{path}/secret"),
        client.get(f"{path}/deliveries"),
        client.post(f"{path}/test"),
        client.get("/v1/webhooks/nonsense"),
    ):
        assert problem(answer, 404)["code"] == "not_found"
    assert listed(client, "/v1/webhooks") == []


def test_repeated_key_creates_one_webhook(client: TestClient, receiver: Receiver) -> None:
    answers = [
        client.post(
            "/v1/webhooks", json={"url": receiver.url}, headers={"Idempotency-Key": "a key"}
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(listed(client, "/v1/webhooks")) == 1


PRIVATE = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1:8443/",
    "http://0/",
    "http://no-such-host.invalid/",
    "http://user@8.8.8.8/",
    "gopher://8.8.8.8/",
    "8.8.8.8",
]


def test_address_that_is_not_public_is_refused(
    strict_client: TestClient, subtests: pytest.Subtests
) -> None:
    for url in PRIVATE:
        with subtests.test(url):
            refused = problem(strict_client.post("/v1/webhooks", json={"url": url}), 422)
            assert refused["code"] == "forbidden_address"
            assert [error["pointer"] for error in refused["errors"]] == ["/url"]
    assert listed(strict_client, "/v1/webhooks") == []


def test_job_with_a_webhook_to_a_private_address_is_refused_and_not_stored(
    strict_client: TestClient, upload: Upload
) -> None:
    body = {
        "dataset_id": upload()["id"],
        "target": "kind",
        "webhook": {"url": "http://169.254.169.254/"},
    }
    refused = problem(strict_client.post("/v1/jobs", json=body), 422)
    assert refused["code"] == "forbidden_address"
    said = strict_client.post("/v1/jobs/validate", json=body).json()
    assert (said["valid"], said["findings"][0]["pointer"]) == (False, "/webhook/url")
    assert [error["pointer"] for error in refused["errors"]] == ["/webhook/url"]
    assert listed(strict_client, "/v1/jobs") == []


def test_public_address_is_taken(strict_client: TestClient) -> None:
    make(strict_client, "https://8.8.8.8:8443/hook?a=1")


def test_host_with_one_private_address_is_refused(strict_client: TestClient) -> None:
    context: Context = strict_client.app.state.context  # type: ignore[attr-defined]

    def resolve(_host: str, _port: int) -> "Future[tuple[str, ...]]":
        found: Future[tuple[str, ...]] = Future()
        found.set_result(("8.8.8.8", "10.0.0.1"))
        return found

    with pytest.raises(ForbiddenAddressError):
        check_url(context, "http://both.example/", "/url", resolve)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "/url"),
    ({"url": ""}, "/url"),
    ({"url": "http://h/" + "a" * 2048}, "/url"),
    ({"url": "http://h/\0"}, "/url"),
    ({"url": 1}, "/url"),
    ({"url": "http://8.8.8.8/", "events": []}, "/events"),
    ({"url": "http://8.8.8.8/", "events": ["epoch"]}, "/events/0"),
    ({"url": "http://8.8.8.8/", "secret": "short"}, "/secret"),
    ({"url": "http://8.8.8.8/", "secret": "whsec_" + "A" * 33}, "/secret"),
    ({"url": "http://8.8.8.8/", "job_id": "job_1"}, "/job_id"),
]


def test_field_that_is_wrong_is_named(client: TestClient, subtests: pytest.Subtests) -> None:
    for body, pointer in WRONG:
        with subtests.test(pointer, body=body):
            refused = problem(client.post("/v1/webhooks", json=body), 422)
            assert [error["pointer"] for error in refused["errors"]] == [pointer]


def test_too_many_webhooks_are_429(client: TestClient, receiver: Receiver) -> None:
    context: Context = client.app.state.context  # type: ignore[attr-defined]
    with context.database.writing() as session:
        for _ in range(MAX_GLOBAL_WEBHOOKS):
            add_webhook(session, "", receiver.url, None, SECRET)
    answer = client.post("/v1/webhooks", json={"url": receiver.url})
    assert problem(answer, 429)["code"] == "limit_reached"
    assert answer.headers["retry-after"]
