"""The number of network inputs of a column is computed in one module of the engine."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "engine"
PLAN = ENGINE / "preprocessing" / "column_plan.py"
KIND_ATTRIBUTES = {"kind", "encoding", "type"}
INDICATORS = {"indicator", "missing_indicator"}


def names_a_kind(node: ast.AST) -> bool:
    """Whether the node reads a column's kind or encoding, or names a fitted column's class."""
    return (isinstance(node, ast.Attribute) and node.attr in KIND_ATTRIBUTES) or (
        isinstance(node, ast.Name) and node.id.startswith("Fitted")
    )


def branches(function: ast.AST) -> Iterator[ast.AST]:
    """Yield what the branches of a function depend on."""
    for node in ast.walk(function):
        match node:
            case ast.If() | ast.IfExp() | ast.While():
                yield node.test
            case ast.Match():
                yield node.subject
                yield from (case.pattern for case in node.cases)
            case ast.comprehension():
                yield from node.ifs


def find_widths(source: str) -> Iterator[str]:
    """Yield the places where a module computes the number of inputs of a column."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(returns=ast.Name(id="int")):
                if any(names_a_kind(n) for branch in branches(node) for n in ast.walk(branch)):
                    yield f"{node.lineno}: {node.name} returns an int that depends on a kind"
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                if any(
                    isinstance(n, ast.Attribute) and n.attr in INDICATORS for n in (left, right)
                ):
                    yield f"{node.lineno}: an indicator is added to a number"
            case ast.Call(func=ast.Name(id="ColumnInputs")):
                yield f"{node.lineno}: ColumnInputs is made"


def test_no_other_module_of_the_engine_computes_a_columns_width() -> None:
    found = [
        f"{path.relative_to(ENGINE)}:{place}"
        for path in ENGINE.rglob("*.py")
        if path != PLAN
        for place in find_widths(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_plan_does() -> None:
    assert len(list(find_widths(PLAN.read_text(encoding="utf-8")))) >= 3


@pytest.mark.parametrize(
    "source",
    [
        "def f(c) -> int:\n    match c.kind:\n        case 'numeric':\n            return 1",
        "def f(c) -> int:\n    match c:\n        case FittedText():\n            return c.buckets",
        "def f(c) -> int:\n    return 1 if isinstance(c, FittedCodes) else 2",
        "def f(cs) -> int:\n    return sum(1 for c in cs if c.encoding == 'ordinal')",
        "def f(c):\n    return [2 + options.missing_indicator]",
        "width = ColumnInputs('ordinal').width",
    ],
)
def test_widths_are_found(source: str) -> None:
    assert list(find_widths(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "def f(cs) -> int:\n    return sum(c.width for c in cs)",
        "def f(c) -> bool:\n    return c.kind == 'text'",
        "def f(c, i) -> None:\n    if c.indicator:\n        i[:, -1] = 1",
    ],
)
def test_other_uses_of_a_kind_are_not(source: str) -> None:
    assert list(find_widths(source)) == []
