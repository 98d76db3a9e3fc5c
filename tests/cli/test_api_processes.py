"""Several API processes on one port: whatever one has begun, another continues."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx2
import psutil
import pytest

from tests.chaos.work import TINY, job_body, make_table
from tests.cli.programs import is_alive
from tests.cli.service import Service, clean_environment, running
from tests.receivers import receiving
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

SECONDS = 60
ROWS = {"rows": [{"x": 0.25, "y": -1.5, "z": None, "colour": "red"}, {"x": 3, "colour": "?"}]}
CSV = {"Content-Type": "text/csv"}
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with two API processes that may call webhooks on this machine."""
    environment = clean_environment(BACKPROPD_WEBHOOK_PRIVATE_ADDRESSES="true")
    data = tmp_path_factory.mktemp("service") / "data"
    with running(data, "--api-processes", "2", environment=environment) as service:
        yield service


@pytest.fixture
def both(service: Service) -> Iterator[list[httpx2.Client]]:
    """One client per API process, which keeps its connection."""
    with connected_to_each(service) as clients:
        pids = [find_process(service, client) for client in clients]
        yield clients
        # Every request went to the process that the test meant.
        assert [find_process(service, client) for client in clients] == pids


@contextmanager
def connected_to_each(service: Service) -> Iterator[list[httpx2.Client]]:
    with ExitStack() as stack:
        clients: dict[int, httpx2.Client] = {}

        def connect() -> bool:
            client = stack.enter_context(connection(service.url))
            clients[find_process(service, client)] = client
            return len(clients) == 2

        wait_for(connect)
        yield list(clients.values())


def connection(url: str) -> httpx2.Client:
    """A client that keeps its only connection."""
    limits = httpx2.Limits(max_connections=1, keepalive_expiry=None)
    return httpx2.Client(base_url=url, limits=limits, timeout=SECONDS)


def find_process(service: Service, client: httpx2.Client) -> int:
    """Return the pid of the API process at the other end of the client's connection."""
    stream = client.get("/healthz").extensions["network_stream"]
    _, port = stream.get_extra_info("client_addr")
    for process in service.children("cli api"):
        for one in process.net_connections("tcp"):
            if one.raddr and one.raddr.port == port:
                return process.pid
    msg = "the connection belongs to none of the API processes"
    raise AssertionError(msg)


@pytest.fixture(scope="module")
def dataset_id(service: Service) -> str:
    answer = httpx2.post(f"{service.url}/v1/datasets", content=make_table(), headers=CSV)
    found: str = answer.json()["id"]
    return found


def in_both(clients: list[httpx2.Client], work: Callable[[httpx2.Client], Any]) -> list[Any]:
    """Do the same with all clients, each in a thread."""
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(work, clients))


def post_job(client: httpx2.Client, dataset_id: str, **changes: Any) -> str:
    answer = client.post("/v1/jobs", json=job_body(dataset_id, TINY, **changes))
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


def finished(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    """Wait until the job has succeeded and return it."""

    def ask() -> dict[str, Any]:
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}", params={"wait": 5}).json()
        return job

    wait_for(lambda: ask()["status"] == "succeeded")
    return ask()


def test_parts_of_an_upload_go_to_different_processes(both: list[httpx2.Client]) -> None:
    first, second = both
    table = make_table()
    created = first.post("/v1/uploads", headers={**TUS, "Upload-Length": str(len(table))})
    location = created.headers["location"]
    middle = len(table) // 2
    for client, begin, end in ((second, 0, middle), (first, middle, len(table))):
        headers = {"Upload-Offset": str(begin), "Content-Type": "application/offset+octet-stream"}
        sent = client.patch(location, content=table[begin:end], headers={**TUS, **headers})
        assert (sent.status_code, sent.headers["upload-offset"]) == (204, str(end))
        heads = [one.head(location, headers=TUS) for one in both]
        assert {head.headers["upload-offset"] for head in heads} == {str(end)}
    upload = location.rpartition("/")[2]
    dataset = second.post("/v1/datasets", params={"upload": upload, "name": "t.csv"})
    assert dataset.status_code == 201, dataset.text
    assert dataset.json()["rows"] == 3_000
    assert first.get(f"/v1/datasets/{dataset.json()['id']}").json() == dataset.json()
    assert [one.head(location, headers=TUS).status_code for one in both] in ([404] * 2, [410] * 2)


def test_equal_posts_to_both_at_once_create_one_job_per_key(
    both: list[httpx2.Client], dataset_id: str
) -> None:
    keys = [str(uuid4()) for _ in range(10)]
    together = threading.Barrier(2)

    def post_all(client: httpx2.Client) -> list[tuple[int, bytes, bool]]:
        answers = []
        for key in keys:
            together.wait(SECONDS)
            headers = {"Idempotency-Key": key}
            body = job_body(dataset_id, TINY, key)
            answer = client.post("/v1/jobs", json=body, headers=headers)
            is_replayed = "idempotency-replayed" in answer.headers
            answers.append((answer.status_code, answer.content, is_replayed))
        return answers

    for one, other in zip(*in_both(both, post_all), strict=True):
        assert (one[0], one[1]) == (other[0], other[1]) == (202, one[1])
        assert sorted([one[2], other[2]]) == [False, True]


def read_stream(client: httpx2.Client, job_id: str, after: str = "0") -> list[tuple[str, str]]:
    """Return ids and types of the events after this one, up to the end of the stream."""
    headers = {"Accept": "text/event-stream", "Last-Event-ID": after}
    with client.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as stream:
        lines = [line.partition(": ") for line in stream.iter_lines()]
    ids, types = ([text for name, _, text in lines if name == field] for field in ("id", "event"))
    return list(zip(ids, types, strict=True))


