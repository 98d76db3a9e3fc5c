"""The frame around the views: keys, what is remembered, and what is slow, broken or unknown."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.guards import Guard
from tests.browser.modules import Module

REFUSED = """for (const name of ['localStorage', 'sessionStorage']) {
  Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError'); } });
}"""
FULL = "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };"
# The data of an answer, or the parts of the error that is thrown.
RESULT = """async ([module, path]) => module.get(path).then((data) => ({ data }),
  ({ message, status, detail, title }) => ({ message, status, detail, title }))"""


def go_to(page: Page, view: str) -> None:
    page.get_by_role("navigation", name="Views").get_by_role("link", name=view, exact=True).click()


def heading(page: Page, name: str | re.Pattern[str]) -> Any:
    return page.get_by_role("main").get_by_role("heading", level=1, name=name)


def test_the_keys_are_listed(page: Page, guard: Guard) -> None:
    page.goto("/#/tour/1")
    unit = page.get_by_label(re.compile("^Hidden unit 1")).first
    unit.focus()
    dialog = page.get_by_role("dialog", name="Keys")
    page.keyboard.press("?")
    expect(dialog.get_by_text("play, pause")).to_be_visible()
    dialog.get_by_role("checkbox", name="Single letters act").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(unit).to_be_focused()
    page.reload()
    button = page.get_by_role("button", name="Keys")
    button.click()
    expect(dialog.get_by_role("checkbox", name="Single letters act")).not_to_be_checked()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    go_to(page, "Jobs")
    expect(heading(page, "Jobs")).to_be_visible()
    assert guard.problems == []


@pytest.mark.parametrize("storage", [REFUSED, FULL], ids=["refused", "full"])
def test_nothing_needs_to_be_remembered(page: Page, guard: Guard, storage: str) -> None:
    page.add_init_script(storage)
    page.goto("/#/tour/1")
    page.get_by_role("button", name="Dark theme").click()
    expect(page.get_by_role("button", name="Light theme")).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).click()
    pages = page.get_by_role("navigation", name="Pages of the tour")
    expect(pages.get_by_role("link", name=re.compile("completed"))).to_have_count(1)
    go_to(page, "New job")
    expect(heading(page, "New job")).to_be_visible()
    go_to(page, "Datasets")
    expect(heading(page, "Datasets")).to_be_visible()
    assert guard.problems == []


def test_an_old_view_does_not_stand_under_a_new_address(page: Page) -> None:
    page.goto("/#/tour/1")
    expect(heading(page, re.compile("."))).to_be_visible()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/views/jobs/view.js", hold)
    go_to(page, "Jobs")
    expect(page.get_by_role("status").get_by_text("Opening Jobs…")).to_be_visible()
    expect(heading(page, re.compile("."))).to_be_hidden()
    held[0].continue_()
    expect(heading(page, "Jobs")).to_be_visible()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"body": "const a = ;", "content_type": "text/javascript"}, "Unexpected token"),
        ({"status": 404}, "This view cannot be loaded"),
    ],
    ids=["faulty", "missing"],
)
def test_a_view_that_fails(page: Page, answer: dict[str, Any], words: str, guard: Guard) -> None:
    page.goto("/#/tour/1")
    page.route("**/views/jobs/view.js", lambda route: route.fulfill(**answer))
    go_to(page, "Jobs")
    expect(page.get_by_role("alert").get_by_text(words)).to_be_visible()
    go_to(page, "Datasets")
    expect(heading(page, "Datasets")).to_be_visible()
    assert guard.problems
    guard.problems.clear()


def test_a_problem_ends_when_it_is_tried_again(page: Page, guard: Guard) -> None:
    guard.allow(500)
    asked: list[Any] = []

    def fail_once(route: Any) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.fulfill(status=500, body="<html>", content_type="application/problem+json")

    page.route("**/v1/models?*", fail_once)
    page.goto("/#/models")
    expect(page.get_by_role("alert").get_by_text("HTTP 500")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status").get_by_text("Reading")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()
    asked[1].continue_()
    expect(page.get_by_text(re.compile("^Reading"))).to_be_hidden()


@pytest.mark.parametrize("address", ["jobs/..", "models/%2E", "datasets/a%2Fb", "jobs/..%2Fmodels"])
def test_an_address_asks_no_other_route(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/#/{address}")
    expect(page.get_by_role("alert").get_by_text("This does not exist")).to_be_visible()
    assert [url for url in asked if "/v1/" in url] == []


def test_a_view_that_does_not_exist_is_said(page: Page) -> None:
    page.goto("/#/nonsense")
    expect(
        page.get_by_role("alert").get_by_text("The page has no view “nonsense”.")
    ).to_be_visible()
    go_to(page, "Datasets")
    expect(heading(page, "Datasets")).to_be_visible()


def test_answers_that_cannot_be_read(
    page: Page, guard: Guard, module: Callable[[str], Module]
) -> None:
    guard.allow(422, 500)
    api = module("core/api.js")

    def answer(status: int, body: str) -> Any:
        page.unroute_all()
        page.route(
            "**/v1/x",
            lambda route: route.fulfill(status=status, body=body, content_type="application/json"),
        )
        return page.evaluate(RESULT, [api.handle, "/v1/x"])

    assert answer(500, "<html>")["message"] == "HTTP 500"
    unread = answer(200, "{")
    assert unread["message"] == "The answer of the service cannot be read"
    odd = answer(422, '{"detail": [{"loc": 1}], "errors": {}}')
    assert (odd["title"], odd["detail"]) == ("HTTP 422", "")
    outside = page.evaluate(RESULT, [api.handle, "/v1/jobs/../models"])
    assert outside["status"] == 404
