"""The numbers of a drawing: as they are printed, as the answers have them, and where they stand."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

Json = dict[str, Any]
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
READ = """() => [...document.querySelectorAll('#drawn svg [data-value]')].map((node) => {
  const unit = node.closest('[data-unit]');
  const symbol = node.previousElementSibling;
  return {
    text: node.tagName === 'path' ? null : node.textContent,
    value: node.dataset.value, path: node.dataset.path, unit: unit?.dataset.unit ?? null,
    symbol: symbol?.classList.contains('symbol') ? symbol.textContent : null,
    edge: node.dataset.edge ?? null,
  };
})"""


@dataclass(frozen=True)
class DrawnNumber:
    """A number of the drawing.

    Attributes:
        text: printed text; None for the widths of edges.
        value: full number.
        path: JSON pointer into the answers.
        unit: unit in whose box it stands.
        symbol: symbol beside it, such as `δ2`.
        edge: edge that it is about.
    """

    text: str | None
    value: float
    path: str
    unit: str | None
    symbol: str | None
    edge: str | None


def read_numbers(page: Page) -> list[DrawnNumber]:
    """All numbers that the drawing holds."""
    return [DrawnNumber(**{**one, "value": float(one["value"])}) for one in page.evaluate(READ)]


def resolve(answers: Json, path: str) -> float:
    """The number at a JSON pointer; `?is=2` is 1 if the number there is 2, else 0."""
    pointer, _, index = path.partition("?is=")
    found: Any = answers
    for key in pointer.strip("/").split("/"):
        found = found[int(key)] if isinstance(found, list) else found[key]
    assert isinstance(found, int | float)
    return float(found == int(index)) if index else float(found)


def print_short(value: float) -> str:
    """A number as the drawing prints it: three significant digits."""
    size = abs(value)
    if value == int(value) and size < 1e4:
        text = f"{int(value):,}"
    elif size < 1e-3:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{mantissa}·10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    elif size >= 1e3:
        text = f"{round(value):,}"
    else:
        text = f"{value:#.3g}".rstrip(".")
    return text.replace("-", "−")
