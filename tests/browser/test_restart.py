"""A service that is killed and started again while a page shows its live job."""

import socket
from contextlib import closing
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.api import Api
from tests.browser.tabs import Tabs
from tests.cli.service import running
from tests.e2e.test_restart import DIGITS, SWIFT
from tests.waiting import wait_for


def _find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_the_page_waits_for_a_killed_service_and_goes_on(tabs: Tabs, tmp_path: Path) -> None:
    port = str(_find_port())
    with (
        running(tmp_path / "data", "--port", port, environment=SWIFT) as service,
        closing(Api(service.url)) as api,
    ):
        page = tabs.open(service.url)
        digits = api.upload(DIGITS.read_text())
        network = {"layers": [{"type": "dense", "units": 24}]}
        job = api.post_job(digits, target="label", epochs=150, network=network)
        page.goto(f"/#/jobs/{job['id']}")
        heading = page.get_by_role("main").get_by_role("heading", level=1)
        expect(heading).to_be_visible()
        wait_for(lambda: api.get(job["links"]["self"])["progress"]["epoch"] > 10)
        tabs.guards[page].allow_lost_connection()
        # Requests on their way through a proxy or a starting service.
        tabs.guards[page].allow(502, 503)
        service.process.kill()
    expect(page.get_by_text("No connection since")).to_be_visible()
    expect(heading).to_be_visible()
    with (
        running(tmp_path / "data", "--port", port, environment=SWIFT) as service,
        closing(Api(service.url)) as api,
    ):
        expect(page.get_by_text("No connection since")).to_be_hidden()
        assert api.wait_for_end(job)["status"] == "succeeded"
        expect(page.get_by_role("main").get_by_text("succeeded").first).to_be_visible()
        page.context.close()
