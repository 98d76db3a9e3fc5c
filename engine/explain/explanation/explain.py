"""A traced step as plain values: the selected layers, units, edges and parameters."""

import math

import numpy as np

from engine.arrays import Targets
from engine.errors import SpecError, SpecProblem
from engine.explain.explanation.layer_group import LayerGroup, group_layers
from engine.explain.explanation.numbers import norm_of, number, numbers
from engine.explain.explanation.options import ExplainOptions
from engine.explain.explanation.parameters import ParameterReader
from engine.explain.explanation.select import Shown, select_layers
from engine.explain.explanation.units import UnitReader
from engine.explain.explanation.values import (
    LayerExplanation,
    LossExplanation,
    StepExplanation,
    UpdateExplanation,
)
from engine.explain.step_trace import StepTrace
from engine.explain.trace_step import trace_step
from engine.training.step_inputs import PARAMETERS, StepInputs


def explain_step(inputs: StepInputs, options: ExplainOptions) -> StepExplanation:
    """Run one training step on copies, and explain the selected part of it.

    Args:
        inputs: state and batch before the step; they stay as they are.
        options: what is shown.

    Raises:
        SpecError: the options name a layer, unit, row or parameter that does not exist, or select
            more than fits into an answer.
    """
    rows = _rows_shown(len(inputs.batch.x), options)
    trace = trace_step(inputs, rows)
    # Numbers of a step that diverges overflow.
    with np.errstate(all="ignore"):
        return explain_trace(trace, options)


def _rows_shown(rows: int, options: ExplainOptions) -> range:
    if options.first_row >= rows:
        detail = f"row {options.first_row} does not exist: the batch has {rows}, counted from 0"
        raise SpecError([SpecProblem("/first_row", "out_of_range", detail)])
    return range(options.first_row, min(rows, options.first_row + options.max_rows))


def explain_trace(trace: StepTrace, options: ExplainOptions) -> StepExplanation:
    """Return the selected part of a trace, whose kept rows are those to show. Raises SpecError."""
    inputs = trace.inputs
    groups = group_layers(trace)
    shown = select_layers(trace, groups, options)
    readers = {
        parameter.name: ParameterReader(parameter, inputs.spec.optimizer)
        for parameter in trace.parameters
    }
    return StepExplanation(
        step=inputs.step,
        epoch=inputs.epoch,
        step_in_epoch=inputs.step_in_epoch,
        rows=trace.rows,
        first_row=options.first_row,
        rows_shown=len(trace.kept),
        rows_left_out=trace.rows - len(trace.kept),
        dtype=inputs.spec.dtype,
        parameter_count=sum(one.before.size for one in trace.parameters if not one.is_state),
        loss=_explain_loss(trace),
        layers=tuple(
            _explain_layer(trace, group, readers, shown, options) for group in shown.groups
        ),
        layers_left_out=len(groups) - len(shown.groups),
        update=_explain_update(trace),
        diverged_in=trace.diverged_in,
    )


def _explain_layer(
    trace: StepTrace,
    group: LayerGroup,
    readers: dict[str, ParameterReader],
    shown: Shown,
    options: ExplainOptions,
) -> LayerExplanation:
    has_rows = group.name in options.units
    reader = UnitReader(group, readers, options.top, trace.rows, shows_edge_rows=has_rows)
    units, count = shown.units(group, options), math.prod(group.out_shape)
    own = [one for one in readers.values() if one.trace.layer == group.name]
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
        parameters=tuple(one.explain(options) for one in own),
    )


def _explain_loss(trace: StepTrace) -> LossExplanation:
    kept, targets = trace.kept, trace.inputs.batch.y
    outputs = trace.outputs.rows.reshape(len(kept), -1)
    return LossExplanation(
        value=number(trace.loss),
        penalty=number(trace.penalty),
        objective=number(trace.loss + trace.penalty),
        rows=numbers(trace.row_losses[kept]),
        shares=numbers(trace.shares[kept]),
        outputs=tuple(numbers(row) for row in outputs),
        targets=_plain_targets(targets[kept]),
    )


def _plain_targets(targets: Targets) -> tuple[int | tuple[float | None, ...], ...]:
    if targets.ndim == 1:
        return tuple(int(index) for index in targets)
    return tuple(numbers(row) for row in targets.reshape(len(targets), -1).tolist())


def _explain_update(trace: StepTrace) -> UpdateExplanation:
    spec, clip = trace.inputs.spec, trace.inputs.spec.gradient_clip
    trained = [one for one in trace.parameters if one.clipped is not None]
    change = trace.after[PARAMETERS] - trace.inputs.arrays[PARAMETERS]
    count = sum(one.before.size for one in trained)
    return UpdateExplanation(
        optimizer=spec.optimizer.type,
        t=trace.inputs.step + 1,
        base_rate=spec.optimizer.learning_rate,
        learning_rate=number(trace.learning_rate),
        gradient_norm=None if trace.gradient_norm is None else number(trace.gradient_norm),
        clip=None if clip is None else clip.type,
        clip_factor=number(trace.clip_factor),
        clipped_count=0
        if clip is None or clip.type == "norm"
        else sum(int(np.sum(one.clipped != one.gradient)) for one in trained),
        evaluations=trace.evaluations,
        update_norm=norm_of(change[:count]),
    )
