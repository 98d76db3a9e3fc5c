"""Accessibility checks of what a tab shows."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def assert_accessible(page: Page) -> None:
    """Fail with axe's report if a rule of its is violated, best practices included."""
    # To preload imported style sheets, axe adds inline styles, which the page's policy blocks.
    results = Axe().run(page, options={"preload": False})
    assert results.violations_count == 0, results.generate_report()