def test_both_stream_the_same_events(both: list[httpx2.Client], dataset_id: str) -> None:
    job_id = post_job(both[0], dataset_id, epochs=20)
    first, second = in_both(both, lambda client: read_stream(client, job_id))
    assert first == second
    assert (first[0][1], first[-1][1]) == ("created", "succeeded")
    # A stream that broke at one process continues at the other.
    assert [read_stream(client, job_id, first[4][0]) for client in both] == [first[5:]] * 2


def test_a_change_through_one_process_ends_the_waiting_at_the_other(
    both: list[httpx2.Client], dataset_id: str
) -> None:
    first, second = both
    job_id = post_job(first, dataset_id, epochs=100_000)
    wait_for(lambda: second.get(f"/v1/jobs/{job_id}").json()["status"] == "running")
    assert first.post(f"/v1/jobs/{job_id}/pause").status_code == 202
    tag = ""

    def is_paused() -> bool:
        nonlocal tag
        answer = second.get(
            f"/v1/jobs/{job_id}", params={"wait": 30}, headers={"If-None-Match": tag}
        )
        tag = answer.headers["etag"]
        return bool(answer.status_code == 200 and answer.json()["status"] == "paused")

    wait_for(is_paused)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            second.get, f"/v1/jobs/{job_id}", params={"wait": 30}, headers={"If-None-Match": tag}
        )
        assert first.post(f"/v1/jobs/{job_id}/cancel").status_code == 202
        changed = waiting.result(SECONDS)
    assert changed.json()["status"] in {"cancelling", "cancelled"}
    assert changed.headers["etag"] != tag


def test_every_event_is_delivered_once(both: list[httpx2.Client], dataset_id: str) -> None:
    types = ["created", "claimed", "improved", "succeeded"]
    with receiving() as receiver:
        request = {"url": receiver.url, "events": types}
        webhook_id = both[0].post("/v1/webhooks", json=request).json()["id"]
        job_ids = [post_job(both[n % 2], dataset_id) for n in range(8)]
        expected = [
            (job_id, event["type"], event["id"])
            for job_id in job_ids
            if finished(both[0], job_id)
            for event in list_all(both[1], f"/v1/jobs/{job_id}/events")
            if event["type"] in types
        ]

        def are_delivered() -> bool:
            found = list_all(both[1], f"/v1/webhooks/{webhook_id}/deliveries")
            return {one["status"] for one in found} == {"delivered"} and len(found) >= 32

        wait_for(are_delivered)
        both[0].delete(f"/v1/webhooks/{webhook_id}")
    bodies = [json.loads(call.body) for call in receiver.calls]
    delivered = [
        (body["data"]["job_id"], body["type"].removeprefix("job."), body["data"]["event_id"])
        for body in bodies
    ]
    assert len(expected) >= 32
    assert sorted(delivered) == sorted(expected)


def list_all(client: httpx2.Client, path: str) -> list[dict[str, Any]]:
    """Return the items of a list's first page, which must be all of them."""
    page = client.get(path, params={"limit": 200}).json()
    assert not page["has_more"]
    found: list[dict[str, Any]] = page["data"]
    return found


def predict(client: httpx2.Client, model_id: str) -> bytes:
    answer = client.post(f"/v1/models/{model_id}/predict", json=ROWS)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_both_predict_the_same_bits(both: list[httpx2.Client], dataset_id: str) -> None:
    model_id = finished(both[1], post_job(both[0], dataset_id))["model_id"]
    one, other = in_both(both, lambda client: predict(client, model_id))
    assert one == other


@contextmanager
def suspended(process: psutil.Process) -> Iterator[None]:
    process.suspend()
    try:
        yield
    finally:
        process.resume()


# The last two tests kill a process of the shared service, and stop it.


def test_one_is_killed_and_the_other_answers(service: Service, dataset_id: str) -> None:
    with connection(service.url) as client:
        model_id = finished(client, post_job(client, dataset_id))["model_id"]
        expected = predict(client, model_id)
        killed = psutil.Process(find_process(service, client))
        with suspended(psutil.Process(service.process.pid)):  # nothing is restarted
            killed.kill()
            wait_for(lambda: not is_alive(killed.pid))
            # The connection breaks in the request, or before, so that the client opens another one.
            with suppress(httpx2.TransportError):
                assert client.get("/healthz").status_code == 200
            # The kernel assigns about half of the connections to the killed process's socket.
            for _ in range(20):
                with connection(service.url) as another:
                    assert predict(another, model_id) == expected
    wait_for(lambda: len(service.children("cli api")) == 2)
    with connected_to_each(service) as clients:
        assert [predict(client, model_id) for client in clients] == [expected] * 2


def test_stopped_service_ends_the_streams_of_both(service: Service, dataset_id: str) -> None:
    with connected_to_each(service) as clients, ExitStack() as stack:
        job_id = post_job(clients[0], dataset_id, epochs=100_000)
        streams = []
        for client in clients:
            path, headers = f"/v1/jobs/{job_id}/events", {"Accept": "text/event-stream"}
            stream = stack.enter_context(client.stream("GET", path, headers=headers))
            lines = stream.iter_lines()
            assert next(lines) == "event: created"
            streams.append(lines)
        assert service.stop() == 0
        # They end as a whole response does; a broken connection would raise an exception.
        assert all(list(lines) for lines in streams)
    assert "killed" not in service.log.read_text()
