"""A step that is described by numbers alone, such as a textbook's."""

from typing import Any

import numpy as np
import pytest

from engine.errors import SpecError
from engine.explain.single_step.build import GivenStep, build_step_inputs
from engine.explain.trace_step import trace_step
from engine.specs.step import StepSpec

SIGMOID = {"units": 1, "activation": "sigmoid", "use_bias": False}
TEXTBOOK: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", **SIGMOID}], "output": SIGMOID},
    "loss": "half_squared_error",
    "optimizer": {"type": "sgd", "learning_rate": 0.5},
}
WEIGHTS = {"layers.0.weight": [[0.4]], "output.weight": [[0.6]]}
CLASSES: dict[str, Any] = {
    "network": {"layers": [], "output": {"units": 3}},
    "loss": "cross_entropy",
    "optimizer": {"type": "adam"},
}


def change(spec: dict[str, Any], **fields: Any) -> StepSpec:
    return StepSpec.model_validate({**spec, **fields})


def six_digits(value: float) -> str:
    return f"{value:.6g}"


def test_the_textbook_example_has_the_textbook_numbers() -> None:
    given = GivenStep(rows=[[0.5]], targets=[1], weights=WEIGHTS)
    trace = trace_step(build_step_inputs(change(TEXTBOOK), given))
    parameters = {parameter.name: parameter for parameter in trace.parameters}
    first, last = parameters["layers.0.weight"], parameters["output.weight"]
    assert first.loss_gradient is not None
    assert last.loss_gradient is not None
    assert six_digits(trace.layers[1].outputs.rows.item()) == "0.549834"
    assert six_digits(trace.outputs.rows.item()) == "0.581735"
    assert six_digits(trace.loss) == "0.0874727"
    assert six_digits(last.loss_gradient.item()) == "-0.0559577"
    assert six_digits(first.loss_gradient.item()) == "-0.00755707"
    assert six_digits(last.after.item()) == "0.627979"
    assert six_digits(first.after.item()) == "0.403779"


def test_weights_that_are_not_given_come_from_the_seed() -> None:
    network = {"layers": [{"type": "dense", "units": 2}], "output": {"units": 1}}
    given = GivenStep(rows=[[1, 2]], targets=[0.5], weights={"layers.0.bias": [3, 4]})
    spec = change(TEXTBOOK, network=network)
    inputs = [build_step_inputs(one, given) for one in (spec, change(TEXTBOOK, network=network))]
    other = build_step_inputs(change(TEXTBOOK, network=network, seed=1), given)
    first, second = (one.arrays["parameters"] for one in inputs)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other.arrays["parameters"])
    assert {3, 4} <= {*first.tolist()}


def test_a_state_of_the_optimizer_and_its_step_are_those_of_the_update() -> None:
    state: dict[str, dict[str, Any]] = {
        "m": {"output.weight": [[0.1, 0, 0]]},
        "v": {"output.bias": [0.2, 0, 0]},
    }
    given = GivenStep([[1.0]], [2], optimizer_state=state, step=7)
    inputs = build_step_inputs(change(CLASSES, steps_per_epoch=3), given)
    trace = trace_step(inputs)
    weight, bias = trace.parameters
    assert (inputs.step, inputs.epoch, inputs.step_in_epoch) == (7, 2, 1)
    assert bias.slots_before["square"][0] * 0.001 == pytest.approx(0.2)
    assert weight.loss_gradient is not None
    m = 0.9 * 0.1 + 0.1 * weight.loss_gradient[0, 0]
    v = 0.001 * weight.loss_gradient[0, 0] ** 2
    moved = 0.001 * (m / (1 - 0.9**8)) / (np.sqrt(v / (1 - 0.999**8)) + 1e-8)
    assert weight.after[0, 0] == pytest.approx(weight.before[0, 0] - moved, rel=1e-12)


def test_flat_lists_fill_arrays_row_by_row() -> None:
    given = GivenStep([[1.0, 2.0]], [0], weights={"output.weight": [1, 2, 3, 4, 5, 6]})
    trace = trace_step(build_step_inputs(change(CLASSES), given))
    assert trace.parameters[0].before.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_rows_may_be_weighted() -> None:
    given = GivenStep([[1.0], [2.0]], [0, 1], row_weights=[0, 2])
    trace = trace_step(build_step_inputs(change(CLASSES), given))
    assert trace.shares.tolist() == [0, 1]
    assert trace.loss == trace.row_losses[1]


ROW = GivenStep([[0.5]], [1])
EMBEDDING = {"type": "embedding", "tables": [{"position": 1, "codes": 3}]}
EMBEDDED = {"network": {"layers": [EMBEDDING], "output": {"units": 1}}}
POISSON = {"network": {"layers": [], "output": {"units": 1}}, "loss": "poisson"}


