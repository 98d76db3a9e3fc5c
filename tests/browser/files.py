"""Files that a person gives to the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page

MAKE_DROP = """([name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name));
  return transfer;
}"""


def csv_file(name: str, text: str | bytes) -> FilePayload:
    """A file to choose, with its contents."""
    content = text.encode() if isinstance(text, str) else text
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def choose(page: Page, label: str, file: FilePayload | Path) -> None:
    """Choose a file in the dialog that a control opens."""
    page.get_by_label(label).set_input_files(file)


def drop(page: Page, target: Locator, name: str, text: str) -> None:
    """Drop a file on an element."""
    transfer: Any = page.evaluate_handle(MAKE_DROP, [name, text])
    for event in ("dragover", "drop"):
        target.dispatch_event(event, {"dataTransfer": transfer})


def table_of(rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    """Lines of CSV."""
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows)
