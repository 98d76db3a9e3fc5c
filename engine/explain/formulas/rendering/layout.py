"""The layout of a formula: signs, brackets and scripts, before LaTeX or MathML."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identifier:
    """A letter or the name of a function."""

    text: str


@dataclass(frozen=True, slots=True)
class Digits:
    """A number without sign."""

    text: str


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator, relation or separator."""

    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """Upright text."""

    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """Items side by side."""

    items: tuple["Layout", ...]


@dataclass(frozen=True, slots=True)
class Fenced:
    """A body between brackets or bars."""

    opening: str
    body: "Layout"
    closing: str


@dataclass(frozen=True, slots=True)
class Quotient:
    """A fraction with a bar."""

    numerator: "Layout"
    denominator: "Layout"


@dataclass(frozen=True, slots=True)
class Scripts:
    """A base with a subscript, a superscript or both."""

    base: "Layout"
    below: "Layout | None" = None
    above: "Layout | None" = None


@dataclass(frozen=True, slots=True)
class Hat:
    """A base under a hat."""

    base: "Layout"


@dataclass(frozen=True, slots=True)
class Radical:
    """A square root."""

    radicand: "Layout"


@dataclass(frozen=True, slots=True)
class Choice:
    """The rows of a piecewise function: values and conditions."""

    rows: tuple[tuple["Layout", "Layout"], ...]


Layout = (
    Identifier
    | Digits
    | Operator
    | Words
    | Row
    | Fenced
    | Quotient
    | Scripts
    | Hat
    | Radical
    | Choice
)