@pytest.mark.parametrize(
    ("spec", "fields", "given", "pointer", "detail"),
    [
        (TEXTBOOK, {}, GivenStep([[0.5], [1, 2]], [1, 1]), "/rows/1", "has 2 values instead of 1"),
        (TEXTBOOK, {}, GivenStep([[0.5], [1]], [1]), "/targets", "1 targets for 2 rows"),
        (TEXTBOOK, {}, GivenStep([[0.5]], [[1, 2]]), "/targets/0", "has 2 values instead of 1"),
        (TEXTBOOK, {}, GivenStep([[10**400]], [1]), "/rows/0/0", "too large for float64"),
        (
            TEXTBOOK,
            {"dtype": "float32"},
            GivenStep([[1e39]], [1]),
            "/rows",
            "too large for float32",
        ),
        (CLASSES, {}, GivenStep([[0.5]], [3]), "/targets/0", "one of the 3 classes: 0…2"),
        (CLASSES, {}, GivenStep([[0.5]], [1.0]), "/targets/0", "index of one"),
        (CLASSES, {}, GivenStep([[0.5]], [True]), "/targets/0", "index of one"),
        (POISSON, {}, GivenStep([[0.5]], [-1]), "/targets/0", "not negative"),
        (
            TEXTBOOK,
            {"loss": "binary_cross_entropy"},
            GivenStep([[0.5], [1]], [1, 1.5]),
            "/targets/1",
            "between 0 and 1",
        ),
        (
            TEXTBOOK,
            {},
            GivenStep([[0.5]], [1], weights={"layer.0.weight": [[1]]}),
            "/weights/layer.0.weight",
            "did you mean layers.0.weight?",
        ),
        (
            TEXTBOOK,
            {},
            GivenStep([[0.5]], [1], weights={"output.weight": [[1, 2]]}),
            "/weights/output.weight/0",
            "has 2 values instead of 1, for shape [1]",
        ),
        (
            TEXTBOOK,
            {},
            GivenStep([[0.5]], [1], weights={"output.weight": [["1"]]}),
            "/weights/output.weight/0/0",
            "must be a number",
        ),
        (
            TEXTBOOK,
            {},
            GivenStep([[0.5]], [1], optimizer_state={"m": {}}),
            "/optimizer_state/m",
            "there is no state of the optimizer 'm'; there are: none",
        ),
        (
            CLASSES,
            {},
            GivenStep([[0.5]], [1], optimizer_state={"m": {"output.w": [0]}}),
            "/optimizer_state/m/output.w",
            "no trained parameter 'output.w'; did you mean output.weight?",
        ),
        (
            TEXTBOOK,
            {"network": {"layers": [{"type": "batch_normalization"}], "output": SIGMOID}},
            ROW,
            "/rows",
            "at least two rows",
        ),
        (
            TEXTBOOK,
            {"network": {"layers": [{"type": "conv2d", "filters": 1}], "output": SIGMOID}},
            ROW,
            "/network/layers/0",
            "height",
        ),
        (
            TEXTBOOK,
            {"network": {"layers": [{"type": "embedding"}], "output": SIGMOID}},
            ROW,
            "/network/layers/0",
            "no tables",
        ),
        (
            TEXTBOOK,
            {"network": {"layers": [{"type": "dense", "units": 65536}] * 2, "output": SIGMOID}},
            ROW,
            "/network",
            "has 4,295,229,440 parameters",
        ),
        (
            TEXTBOOK,
            {"network": {"layers": [], "output": {}}},
            ROW,
            "/network/output/units",
            "state",
        ),
        (
            CLASSES,
            {"network": {"layers": [], "output": {"units": 1}}},
            ROW,
            "/network/output/units",
            "one output per class",
        ),
        (TEXTBOOK, {"loss": "cross_entropy", "network": POISSON["network"]}, ROW, "/network", ""),
        (
            TEXTBOOK,
            {
                "loss": "hinge",
                "network": {"layers": [], "output": {"units": 2, "activation": "sigmoid"}},
            },
            ROW,
            "/loss",
            "hinge needs a linear output",
        ),
        (
            TEXTBOOK,
            {"optimizer": "lbfgs", "gradient_clip": {"type": "norm"}},
            ROW,
            "/gradient_clip",
            "unclipped",
        ),
        (
            TEXTBOOK,
            {"schedule": {"type": "constant", "warmup_epochs": 1.0}},
            ROW,
            "/schedule/warmup_epochs",
            "less than",
        ),
        (
            TEXTBOOK,
            {"network": {"layers": [{"type": "dense", "units": 65536}], "output": SIGMOID}},
            GivenStep([[0.5]] * 1024, [1] * 1024),
            "/rows",
            "send fewer rows",
        ),
        (TEXTBOOK, EMBEDDED, GivenStep([[9, 2], [9, 3]], [1, 1]), "/rows/1/1", "from 0 to 2"),
        (TEXTBOOK, EMBEDDED, GivenStep([[9, -1]], [1]), "/rows/0/1", "from 0 to 2"),
        (TEXTBOOK, EMBEDDED, GivenStep([[9, 0.5]], [1]), "/rows/0/1", "a whole number"),
        (
            TEXTBOOK,
            {"optimizer": "lbfgs", "schedule": "cosine"},
            GivenStep([[0.5]], [1], step=1),
            "/step",
            "the schedule has ended",
        ),
    ],
)
def test_what_is_wrong_is_named(
    spec: dict[str, Any], fields: dict[str, Any], given: GivenStep, pointer: str, detail: str
) -> None:
    with pytest.raises(SpecError) as caught:
        build_step_inputs(change(spec, **fields), given)
    [problem] = caught.value.problems
    assert problem.pointer.startswith(pointer)
    assert detail in problem.detail
