"""Layers and units that an explanation shows; errors name what does not exist."""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import SpecError, SpecProblem
from engine.explain.explanation.layer_group import LayerGroup, layer_specs
from engine.explain.explanation.options import (
    DEFAULT_UNITS,
    MAX_MATRIX,
    MAX_NUMBERS,
    ExplainOptions,
)
from engine.explain.explanation.view import StepView
from engine.explain.fan_in import count_edges
from engine.explain.step_trace import StepTrace
from engine.specs import ResolvedSpec

# Numbers per edge and per entry, without rows.
_NUMBERS_PER_EDGE = 25
_NUMBERS_PER_ENTRY = 17
# Most names that an error lists.
_LISTED = 20
# Length of the formulas of an edge, in numbers.
_NUMBERS_OF_FORMULAS = 500


@dataclass(frozen=True)
class Shown:
    """The layers to show, and the largest number of units of those without a list of units."""

    groups: tuple[LayerGroup, ...]
    max_units: int

    def units(self, group: LayerGroup, options: ExplainOptions) -> Sequence[int]:
        """Return the indices of a layer's units to show."""
        if group.name in options.units:
            return options.units[group.name]
        count = math.prod(group.out_shape)
        return range(options.first_unit, min(count, options.first_unit + self.max_units))


def select_layers(view: StepView) -> Shown:
    """Return the layers to show, in forward order.

    Raises:
        SpecError: a layer, unit or parameter does not exist, or the answer would be too long.
    """
    trace, groups, options = view.trace, [*view.groups.values()], view.options
    found = [
        *_unknown_layers([*view.groups], options),
        *_wrong_units(groups, options),
        *_wrong_matrices(trace, options),
    ]
    if found:
        raise SpecError(found)
    shown = [one for one in groups if options.layers is None or one.name in options.layers]
    most = DEFAULT_UNITS if options.max_units is None else options.max_units
    while options.max_units is None and most > 1 and _total(view, shown, most) > MAX_NUMBERS:
        most //= 2
    _require_short(_total(view, shown, most))
    return Shown(tuple(shown), most)


def check_names(spec: ResolvedSpec, options: ExplainOptions) -> None:
    """Check that the options name layers of the network only. Raises SpecError."""
    names = [*layer_specs(spec.network)]
    found = [*_unknown_layers(names, options)]
    for place, name in enumerate(options.matrices):
        layer = name.rpartition(".")[0]
        if layer not in names:
            detail = f"no parameter has this name; of the layers, {_known(layer, names)}"
            found.append(SpecProblem(f"/matrices/{place}", "unknown_parameter", detail))
    if found:
        raise SpecError(found)


def _unknown_layers(names: Sequence[str], options: ExplainOptions) -> list[SpecProblem]:
    layers = (_unknown(f"/layers/{i}", name, names) for i, name in enumerate(options.layers or ()))
    units = (_unknown(f"/units/{name}", name, names) for name in options.units)
    return [problem for problem in (*layers, *units) if problem is not None]


def _unknown(pointer: str, name: str, names: Sequence[str]) -> SpecProblem | None:
    if name in names:
        return None
    return SpecProblem(pointer, "unknown_layer", f"no layer has this name; {_known(name, names)}")


def _known(name: str, names: Sequence[str]) -> str:
    """Return the nearest name, and all of them unless they are many."""
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    others = "" if len(names) <= _LISTED else f" and {len(names) - _LISTED} more"
    return f"{hint}known: {', '.join(names[:_LISTED])}{others}"


def _wrong_units(groups: Sequence[LayerGroup], options: ExplainOptions) -> list[SpecProblem]:
    counts = {group.name: math.prod(group.out_shape) for group in groups}
    return [
        SpecProblem(
            f"/units/{name}/{place}",
            "out_of_range",
            f"{name} has {counts[name]:,} units, counted from 0; {unit} is none of them",
        )
        for name, units in options.units.items()
        if name in counts
        for place, unit in enumerate(units)
        if unit >= counts[name]
    ][:20]


def _wrong_matrices(trace: StepTrace, options: ExplainOptions) -> list[SpecProblem]:
    sizes = {one.name: one.before.size for one in trace.parameters}
    found = []
    for place, name in enumerate(options.matrices):
        pointer = f"/matrices/{place}"
        if name not in sizes:
            detail = f"no parameter has this name; {_known(name, [*sizes])}"
            found.append(SpecProblem(pointer, "unknown_parameter", detail))
        elif options.layers is not None and name.rpartition(".")[0] not in options.layers:
            detail = f"{name} is shown with its layer: add {name.rpartition('.')[0]} to `layers`"
            found.append(SpecProblem(pointer, "layer_not_shown", detail))
        elif options.first_value >= sizes[name]:
            detail = f"{name} has {sizes[name]:,} values, counted from 0"
            found.append(SpecProblem("/first_value", "out_of_range", detail))
    return found


def _total(view: StepView, shown: Sequence[LayerGroup], most: int) -> int:
    """Return the approximate number of numbers in an answer."""
    trace, options = view.trace, view.options
    rows, total = len(view.shown), 0
    chosen = Shown(tuple(shown), most)
    for group in shown:
        edges = min(options.top, count_edges(group.transform.layer))
        rows_of_edges = 3 * rows if view.has_edge_rows(group.name) else 0
        per_edge = _NUMBERS_PER_EDGE + rows_of_edges
        if view.has_formulas(group.name):
            per_edge += _NUMBERS_OF_FORMULAS
        per_unit = 5 * rows + edges * per_edge + _NUMBERS_PER_ENTRY
        total += len(chosen.units(group, options)) * per_unit
    sizes = {one.name: one.before.size for one in trace.parameters}
    total += sum(min(options.top, size) for size in sizes.values()) * _NUMBERS_PER_ENTRY
    values = sum(min(sizes[name] - options.first_value, MAX_MATRIX) for name in options.matrices)
    # Three matrices each; without names, a number takes little more than half of the bytes.
    return total + 9 * values // 5


def _require_short(total: int) -> None:
    """Check the number of numbers of an answer. Raises SpecError."""
    if total > MAX_NUMBERS:
        detail = (
            f"the answer would have about {total:,} numbers, more than {MAX_NUMBERS:,}: ask for "
            "fewer layers, units (max_units), edges per unit (top) or rows (max_rows) at a time"
        )
        raise SpecError([SpecProblem("", "answer_too_large", detail)])
