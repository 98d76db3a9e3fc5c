"""Sentences about zeros, with their numbers."""

import re

import pytest

from engine.explain.step_trace import StepTrace
from engine.explain.zeros.causes import Cause, cause_of, code_of, origin_of
from engine.explain.zeros.find_zeros import find_zeros
from engine.explain.zeros.texts import Place, describe_zero, write
from tests.engine.explain.zeros.test_causes import CASES, two_units


def relu_step() -> StepTrace:
    return two_units("relu", [[1.0, 0.5], [0.5, 3.0]])


def test_a_relu_that_is_off_names_its_input() -> None:
    trace = relu_step()
    code = find_zeros(trace).layers[1].outputs[0, 1]
    place = Place(layer=1, row=0, unit=(1,))
    assert describe_zero(trace, code, place) == "ReLU is off: z = −0.5 is not above 0"


def test_a_zero_that_follows_names_the_layer_and_the_row() -> None:
    trace = relu_step()
    code = find_zeros(trace).layers[0].output_gradient
    assert code is not None
    text = describe_zero(trace, code[0, 1], Place(layer=0, row=0, unit=(1,)))
    expected = "ReLU is off in layers.0: z is not above 0 (1 of 2 values of this row are 0)"
    assert text == expected


def test_a_weight_that_stays_names_its_spacing() -> None:
    trace = CASES["small change"][1]()
    update = find_zeros(trace).parameters[0].update
    assert update is not None
    place = Place(parameter=trace.parameters[0], index=(0, 0))
    assert describe_zero(trace, update[0, 0], place) == (
        "rounded away: the change is too small for w = 0.4, whose neighbours are 5.55·10⁻¹⁷ apart"
    )


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_sentence_with_and_without_a_place(cause: Cause) -> None:
    trace = CASES["dropout"][1]()
    places = [None, Place(0, 0, (1,)), Place(1, 0, (1,)), Place(None, 0, (0,))]
    places.append(Place(parameter=trace.parameters[0], index=(0, 1)))
    texts = {
        describe_zero(trace, code_of(cause, origin), place)
        for origin in (None, 0, 1)
        for place in places
    }
    for text in texts:
        assert re.fullmatch(r"[^{}.][^{}]{8,120}[^.]", text), text


def test_a_code_holds_cause_and_layer() -> None:
    for cause in Cause:
        for origin in (None, 0, 1, 2000):
            code = code_of(cause, origin)
            assert code < 2**16
            assert cause_of(code) is cause
            assert origin_of(code) == origin
    assert cause_of(0) is None


def test_no_sentence_about_a_number_other_than_zero() -> None:
    with pytest.raises(ValueError, match="not 0"):
        describe_zero(relu_step(), 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.31, "−0.31"), (0.549834, "0.550"), (1234.5, "1,234"), (2.4e-5, "2.4·10⁻⁵")],
)
def test_numbers(value: float, text: str) -> None:
    assert write(value) == text
