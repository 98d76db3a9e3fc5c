"""The page as a whole: behind a prefix, its weight, and the API reference."""

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.guards import Guard
from tests.browser.proxy import prefix_proxy
from tests.browser.tabs import Tabs
from tests.browser.windows import DESKTOP, TALL, Window
from tests.cli.service import Service

PREFIX = "/some/where"
VIEWS = ("Start", "Datasets", "New job", "Jobs", "Backpropagation", "Model", "Tour")
# Compressed, with the recorded examples.
MAX_START_BYTES = 80_000
IN_SIGHT_OF_TALL = ("recorded/textbook.json", "recorded/activations/tanh.json")


def test_every_view_opens_behind_a_prefix(tabs: Tabs, service: Service) -> None:
    with prefix_proxy(service.url, PREFIX) as url:
        page = tabs.open(url)
        page.goto(url)
        for view in VIEWS:
            page.get_by_role("navigation").get_by_role("link", name=view, exact=True).click()
            expect(page.get_by_role("main").get_by_role("heading", level=1)).to_be_visible()
            page.wait_for_load_state("networkidle")
        page.context.close()


def path_of(response: Response) -> str:
    """Path below `service/static`; empty for the page itself."""
    return response.url.rpartition("/static/")[2].partition("/")[2]


@pytest.mark.parametrize(
    ("window", "in_sight"), [(DESKTOP, ()), (TALL, IN_SIGHT_OF_TALL)], ids=["usual", "tall"]
)
def test_what_the_start_loads_is_small(
    page: Page, window: Window, in_sight: tuple[str, ...]
) -> None:
    responses: list[Response] = []

    def note(response: Response) -> None:
        if "/v1/" not in response.url:
            responses.append(response)

    page.on("response", note)
    page.goto("/")
    expect(page.get_by_role("img", name="Network 2-2-1, step 20, forward")).to_be_visible()
    if window is TALL:
        table = page.get_by_role("table", name="Values, gradients and new values of the exercise")
        expect(table).to_be_visible()
    page.wait_for_load_state("networkidle")
    weights = {path_of(one): one.request.sizes()["responseBodySize"] for one in responses}
    report = "\n".join(f"{weight:7,} {name}" for name, weight in sorted(weights.items()))
    assert {*in_sight} <= weights.keys(), report
    assert sum(weights.values()) <= MAX_START_BYTES, report


def test_the_reference_works_within_its_policy(page: Page, guard: Guard) -> None:
    # It renders thousands of elements.
    page.set_default_timeout(60_000)
    page.goto("/docs")
    page.get_by_text("Get Health", exact=True).click()
    page.get_by_text("Try it out").click()
    page.get_by_text("Execute", exact=True).click()
    page.get_by_text('"status": "ok"').first.wait_for()
    assert guard.problems == []
