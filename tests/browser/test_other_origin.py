"""Pages of other origins, and pages whose name leads to the service, neither read nor change."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.api import Api, Json
from tests.browser.conftest import PROGRAMS
from tests.cli.service import Service

NAME = "rebind.example"
# Each returns what the page gets: a status, a text, or the name of the error.
ATTEMPTS = {
    "multipart upload": """async (url, job) => {
        const form = new FormData();
        form.append("file", new Blob(["width,kind\\n1,a\\n2,b\\n"], {type: "text/csv"}), "a.csv");
        return await fetch(`${url}/v1/datasets`, {method: "POST", mode: "no-cors", body: form});
    }""",
    "cancel": """async (url, job) =>
        await fetch(`${url}${job}/cancel`, {method: "POST", mode: "no-cors"})""",
    "pause": """async (url, job) =>
        await fetch(`${url}${job}/pause`, {method: "POST", mode: "no-cors"})""",
    "beacon": """async (url, job) => {
        navigator.sendBeacon(`${url}${job}/pause`, "");
        return {status: 0, text: async () => ""};
    }""",
    "text as JSON": """async (url, job) => await fetch(`${url}/v1/jobs/validate`,
        {method: "POST", mode: "no-cors", body: "{}"})""",
    "JSON": """async (url, job) => await fetch(`${url}/v1/jobs/validate`,
        {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"})""",
    "delete": """async (url, job) => await fetch(`${url}${job}`, {method: "DELETE"})""",
    "read": """async (url, job) => await fetch(`${url}${job}`)""",
    "blind read": """async (url, job) => await fetch(`${url}${job}`, {mode: "no-cors"})""",
}
SEES = "async ([attempt, url, job]) => {try {const answer = await eval(attempt)(url, job); "
SEES += "return [answer.status, await answer.text()]} catch (error) {return [0, error.name]}}"


@contextmanager
def other_page() -> Iterator[str]:
    """Serve an empty page on another port of this machine; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!doctype html><title>another page</title><body></body>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Attacker:
    """A page, the answers of the service to it, and what the service holds."""

    def __init__(self, context: BrowserContext, service: Service, api: Api) -> None:
        self.page: Page = context.new_page()
        self.statuses: list[int] = []
        self._service, self._api = service, api
        self.page.on("response", self._record)

    def _record(self, answer: Any) -> None:
        if "/v1/" in answer.url and answer.request.method != "OPTIONS":
            self.statuses.append(answer.status)

    def attempt(self, name: str, job: Json, url: str) -> tuple[int, str]:
        """Return status and text that the page sees."""
        status, text = self.page.evaluate(SEES, [ATTEMPTS[name], url, job["links"]["self"]])
        return status, text

    def submit_form(self, path: str) -> int:
        """Submit a form with a file to the service, which shows its answer in the tab."""
        script = """(url) => {
            const form = document.createElement("form");
            Object.assign(form, {method: "post", enctype: "multipart/form-data", action: url});
            const input = document.createElement("input");
            Object.assign(input, {type: "file", name: "file"});
            const files = new DataTransfer();
            files.items.add(new File(["width,kind\\n1,a\\n2,b\\n"], "a.csv", {type: "text/csv"}));
            input.files = files.files;
            form.append(input);
            document.body.append(form);
            form.submit();
        }"""
        with self.page.expect_navigation() as navigation:
            self.page.evaluate(script, f"{self._service.url}{path}")
        assert navigation.value is not None
        return navigation.value.status


def state_of(api: Api, job: Json) -> tuple[int, str, int]:
    """Return the number of datasets, the job's status and its number of commands."""
    datasets = api.get("/v1/datasets?limit=200")["data"]
    events = api.get(f"{job['links']['self']}/events?limit=200")["data"]
    commands = [one for one in events if one["type"] in {"pausing", "cancelling"}]
    return len(datasets), api.get(job["links"]["self"])["status"], len(commands)


@pytest.fixture
def endless(api: Api) -> Iterator[Json]:
    """A job that trains until it is cancelled."""
    job = api.post_job(api.upload(), epochs=100_000)
    yield job
    api.client.post(f"{job['links']['self']}/cancel")
    api.wait_for_end(job)


@pytest.fixture
def attacker(browser: Browser, service: Service, api: Api) -> Iterator[Attacker]:
    with browser.new_context() as context:
        yield Attacker(context, service, api)


def test_page_of_another_port_changes_and_reads_nothing(
    attacker: Attacker, service: Service, api: Api, endless: Json
) -> None:
    before = state_of(api, endless)[::2]
    with other_page() as address:
        attacker.page.goto(address)
        seen = {name: attacker.attempt(name, endless, service.url) for name in ATTEMPTS}
        assert attacker.submit_form("/v1/datasets") == 403
    # The page sees nothing: no status, no text, or an error instead of an answer.
    failed = {"JSON", "delete", "read"}
    assert seen == {name: (0, "TypeError" if name in failed else "") for name in ATTEMPTS}
    # Of what has reached the service, reads alone were answered.
    assert attacker.statuses.count(403) >= 5
    assert {status for status in attacker.statuses if status != 403} <= {200}
    assert state_of(api, endless)[::2] == before
    assert not api.get(endless["links"]["self"])["is_terminal"]


def test_own_page_may_do_the_same(
    attacker: Attacker, service: Service, api: Api, endless: Json
) -> None:
    before = state_of(api, endless)
    attacker.page.goto(service.url)
    assert attacker.attempt("multipart upload", endless, "")[0] == 201
    assert attacker.attempt("read", endless, "")[0] == 200
    assert attacker.attempt("cancel", endless, "")[0] == 202
    datasets, _, commands = state_of(api, endless)
    assert (datasets, commands) == (before[0] + 1, 1)


def test_page_that_gives_its_name_the_address_of_the_service_gets_nothing(
    browser: Browser, service: Service, api: Api, endless: Json
) -> None:
    before = state_of(api, endless)[::2]
    rebound = f"http://{NAME}:{urlsplit(service.url).port}"
    program = next(filter(None, map(shutil.which, PROGRAMS)))
    with (
        browser.browser_type.launch(
            executable_path=program,
            args=["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"],
        ) as other,
        other.new_context() as context,
    ):
        attacker = Attacker(context, service, api)
        # A document of that origin: health checks answer every name.
        attacker.page.goto(f"{rebound}/healthz")
        for name in ATTEMPTS:
            status, text = attacker.attempt(name, endless, rebound)
            assert (name, status) == (name, 0 if name == "beacon" else 421)
            assert name == "beacon" or "BACKPROPD_ALLOWED_HOSTS" in text
    assert set(attacker.statuses) == {421}
    assert state_of(api, endless)[::2] == before
