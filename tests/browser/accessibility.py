"""Accessibility checks of what a tab shows."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def assert_accessible(page: Page) -> None:
    """Fail with axe's report if a rule of its is violated, best practices included."""
    # Preloading would copy imported style sheets into the document, which the policy forbids.
    results = Axe().run(page, options={"preload": False})
    assert results.violations_count == 0, results.generate_report()
