"""Events over HTTP on a real server: pages, resumable streams, long polls."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import httpx2
import pytest

from store.db.database import Database
from store.db.migrate import upgrade
from store.jobs.claims import claim_job
from store.jobs.events import add_event
from store.jobs.leases import Lease
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.settings import Settings, load_settings
from store.statuses import KINDS
from tests.servers import serving
from tests.service.conftest import IRIS_LIKE, problem

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(data_dir=tmp_path_factory.mktemp("events"), broker_url="memory://")


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[httpx2.Client]:
    upgrade(settings.database_url)
    with (
        serving(settings, settings.data_dir / "log") as url,
        httpx2.Client(base_url=url, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def dataset_id(server: httpx2.Client) -> str:
    answer = server.post(
        "/v1/datasets", content=IRIS_LIKE, headers={"Content-Type": "text/csv"}
    ).json()
    return str(answer["id"])


@pytest.fixture
def job(server: httpx2.Client, dataset_id: str) -> dict[str, Any]:
    """A job that stays queued, because there is no worker."""
    body = {"dataset_id": dataset_id, "target": "kind", "epochs": 2}
    found: dict[str, Any] = server.post("/v1/jobs", json=body).json()
    return found


@contextmanager
def streaming(
    server: httpx2.Client, job: dict[str, Any], **headers: str
) -> Iterator[Iterator[dict[str, str]]]:
    """Yield the events of a job's stream as they arrive."""
    with server.stream("GET", job["links"]["events"], headers=STREAM | headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    found: dict[str, str] = {}
    for line in lines:
        if line:
            field, _, value = line.partition(": ")
            found[field] = value
        elif found:
            yield found
            found = {}


def types(found: Iterator[dict[str, str]]) -> list[str]:
    return [event["event"] for event in found]


def append(settings: Settings, job: dict[str, Any], type_: str) -> None:
    """Append an event in the database, as another process would."""
    database = Database(settings.database_url)
    with database.writing() as session:
        add_event(session, job["id"], type_, {})
    database.close()


def cancel(server: httpx2.Client, job: dict[str, Any]) -> None:
    assert server.post(job["links"]["cancel"]).json()["status"] == "cancelled"


def test_events_in_pages(server: httpx2.Client, job: dict[str, Any]) -> None:
    cancel(server, job)
    first = server.get(job["links"]["events"], params={"limit": 1}).json()
    assert [event["type"] for event in first["data"]] == ["created"]
    assert set(first["data"][0]) == {"id", "at", "level", "type", "data"}
    assert first["has_more"]
    rest = server.get(job["links"]["events"], params={"after": first["next"]}).json()
    assert [event["type"] for event in rest["data"]] == ["cancelled"]
    assert (rest["has_more"], rest["next"]) == (False, None)
    newest = server.get(job["links"]["events"], params={"order": "desc", "limit": 1}).json()
    assert newest["data"] == rest["data"]


def test_bad_pages_are_422(server: httpx2.Client, job: dict[str, Any]) -> None:
    for query in ("limit=0", "limit=201", "after=-1", "after=x", f"after={2**63}", "order=up"):
        problem(server.get(f"{job['links']['events']}?{query}"), 422)


def test_events_of_an_unknown_job_are_404_before_any_stream(server: httpx2.Client) -> None:
    for headers in ({}, STREAM):
        problem(server.get("/v1/jobs/job_nope/events", headers=headers), 404)


def test_stream_sends_events_and_ends_with_the_job(
    server: httpx2.Client, job: dict[str, Any], settings: Settings
) -> None:
    with streaming(server, job) as found:
        first = next(found)
        assert first["event"] == "created"
        append(settings, job, "epoch")
        assert next(found)["event"] == "epoch"
        cancel(server, job)
        assert types(found) == ["cancelled"]
    shown = server.get(job["links"]["events"]).json()["data"]
    assert int(first["id"]) == shown[0]["id"]


def test_a_stream_is_the_same_after_the_end(server: httpx2.Client, job: dict[str, Any]) -> None:
    cancel(server, job)
    with streaming(server, job) as found:
        assert types(found) == ["created", "cancelled"]


@pytest.mark.parametrize(
    ("accept", "is_stream"),
    [
        ("application/json;q=0, text/event-stream", True),
        ("application/json, text/event-stream", True),
        ("text/event-stream;q=0.1, application/json", False),
        ("text/*", False),
        ("application/json;q=0", False),
        ("nonsense", False),
    ],
)
def test_accept_header_selects_stream_or_page(
    server: httpx2.Client, job: dict[str, Any], accept: str, is_stream: bool
) -> None:
    cancel(server, job)
    answer = server.get(job["links"]["events"], headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream") == is_stream


def test_stream_resumes_after_the_last_event_id(server: httpx2.Client, job: dict[str, Any]) -> None:
    with streaming(server, job) as found:
        last = next(found)["id"]
    cancel(server, job)
    with streaming(server, job, **{"Last-Event-ID": last}) as found:
        assert types(found) == ["cancelled"]
    asked = {**job, "links": {"events": f"{job['links']['events']}?after={last}"}}
    with streaming(server, asked) as found:
        assert types(found) == ["cancelled"]


def test_last_event_id_that_is_no_id_starts_at_the_beginning(
    server: httpx2.Client, job: dict[str, Any]
) -> None:
    cancel(server, job)
    for nowhere in ("x", "-1", "1.5", "9" * 30, "0"):
        with streaming(server, job, **{"Last-Event-ID": nowhere}) as found:
            assert types(found) == ["created", "cancelled"], nowhere


def test_ids_of_events_are_compared_by_order_not_by_existence(
    server: httpx2.Client, job: dict[str, Any], dataset_id: str
) -> None:
    body = {"dataset_id": dataset_id, "target": "kind"}
    other = server.post("/v1/jobs", json=body).json()["links"]["events"]
    between = server.get(other).json()["data"][0]["id"]
    cancel(server, job)
    with streaming(server, job, **{"Last-Event-ID": str(between)}) as found:
        assert types(found) == ["cancelled"]
    page = server.get(job["links"]["events"], params={"after": between}).json()
    assert [event["type"] for event in page["data"]] == ["cancelled"]
    headers = STREAM | {"Last-Event-ID": "9" * 18}
    assert server.get(job["links"]["events"], headers=headers).status_code == 204


def test_stream_after_the_last_event_of_an_ended_job_is_204(
    server: httpx2.Client, job: dict[str, Any]
) -> None:
    cancel(server, job)
    last = server.get(job["links"]["events"]).json()["data"][-1]["id"]
    headers = STREAM | {"Last-Event-ID": str(last)}
    answer = server.get(job["links"]["events"], headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")


def test_known_state_is_304_until_it_changes(server: httpx2.Client, job: dict[str, Any]) -> None:
    tag = server.get(job["links"]["self"]).headers["etag"]
    known = {"If-None-Match": f'"older", {tag}'}
    same = server.get(job["links"]["self"], headers=known)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    cancel(server, job)
    changed = server.get(job["links"]["self"], headers=known)
    assert changed.json()["status"] == "cancelled"
    assert changed.headers["etag"] != tag


def test_a_wait_ends_with_a_change(server: httpx2.Client, job: dict[str, Any]) -> None:
    tag = server.get(job["links"]["self"]).headers["etag"]
    for headers in ({}, {"If-None-Match": tag}):
        Timer(0.1, cancel if not headers else lambda *_: None, (server, job)).start()
        answer = server.get(job["links"]["self"], params={"wait": 60}, headers=headers)
        assert answer.json()["status"] == "cancelled"


def test_a_wait_without_a_change_ends_with_its_time(
    server: httpx2.Client, job: dict[str, Any]
) -> None:
    answer = server.get(job["links"]["self"], params={"wait": 0.05})
    assert answer.json()["status"] == "queued"
    known = {"If-None-Match": answer.headers["etag"]}
    again = server.get(job["links"]["self"], params={"wait": 0.05}, headers=known)
    assert again.status_code == 304


def test_poll_of_an_ended_job_or_outdated_state_returns_at_once(
    server: httpx2.Client, job: dict[str, Any]
) -> None:
    older = {"If-None-Match": 'W/"0"'}
    # The client's timeout is shorter than the wait.
    wait = {"wait": 60}
    queued = server.get(job["links"]["self"], params=wait, headers=older)
    assert queued.json()["status"] == "queued"
    cancel(server, job)
    ended = server.get(job["links"]["self"], params=wait)
    assert ended.json()["status"] == "cancelled"
    known = {"If-None-Match": ended.headers["etag"]}
    assert server.get(job["links"]["self"], params=wait, headers=known).status_code == 304
    problem(server.get("/v1/jobs/job_nope", params=wait), 404)


@pytest.mark.parametrize("wait", ["-1", "60.1", "nan", "inf", "soon", ""])
def test_a_wait_beyond_the_limits_is_422(
    server: httpx2.Client, job: dict[str, Any], wait: str
) -> None:
    found = problem(server.get(job["links"]["self"], params={"wait": wait}), 422)
    assert found["errors"][0]["pointer"] == "/wait"


def test_poll_shows_progress_without_an_event(
    server: httpx2.Client, job: dict[str, Any], settings: Settings
) -> None:
    database = Database(settings.database_url)
    with database.writing() as session:
        claimed = claim_job(session, "worker", 20, 3, kinds=KINDS)
        while claimed is not None and claimed.id != job["id"]:
            claimed = claim_job(session, "worker", 20, 3, kinds=KINDS)
    assert claimed is not None
    assert server.get(job["links"]["self"]).json()["progress"]["steps"] == 0
    with database.writing() as session:
        record_training_progress(
            session, Lease(job["id"], claimed.token), TrainingProgress(steps=7), ()
        )
    assert server.get(job["links"]["self"]).json()["progress"]["steps"] == 7
    database.close()
