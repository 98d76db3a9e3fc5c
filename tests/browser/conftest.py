"""Fixtures: a service, a browser, a tab that fails its test for what goes wrong in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.api import Api
from tests.browser.guards import Guard
from tests.browser.modules import Module, load_module
from tests.browser.windows import DESKTOP, Window
from tests.cli.service import Service, running

HERE = Path(__file__).parent
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Three processes of tests share two processors.
TIMEOUT_MS = 20_000
FAILED = pytest.StashKey[bool]()
GUARD = pytest.StashKey[Guard]()

expect.set_options(timeout=TIMEOUT_MS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]  # of pluggy
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report  # type: ignore[return-value]


# The scope is the package: a started Playwright leaves a running event loop in this thread, which
# tests of other folders do not expect.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; without one, its tests are skipped."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(
            "no Chromium on the PATH (Debian: apt install chromium): the page is NOT TESTED"
        )
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`backpropd up` for all tests of the page: they add to it and keep what others added."""
    with running(tmp_path_factory.mktemp("page") / "data") as service:
        yield service


@pytest.fixture(scope="package")
def api(service: Service) -> Api:
    """A client of the service."""
    return Api(service.url)


@pytest.fixture
def window() -> Window:
    """The window of the test's tab; parametrize it for another one."""
    return DESKTOP


@pytest.fixture
def page(
    browser: Browser, service: Service, window: Window, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A tab in a window without cookies, storage or cache."""
    context = browser.new_context(
        base_url=service.url,
        viewport={"width": window.width, "height": window.height},
        color_scheme=window.color_scheme,
        reduced_motion=window.reduced_motion,
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    guard = Guard(page, service.url)
    request.node.stash[GUARD] = guard
    yield page
    if request.node.stash.get(FAILED, False):
        page.screenshot(path=request.getfixturevalue("tmp_path") / "failed.png")
    context.close()
    assert guard.problems == []


@pytest.fixture
def guard(page: Page, request: pytest.FixtureRequest) -> Guard:
    """The guard of the tab, to allow what the test expects."""
    node: pytest.Item = request.node
    return node.stash[GUARD]


@pytest.fixture
def module(page: Page) -> Callable[[str], Module]:
    """Import a module by its path below `service/static`."""

    def load(path: str) -> Module:
        if page.url == "about:blank":
            page.goto("/")
        return load_module(page, path)

    return load
