"""Modules of the page, called from a test."""

from typing import Any

from playwright.sync_api import JSHandle, Page

IMPORT = """(path) => {
  const main = document.querySelector('script[type=module]');
  return import(new URL(path, main.src).href);
}"""


class Module:
    """A module that a tab has loaded."""

    def __init__(self, handle: JSHandle) -> None:
        self.handle = handle

    def call(self, name: str, *arguments: Any) -> Any:
        """Return what an exported function returns, as JSON."""
        return self.handle.evaluate(
            "(module, [name, given]) => module[name](...given)", [name, list(arguments)]
        )


def load_module(page: Page, path: str) -> Module:
    """Import a module by its path below `service/static`. The tab has the page open."""
    return Module(page.evaluate_handle(IMPORT, path))
