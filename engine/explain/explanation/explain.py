"""A traced step as plain values: the selected layers, units, edges and parameters."""

import math
from dataclasses import replace

import numpy as np

from engine.errors import SpecError, SpecProblem
from engine.explain.explanation.formulas.units import UnitFormulas
from engine.explain.explanation.layer_group import LayerGroup, group_layers
from engine.explain.explanation.loss import explain_loss
from engine.explain.explanation.options import ExplainOptions
from engine.explain.explanation.parameters import ParameterReader
from engine.explain.explanation.select import Shown, select_layers
from engine.explain.explanation.step_values import (
    LayerExplanation,
    ParameterExplanation,
    StepExplanation,
)
from engine.explain.explanation.units import UnitReader
from engine.explain.explanation.update import explain_update
from engine.explain.explanation.view import StepView
from engine.explain.step_trace import StepTrace
from engine.explain.trace_step import MAX_KEPT_ROWS, trace_step
from engine.explain.zeros.find_zeros import find_zeros
from engine.training.step_inputs import StepInputs


def explain_step(inputs: StepInputs, options: ExplainOptions) -> StepExplanation:
    """Run one training step on copies, and explain the selected part of it.

    Args:
        inputs: state and batch before the step; they stay as they are.
        options: what is shown.

    Raises:
        SpecError: the options name a layer, unit, row or parameter that does not exist, or select
            more than fits into an answer.
    """
    rows = len(inputs.batch.x)
    page = _page(rows, options)
    # Formulas add up the rows of the batch: all of them are kept where they are few.
    is_whole = rows <= MAX_KEPT_ROWS
    trace = trace_step(inputs, range(rows) if is_whole else page)
    shown = slice(page.start, page.stop) if is_whole else slice(None)
    # Numbers of a step that diverges overflow.
    with np.errstate(all="ignore"):
        return explain_trace(trace, options, shown)


def _page(rows: int, options: ExplainOptions) -> range:
    """Return the positions in the batch of the rows to show. Raises SpecError."""
    if options.first_row >= rows:
        detail = f"row {options.first_row} does not exist: the batch has {rows}, counted from 0"
        raise SpecError([SpecProblem("/first_row", "out_of_range", detail)])
    return range(options.first_row, min(rows, options.first_row + options.max_rows))


def explain_trace(trace: StepTrace, options: ExplainOptions, rows: slice) -> StepExplanation:
    """Return the selected part of a trace.

    Args:
        trace: the step.
        options: what is shown.
        rows: the rows to show, as a slice of the kept ones.

    Raises:
        SpecError: see `explain_step`.
    """
    inputs, groups = trace.inputs, group_layers(trace)
    zeros = find_zeros(trace)
    by_name = {one.name: one for one in groups}
    readers = {
        one.name: ParameterReader(trace, one, causes)
        for one, causes in zip(trace.parameters, zeros.parameters, strict=True)
    }
    view = StepView(trace, options, rows, zeros, by_name, readers)
    shown = select_layers(view)
    return StepExplanation(
        step=inputs.step,
        epoch=inputs.epoch,
        step_in_epoch=inputs.step_in_epoch,
        rows=trace.rows,
        first_row=options.first_row,
        rows_shown=len(view.shown),
        rows_left_out=trace.rows - len(view.shown),
        dtype=inputs.spec.dtype,
        parameter_count=sum(one.before.size for one in trace.parameters if not one.is_state),
        loss=explain_loss(view),
        layers=tuple(_explain_layer(view, group, shown) for group in shown.groups),
        layers_left_out=len(groups) - len(shown.groups),
        update=explain_update(view),
        diverged_in=trace.diverged_in,
    )


def _explain_layer(view: StepView, group: LayerGroup, shown: Shown) -> LayerExplanation:
    reader = UnitReader(view, group)
    units, count = shown.units(group, view.options), math.prod(group.out_shape)
    own = [one for one in view.parameters.values() if one.trace.layer == group.name]
    layer = group.transform.layer
    return LayerExplanation(
        name=group.name,
        type=group.type,
        activation=group.activation_name,
        in_shape=layer.in_shape,
        out_shape=layer.out_shape,
        is_frozen=layer.is_frozen,
        parameter_count=sum(one.trace.before.size for one in own if not one.trace.is_state),
        unit_count=count,
        units=tuple(reader.unit(unit) for unit in units),
        units_left_out=count - len(units),
        silent_units=int(np.sum(group.a.nonzero == 0)),
        parameters=tuple(_explain_parameter(view, group, one) for one in own),
    )


def _explain_parameter(
    view: StepView, group: LayerGroup, reader: ParameterReader
) -> ParameterExplanation:
    found = reader.explain(view.options)
    if not view.has_formulas(group.name) or not found.entries:
        return found
    formulas = UnitFormulas(view, group).of_entry(found.name, found.entries[0])
    return replace(found, formulas=formulas)
