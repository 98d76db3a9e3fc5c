"""Parameters of a traced step as plain values."""

from typing import TypedDict

import numpy as np

from engine.arrays import Floats
from engine.explain.explanation.numbers import flat_numbers, largest, norm_of, number, share_of
from engine.explain.explanation.options import MAX_MATRIX, ExplainOptions
from engine.explain.explanation.slots import textbook_slots
from engine.explain.explanation.step_values import ParameterExplanation
from engine.explain.explanation.values import ParameterEntry, SlotValue, Zero
from engine.explain.explanation.zero_values import zero_of
from engine.explain.step_trace import ParameterTrace, StepTrace
from engine.explain.zeros.causes import Codes
from engine.explain.zeros.parameters import ParameterZeros
from engine.explain.zeros.texts import Place

Numbers = tuple[float | None, ...]


class ShownValues(TypedDict, total=False):
    """The fields of `ParameterExplanation` that a request for a matrix fills."""

    values: Numbers
    gradients: Numbers | None
    changes: Numbers
    values_left_out: int


class ParameterReader:
    """Reads entries of one parameter.

    Args:
        step: the step.
        trace: the parameter through the step.
        zeros: causes of its zeros.
    """

    def __init__(self, step: StepTrace, trace: ParameterTrace, zeros: ParameterZeros) -> None:
        self.trace, self._step, self._zeros = trace, step, zeros
        # States are shown as the optimizer's formula has them.
        optimizer = step.inputs.spec.optimizer
        self._slots = textbook_slots(optimizer, trace.slots_before, trace.slots_after)

    def entry(self, flat: int) -> ParameterEntry:
        """Return the entry at a flat index."""
        trace, penalty = self.trace, self.trace.penalty
        before = float(trace.before.flat[flat])
        is_penalized = trace.gradient is not None and not trace.name.endswith(".bias")
        after, moved = float(trace.after.flat[flat]), _at(trace.moved, flat)
        return ParameterEntry(
            index=tuple(int(i) for i in np.unravel_index(flat, trace.before.shape)),
            before=number(before),
            loss_gradient=_number_at(trace.loss_gradient, flat),
            l1_gradient=number(penalty.l1 * np.sign(before)) if is_penalized else None,
            l2_gradient=number(2 * penalty.l2 * before) if is_penalized else None,
            gradient=_number_at(trace.gradient, flat),
            clipped=_number_at(trace.clipped, flat),
            slots={
                name: SlotValue(number(one.flat[flat]), number(other.flat[flat]))
                for name, (one, other) in self._slots.items()
            },
            update=None if moved is None else number(moved - before),
            max_norm_change=None if moved is None else number(after - moved),
            change=number(after - before),
            after=number(after),
            zero_gradient=self._zero(self._zeros.loss_gradient, flat),
            zero_update=self._zero(self._zeros.update, flat),
        )

    def _zero(self, codes: Codes | None, flat: int) -> Zero | None:
        if codes is None:
            return None
        index = tuple(map(int, np.unravel_index(flat, self.trace.before.shape)))
        return zero_of(self._step, codes[index], Place(parameter=self.trace, index=index))

    def explain(self, options: ExplainOptions) -> ParameterExplanation:
        """Return the parameter with its largest entries."""
        trace = self.trace
        before, gradient = trace.before.reshape(-1), trace.loss_gradient
        # In float64, `values` and `changes` add up to the new values in every bit.
        change = np.subtract(trace.after, trace.before, dtype=np.float64).reshape(-1)
        ranked = (change if gradient is None else gradient).reshape(-1)
        shown = largest(ranked, options.top)
        norm, update_norm = norm_of(before), norm_of(change)
        values = self._values(change, options) if trace.name in options.matrices else {}
        return ParameterExplanation(
            name=trace.name,
            shape=trace.before.shape,
            is_frozen=trace.is_frozen,
            is_state=trace.is_state,
            norm=norm,
            gradient_norm=norm_of(trace.clipped),
            update_norm=update_norm,
            update_ratio=update_norm / norm if norm and update_norm is not None else None,
            zero_gradients=None if gradient is None else int(np.sum(gradient == 0)),
            entries=tuple(self.entry(flat) for flat in shown.tolist()),
            entries_left_out=before.size - len(shown),
            entries_share=share_of(ranked[shown], ranked),
            **values,
        )

    def _values(self, change: Floats, options: ExplainOptions) -> ShownValues:
        """Return the values of the parameter, or a part of them if it is large."""
        gradient, size = self.trace.loss_gradient, self.trace.before.size
        shown = slice(options.first_value, options.first_value + MAX_MATRIX)
        return ShownValues(
            values=flat_numbers(self.trace.before, shown),
            gradients=None if gradient is None else flat_numbers(gradient, shown),
            changes=flat_numbers(change, shown),
            values_left_out=size - len(range(size)[shown]),
        )


def _at(array: Floats | None, flat: int) -> float | None:
    return None if array is None else float(array.flat[flat])


def _number_at(array: Floats | None, flat: int) -> float | None:
    return None if array is None else number(array.flat[flat])
