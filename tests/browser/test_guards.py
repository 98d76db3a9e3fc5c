"""The guard of a tab notices every kind of fault."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.accessibility import assert_accessible
from tests.browser.guards import Guard
from tests.browser.modules import Module
from tests.browser.windows import DARK, DESKTOP, PHONE, STILL, Window

PREFERENCES = """() => [
  innerWidth,
  matchMedia('(prefers-color-scheme: dark)').matches,
  matchMedia('(prefers-reduced-motion: reduce)').matches,
]"""
IN_THE_PAGE = {
    "console": ("console.error('broken')", "console: broken"),
    "exception": ("setTimeout(() => { throw new Error('broken'); })", "exception: broken"),
    "rejection": ("void Promise.reject(new Error('broken'))", "exception: broken"),
    "inline style": (
        "document.body.innerHTML = '<p style=\"color: red\">'",
        "policy: style-src-attr blocked inline",
    ),
    "inline script": (
        "document.body.append(Object.assign(document.createElement('script'), {text: 'x = 1'}))",
        "policy: script-src-elem blocked inline",
    ),
    "foreign request": (
        "void fetch('http://127.0.0.2:9/').catch(() => {})",
        "policy: connect-src blocked http://127.0.0.2:9/",
    ),
    "status": ("void fetch('/missing')", "status 404"),
}


@pytest.mark.parametrize("cause", IN_THE_PAGE)
def test_what_goes_wrong_is_noticed(page: Page, guard: Guard, cause: str) -> None:
    page.goto("/")
    assert guard.problems == []
    script, found = IN_THE_PAGE[cause]
    page.evaluate(script)
    page.wait_for_function("() => new Promise((resolve) => setTimeout(resolve, 100, true))")
    assert found in "\n".join(guard.problems)
    guard.problems.clear()


def test_a_foreign_request_is_noticed_without_a_policy(page: Page, guard: Guard) -> None:
    page.set_content("<img src='http://127.0.0.2:9/'>")
    assert "foreign request: http://127.0.0.2:9/" in guard.problems
    guard.problems.clear()


def test_allowed_statuses_are_allowed(page: Page, guard: Guard) -> None:
    page.goto("/")
    guard.allow(404)
    assert page.evaluate("async () => (await fetch('/missing')).status") == 404


def test_axe_finds_violations(page: Page) -> None:
    page.set_content("<html lang='en'><title>x</title><main><h1>x</h1><button></button></main>")
    with pytest.raises(AssertionError, match="button-name"):
        assert_accessible(page)


@pytest.mark.parametrize("window", [DESKTOP, PHONE, DARK, STILL])
def test_windows_differ(page: Page, window: Window) -> None:
    page.goto("/")
    assert page.evaluate(PREFERENCES) == [
        window.width,
        window.color_scheme == "dark",
        window.reduced_motion == "reduce",
    ]


def test_modules_are_imported(module: Callable[[str], Module]) -> None:
    count = module("core/numbers.js").call("count", 4096)
    assert count == "4,096"
