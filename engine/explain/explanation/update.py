"""The part of a traced step's update that all parameters share, as plain values."""

import numpy as np

from engine.explain.explanation.formulas.update import update_formulas
from engine.explain.explanation.numbers import norm_of, number
from engine.explain.explanation.step_values import UpdateExplanation
from engine.explain.explanation.view import StepView
from engine.training.step_inputs import PARAMETERS


def explain_update(view: StepView) -> UpdateExplanation:
    """Return learning rate, clipping and norms of the update."""
    trace = view.trace
    spec, clip = trace.inputs.spec, trace.inputs.spec.gradient_clip
    trained = [one for one in trace.parameters if one.clipped is not None]
    change = trace.after[PARAMETERS] - trace.inputs.arrays[PARAMETERS]
    count = sum(one.before.size for one in trained)
    is_by_value = clip is not None and clip.type == "value"
    return UpdateExplanation(
        optimizer=spec.optimizer.type,
        t=trace.inputs.step + 1,
        base_rate=spec.optimizer.learning_rate,
        learning_rate=number(trace.learning_rate),
        gradient_norm=None if trace.gradient_norm is None else number(trace.gradient_norm),
        clip=None if clip is None else clip.type,
        clip_factor=number(trace.clip_factor),
        clipped_count=sum(int(np.sum(one.clipped != one.gradient)) for one in trained)
        if is_by_value
        else 0,
        evaluations=trace.evaluations,
        update_norm=norm_of(change[:count]),
        formulas=update_formulas(view),
    )
