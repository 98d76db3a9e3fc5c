"""Accessibility checks of what a tab shows."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Observers of sizes report in the frame after a change, and what they change is drawn in the next.
NEXT_FRAMES = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)


def assert_accessible(page: Page) -> None:
    """Fail with axe's report if a rule of its is violated, best practices included."""
    page.evaluate(NEXT_FRAMES)
    # To preload imported style sheets, axe adds inline styles, which the page's policy blocks.
    results = Axe().run(page, options={"preload": False})
    assert results.violations_count == 0, results.generate_report()
