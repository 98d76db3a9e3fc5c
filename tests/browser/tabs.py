"""Tabs with guards, each in a window of its own."""

from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.guards import Guard
from tests.browser.windows import Window

# Three processes of tests share two processors.
TIMEOUT_MS = 30_000


class Tabs:
    """Opens tabs in windows without cookies, storage or cache."""

    def __init__(self, browser: Browser, window: Window) -> None:
        self.guards: dict[Page, Guard] = {}
        self._browser = browser
        self._window = window

    def open(self, url: str) -> Page:
        """Open a tab for the service at an address, to which its own addresses are relative."""
        context = self._browser.new_context(
            base_url=url,
            viewport={"width": self._window.width, "height": self._window.height},
            color_scheme=self._window.color_scheme,
            reduced_motion=self._window.reduced_motion,
        )
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        self.guards[page] = Guard(page, url)
        return page

    def picture(self, folder: Path) -> None:
        """Save what each tab shows."""
        for number, page in enumerate(self.guards):
            page.screenshot(path=folder / f"failed-{number}.png")

    def close(self) -> None:
        """Close all tabs."""
        for page in self.guards:
            page.context.close()
