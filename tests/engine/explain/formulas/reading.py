"""Readers of rendered formulas, written apart from the renderers: MathML, LaTeX and speech."""

import math
import re
from collections.abc import Callable, Iterator
from html import unescape
from xml.etree import ElementTree as ET

import numpy as np
from latex2mathml.converter import convert

# A leaf is (kind, text); an inner node is (tag, children).
Tree = tuple[str, "str | tuple[Tree, ...]"]

_CORE = {
    *("math", "mtable", "mtr", "mtd", "mrow", "mi", "mn", "mo", "mtext"),
    *("mfrac", "msub", "msup", "msubsup", "msqrt", "mover"),
}
_SPLICED = {"math", "mrow", "mstyle", "mtd", "mtr"}
_LEAVES = {"mi", "mn", "mo", "mtext"}
_UNWRITTEN = {"", "\u2061", "\u2062", "&"}


def read_mathml(text: str) -> tuple[Tree, ...]:
    """Return the structure of MathML; fails if it is not XML or not MathML Core."""
    root = ET.fromstring(text)
    assert {_tag(element) for element in root.iter()} <= _CORE
    return _merge_digits(tuple(_walk(root)))


def read_latex(text: str) -> tuple[Tree, ...]:
    """Return the structure of LaTeX, as another program reads it."""
    mathml = re.sub(r"&(?!#?\w+;)", "&amp;", convert(text))
    return _merge_digits(tuple(_walk(ET.fromstring(mathml))))


def latex_lines(text: str) -> list[str]:
    """Return the lines of an `aligned` environment without their alignment marks."""
    body = text.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
    assert body != text
    # The rows of `cases` are separated like the lines, but on one line.
    return [line.replace("&=", "=", 1) for line in body.split(" \\\\\n")]


def mathml_lines(text: str) -> list[tuple[Tree, ...]]:
    """Return the structure of each line of a formula."""
    table = ET.fromstring(text)[0]
    return [_merge_digits(tuple(_walk(row))) for row in table]


def tokens(trees: tuple[Tree, ...]) -> Iterator[tuple[str, str]]:
    """Yield the leaves in order."""
    for kind, content in trees:
        if isinstance(content, str):
            yield kind, content
        else:
            yield from tokens(content)


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _walk(element: ET.Element) -> Iterator[Tree]:
    tag = _tag(element)
    if tag in _LEAVES:
        text = " ".join(unescape(element.text or "").split()).replace("-", "−")
        if text not in _UNWRITTEN:
            # Programs disagree on whether names of functions are identifiers or operators.
            yield ("number" if tag == "mn" else "text" if tag == "mtext" else "other"), text
        return
    if tag == "mspace":
        return
    parts = [_merge_digits(tuple(_walk(child))) for child in element]
    if tag in _SPLICED:
        for part in parts:
            yield from part
        return
    yield tag, tuple(("part", part) for part in parts)


def _merge_digits(trees: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """Join digits with a comma between them: the comma may belong to the number."""
    merged: list[Tree] = []
    for tree in trees:
        is_joined = len(merged) > 1 and merged[-1] == ("other", ",") and merged[-2][0] == "number"
        if is_joined and tree[0] == "number":
            merged.pop()
            _, before = merged.pop()
            merged.append(("number", f"{before},{tree[1]}"))
        else:
            merged.append(tree)
    return tuple(merged)


_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "the exponential of": lambda x: float(np.exp(x)),
    "the natural logarithm of": lambda x: math.log(x) if x > 0 else -math.inf,
    "the hyperbolic tangent of": math.tanh,
    "the sigmoid of": lambda x: 1 / (1 + float(np.exp(-x))),
    "the error function of": math.erf,
    "the hyperbolic cosine of": lambda x: float(np.cosh(x)),
    "the cosine of": math.cos,
    "the sign of": lambda x: float(x > 0) - float(x < 0),
    "the absolute value of": abs,
    "the integer part of": math.floor,
    "the square root of": math.sqrt,
    "the square of": lambda x: x**2,
    "the cube of": lambda x: x**3,
}
_PAIRS: dict[str, Callable[[float, float], float]] = {"the maximum of": max, "the minimum of": min}


class SpokenParser:
    """Computes the value of a spoken expression of numbers.

    sum := [minus] product {(plus | minus) product};  product := part {times part}
    part := operand [over operand | squared | cubed | to the power operand]
    """

    def __init__(self, text: str) -> None:
        self._words = text.replace(", end", " end").replace(", all", " all").split()

    def parse(self) -> float:
        """Return the value; fails if words are left."""
        value = self._sum()
        assert self._words == []
        return value

    def _take(self, phrase: str) -> bool:
        words = phrase.split()
        if self._words[: len(words)] != words:
            return False
        del self._words[: len(words)]
        return True

    def _sum(self) -> float:
        value = -self._product() if self._take("minus") else self._product()
        while True:
            if self._take("plus"):
                value += self._product()
            elif self._take("minus"):
                value -= self._product()
            else:
                return value

    def _product(self) -> float:
        value = self._part()
        while self._take("times"):
            factor = self._part()
            value = 0.0 if 0 in {value, factor} else value * factor
        return value

    def _part(self) -> float:
        value = self._operand()
        if self._take("over"):
            return value / self._operand()
        if self._take("squared"):
            return value**2
        if self._take("cubed"):
            return value**3
        if self._take("to the power"):
            return float(value ** self._operand())
        return value

    def _operand(self) -> float:
        if self._take("minus") or self._take("negative"):
            return -self._operand()
        if self._take("the quantity"):
            value = self._sum()
            if self._take("all over"):
                return value / self._operand()
            assert self._take("end quantity")
            return value
        for phrase, function in _FUNCTIONS.items():
            if self._take(phrase):
                return float(function(self._operand()))
        for phrase, pair in _PAIRS.items():
            if self._take(phrase):
                value = self._operand()
                while self._take("and"):
                    value = float(pair(value, self._operand()))
                return value
        return self._number()

    def _number(self) -> float:
        if self._take("pi"):
            return math.pi
        value = float(self._words.pop(0).replace(",", ""))
        if self._words[:4] == ["times", "10", "to", "the"]:
            del self._words[:4]
            sign = "-" if self._take("minus") else ""
            return float(f"{value!r}e{sign}{self._words.pop(0)}")
        return value
