"""Accessibility checks of what a tab shows."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Stylesheets that others import would be copied into the page, which its policy blocks.
OPTIONS = {"preload": False}


def assert_accessible(page: Page) -> None:
    """Fail with axe's report if a rule of its is violated, best practices included."""
    results = Axe().run(page, options=OPTIONS)
    assert results.violations_count == 0, results.generate_report()
