"""Causes of zeros as sentences with their numbers."""

from dataclasses import dataclass

import numpy as np

from engine.explain.formulas.rendering.numerals import write_number
from engine.explain.step_trace import LayerTrace, ParameterTrace, StepTrace
from engine.explain.zeros.causes import Cause, cause_of, origin_of
from engine.layers.dropout import Dropout
from engine.specs import Hinge

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Place:
    """Where a zero stands; what does not apply is None.

    Attributes:
        layer: index in `StepTrace.layers`; that of the activation if both it and its layer apply.
        row: index among the kept rows.
        unit: index in the shape of the layer's values per row.
        parameter: parameter whose gradient, state or update is 0.
        index: index in the parameter's array.
    """

    layer: int | None = None
    row: int | None = None
    unit: tuple[int, ...] | None = None
    parameter: ParameterTrace | None = None
    index: tuple[int, ...] | None = None


def describe_zero(trace: StepTrace, code: int, place: Place | None = None) -> str:
    """Return why a number is 0: one sentence, without a full stop.

    Args:
        trace: the step.
        code: code of the cause; not 0.
        place: where the zero stands; without it, the sentence has fewer numbers.

    Raises:
        ValueError: the code is 0.
    """
    cause = cause_of(code)
    if cause is None:
        message = "the code 0 stands for a number that is not 0"
        raise ValueError(message)
    return _SENTENCES[cause].format(_Context(trace, origin_of(code), place or Place()))


class _Context:
    """The numbers of a cause at one place, as parts of its sentence.

    Args:
        trace: the step.
        origin: index of the layer in which the cause arises; None outside of layers.
        place: where the zero stands.
    """

    def __init__(self, trace: StepTrace, origin: int | None, place: Place) -> None:
        self._trace, self._place = trace, place
        self.rows, self.evaluations = trace.rows, trace.evaluations
        self.clip_factor = write(trace.clip_factor)
        self._is_local = origin is not None and origin == place.layer
        self._layer: LayerTrace | None = None if origin is None else trace.layers[origin]

    @property
    def where(self) -> str:
        """The layer in which the cause arises, if the zero stands elsewhere: ` in layers.0`."""
        return "" if self._layer is None or self._is_local else f" in {self._layer.name}"

    @property
    def z(self) -> str:
        """The input of an activation: `z = −0.31`."""
        value = self._input()
        return "z" if value is None else f"z = {value}"

    @property
    def bound(self) -> str:
        """The input and output at which an activation is flat."""
        if self._layer is None:
            return f"the prediction is rounded{self.prediction}"
        return f"at {self.z}, the function or its slope is rounded to a bound"

    @property
    def x(self) -> str:
        """The input of a layer: `: x = 0.2`."""
        value = self._input()
        return "" if value is None else f": x = {value}"

    @property
    def counts(self) -> str:
        """How many values of the layer are 0 for this row, if the zero stands elsewhere."""
        if self._layer is None or self._is_local or self._place.row is None:
            return ""
        row = self._layer.outputs.rows[self._place.row]
        zeros = row.size - np.count_nonzero(row)
        return f" ({zeros} of {row.size} values of this row are 0)"

    @property
    def rate(self) -> str:
        """The rate of the dropout layer: `, at a rate of 0.5`."""
        layer = self._layer.layer if self._layer else None
        return f", at a rate of {write(layer.rate)}" if isinstance(layer, Dropout) else ""

    @property
    def margin(self) -> str:
        """The margin of the hinge loss."""
        loss = self._trace.inputs.spec.loss
        return f" of {write(loss.margin)}" if isinstance(loss, Hinge) else ""

    @property
    def prediction(self) -> str:
        """The prediction of a row: `: ŷ = 0.2`."""
        place = self._place
        last = len(self._trace.layers) - 1
        if place.row is None or place.unit is None or place.layer not in (None, last):
            return ""
        return f": ŷ = {write(float(self._trace.outputs.rows[place.row][place.unit]))}"

    @property
    def w(self) -> str:
        """The weight and its spacing: `w = 0.5, whose neighbours are 6.0·10⁻⁸ apart`."""
        if self._place.parameter is None or self._place.index is None:
            return "the weight"
        value = self._place.parameter.before[self._place.index]
        spacing = float(np.spacing(np.abs(value)))
        return f"w = {write(float(value))}, whose neighbours are {write(spacing)} apart"

    @property
    def smallest(self) -> str:
        """The smallest positive number of the dtype."""
        dtype = self._trace.inputs.spec.dtype
        return f"{write(float(np.finfo(dtype).smallest_subnormal))}, the smallest {dtype}"

    def _input(self) -> str | None:
        """The input of the layer at this place, if the cause arises here."""
        place = self._place
        if not self._is_local or self._layer is None or place.row is None or place.unit is None:
            return None
        return write(float(self._layer.inputs.rows[place.row][place.unit]))


def write(value: float) -> str:
    """Return a number with three significant digits: `0.550`, `−1.2·10⁻⁵`."""
    numeral = write_number(value)
    sign = "−" if numeral.is_negative else ""
    power = "" if numeral.exponent is None else f"·10{str(numeral.exponent).translate(_RAISED)}"
    return f"{sign}{numeral.digits}{power}"


# Parts in braces are attributes of _Context.
_SENTENCES: dict[Cause, str] = {
    Cause.ZERO_WEIGHT_ROW: "the weight of the row in the loss is 0",
    Cause.DEAD_RELU: "ReLU is off{0.where} in all {0.rows} rows of the batch: {0.z} is not above 0",
    Cause.RELU_OFF: "ReLU is off{0.where}: {0.z} is not above 0{0.counts}",
    Cause.SATURATED: "saturated{0.where}: {0.bound}{0.counts}",
    Cause.DROPPED_OUT: "dropped out{0.where}{0.rate}",
    Cause.MAX_POOL_LOSER: "not the maximum of a window{0.where}{0.x}",
    Cause.OUTSIDE_WINDOWS: "outside of all windows{0.where}",
    Cause.PADDING: "the weights meet only padding{0.where}, which is 0",
    Cause.CODE_ABSENT: "none of the {0.rows} rows of the batch has this code",
    Cause.BEYOND_MARGIN: "beyond the margin{0.margin}: it adds nothing to the loss",
    Cause.OTHER_CLASS: "only the output of the row's class enters the loss",
    Cause.EXACT_FIT: "the prediction equals the target{0.prediction}",
    Cause.CONSTANT: "all values that are normalized together are equal{0.where}{0.x}",
    Cause.NORMALIZED: "normalized{0.where}: a single value is its own mean, whatever it is",
    Cause.ZERO_INPUT: "the input of the network is 0",
    Cause.ZERO_WEIGHT: "the weights{0.where} are 0",
    Cause.FROZEN: "frozen: the weights of the layer are fixed",
    Cause.CLIPPED: "clipped: times {0.clip_factor}, it is below {0.smallest}",
    Cause.ZERO_LEARNING_RATE: "the learning rate of this step is 0",
    Cause.NO_DESCENT: "the line search found no lower loss in {0.evaluations} evaluations",
    Cause.ROUNDED_AWAY: "rounded away: the change is too small for {0.w}",
    Cause.MAX_NORM: "max-norm takes the change back",
    Cause.INITIAL: "still 0, as at the start",
    Cause.UNDERFLOW: "underflow{0.where}: the result is below {0.smallest}",
    Cause.EXACT_ZERO: "numbers other than 0 add up to exactly 0{0.where}",
}
