"""Fixtures: a service, a browser, a tab that fails its test for what goes wrong in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.api import Api, Json
from tests.browser.guards import Guard
from tests.browser.inside import train_small
from tests.browser.modules import Module, load_module
from tests.browser.tabs import TIMEOUT_MS, Tabs
from tests.browser.windows import DESKTOP, Window
from tests.cli.service import Service, running

HERE = Path(__file__).parent
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FAILED = pytest.StashKey[bool]()

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
def api(service: Service) -> Iterator[Api]:
    """A client of the service."""
    with closing(Api(service.url)) as api:
        yield api


@pytest.fixture(scope="package")
def job(api: Api) -> Json:
    """A trained job whose steps can be read at once; tests leave it as it is."""
    return train_small(api)


@pytest.fixture
def window() -> Window:
    """The window of the test's tab; parametrize it for another one."""
    return DESKTOP


@pytest.fixture
def tabs(
    browser: Browser, window: Window, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Tabs]:
    """Opens tabs, also for other services than `service`."""
    tabs = Tabs(browser, window)
    yield tabs
    if request.node.stash.get(FAILED, False):
        tabs.picture(tmp_path)
    tabs.close()
    assert [problem for guard in tabs.guards.values() for problem in guard.problems] == []


@pytest.fixture
def page(tabs: Tabs, service: Service) -> Page:
    """A tab for the service."""
    return tabs.open(service.url)


@pytest.fixture
def guard(tabs: Tabs, page: Page) -> Guard:
    """The guard of the tab, to allow what the test expects."""
    return tabs.guards[page]


@pytest.fixture
def module(page: Page) -> Callable[[str], Module]:
    """Import a module by its path below `service/static`."""

    def load(path: str) -> Module:
        if page.url == "about:blank":
            page.goto("/")
        return load_module(page, path)

    return load
