"""Findings about inputs that never vary in the training rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.findings import Finding, list_features, name_by_reason, name_columns
from engine.preprocessing.column_plan import inputs_of
from engine.preprocessing.datetime_features import count_part_inputs
from engine.preprocessing.feature_layout import positions_of
from engine.preprocessing.fitted import (
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
)
from engine.preprocessing.held_inputs import HeldCodes
from engine.preprocessing.preprocessing import Preprocessing
from engine.preprocessing.untrained import owners_of
from engine.specs import ResolvedSpec

_EFFECT = (
    "They are held at that: other values have no effect on validation and predictions, where they "
    "are flagged untrained"
)


@dataclass
class _ColumnInputs:
    """The held inputs of one column: values by offset from its first input, unused codes."""

    values: dict[int, float] = field(default_factory=dict)
    codes: HeldCodes | None = None


def find_untrained_inputs(
    spec: ResolvedSpec,
    preprocessing: Preprocessing,
    constant_columns: Collection[str],
) -> Iterator[Finding]:
    """Report the columns and the parts of columns that never vary in the training rows.

    Hash buckets of free text and the code of a missing category are not reported: they are unused
    in most tables.

    Args:
        spec: the training's spec.
        preprocessing: fitted preprocessing with its held inputs.
        constant_columns: columns with the same value in every row of the table, which
            `engine.resolution` reports as `constant_feature`.
    """
    found, parts = list_untrained_inputs(preprocessing)
    constant: dict[str, list[str]] = {}
    for name, description in found.items():
        if name not in constant_columns:
            constant.setdefault(description, []).append(name)
    if constant:
        yield _columns_finding(spec, constant)
    if parts:
        detail = f"some inputs never vary in the training rows: {name_by_reason(parts)}. {_EFFECT}"
        yield Finding("info", "/features", "unused_in_training", detail)


def list_untrained_inputs(preprocessing: Preprocessing) -> tuple[dict[str, str], dict[str, str]]:
    """Return the columns that never vary in the training rows, and the unused parts of others.

    Each column's name has a description: what its rows have, or the parts.
    """
    constant: dict[str, str] = {}
    unused: dict[str, str] = {}
    for column, held in _group_by_column(preprocessing):
        if _is_constant(column, held):
            constant[column.name] = _describe(column, held)
        elif parts := ", ".join(_unused_parts(column, held)):
            unused[column.name] = parts
    return constant, unused


def _group_by_column(preprocessing: Preprocessing) -> Iterator[tuple[FittedColumn, _ColumnInputs]]:
    columns, held = preprocessing.columns, preprocessing.held
    starts = [position.start for position in positions_of([inputs_of(c) for c in columns])]
    groups = [_ColumnInputs() for _ in columns]
    owners = zip(owners_of(columns, held), held.positions, strict=True)
    for index, (owner, position) in enumerate(owners):
        group = groups[owner]
        if index < len(held.inputs):
            group.values[position - starts[owner]] = held.values[index]
        else:
            group.codes = held.codes[index - len(held.inputs)]
    return zip(columns, groups, strict=True)


def _is_constant(column: FittedColumn, held: _ColumnInputs) -> bool:
    """Return whether the column's value is the same in all training rows."""
    inputs = inputs_of(column)
    if isinstance(column, FittedCodes):
        return held.codes is not None and len(held.codes.codes) == inputs.codes - 1
    return all(offset in held.values for offset in range(inputs.value_width))


def _describe(column: FittedColumn, held: _ColumnInputs) -> str:
    if _differs_too_little(column):
        return "numbers that differ too little for the dtype"
    return "no value" if _is_empty(column, held) else "one value"


def _differs_too_little(column: FittedColumn) -> bool:
    """Return whether a constant column has different numbers, which the dtype rounds to one."""
    return (
        isinstance(column, FittedNumeric)
        and column.minimum is not None
        and column.minimum != column.maximum
    )


def _is_empty(column: FittedColumn, held: _ColumnInputs) -> bool:
    """Return whether no training row has a value in a constant column, as far as it shows."""
    inputs = inputs_of(column)
    if inputs.indicator:
        return held.values.get(inputs.value_width) == 1
    match column:
        case FittedNumeric() | FittedTime():
            return column.minimum is None
        case FittedCategories() | FittedText():
            return not any(held.values.values())
        case FittedOrdinal():
            return not column.levels
        case FittedCodes():
            return held.codes is not None and held.codes.substitute == 0
        case _:
            return False


def _columns_finding(spec: ResolvedSpec, constant: Mapping[str, Sequence[str]]) -> Finding:
    described = "; ".join(f"{kind}: {name_columns(names)}" for kind, names in constant.items())
    detail = f"columns that never vary in the training rows ({described}). {_EFFECT}"
    left_out = {name for names in constant.values() for name in names}
    rest = [name for name in spec.features if name not in left_out]
    # A shape needs its number of inputs.
    fix = list_features(rest) if spec.input_shape is None else None
    return Finding("warning", "/features", "never_varies_in_training", detail, fix)


def _unused_parts(column: FittedColumn, held: _ColumnInputs) -> Iterator[str]:
    """Yield the parts of a column that varies, for which there is no training row."""
    match column:
        case FittedCategories():
            yield from _unused_levels(column.levels, [*held.values], rest=column.rest)
        case FittedCodes() if held.codes is not None:
            codes = [code - 1 for code in held.codes.codes]
            yield from _unused_levels(column.levels, codes, rest=column.rest)
        case FittedTime():
            start = 0
            for part in column.parts:
                stop = start + count_part_inputs(part)
                if all(offset in held.values for offset in range(start, stop)):
                    yield part
                start = stop
        case _:
            pass
    inputs = inputs_of(column)
    if inputs.indicator and inputs.value_width in held.values:
        yield "missing values"


def _unused_levels(levels: Sequence[str], offsets: Sequence[int], *, rest: bool) -> Iterator[str]:
    unused = [levels[offset] for offset in offsets if 0 <= offset < len(levels)]
    if unused:
        yield f"level{'s' if len(unused) > 1 else ''} {name_columns(unused)}"
    if rest and len(levels) in offsets:
        yield "other levels"
