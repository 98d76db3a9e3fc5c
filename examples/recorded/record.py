"""Record trainings with the functions that the explain routes use."""

import json
from collections.abc import Sequence
from typing import Any

from engine.arrays import Floats
from engine.data.split_arrays import Batch
from engine.explain.explanation.explain import explain_step
from engine.explain.single_step.build import GivenStep, build_step_inputs
from engine.training.progress import Progress
from engine.training.step_inputs import build_train_step
from examples.recorded.trimming import trim_batch, trim_details, trim_exercise, trim_row
from service.explain.json_answer import to_json
from service.routes.explain import TEXTBOOK
from service.schemas.explain import ExplainStepRequest

Json = dict[str, Any]

XOR: Json = {
    "network": {
        "layers": [{"type": "dense", "units": 2, "activation": "tanh"}],
        "output": {"units": 1, "activation": "sigmoid"},
    },
    "loss": "binary_cross_entropy",
    "optimizer": {"type": "sgd", "learning_rate": 0.5},
    "rows": [[0, 0], [0, 1], [1, 0], [1, 1]],
    "targets": [0, 1, 1, 0],
    # Values per row of all edges.
    "units": {"layers.0": [0, 1], "output": [0]},
    # Its first hidden unit learns "a or b", its second one "not both".
    "seed": 9,
}
XOR_STEPS = 400
XOR_RECORDED = (0, 5, 20, 40, 60, 80, 100, 150, 200, 399)


class _Losses:
    """Losses of the batches before each step."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def update(self, loss: float, _outputs: Floats, _batch: Batch) -> None:
        """Add a batch."""
        self.values.append(loss)


def record_textbook() -> Json:
    """Return the explanation of the exercise with one input, one hidden unit and one output."""
    return trim_exercise(_explain(TEXTBOOK))


def record_xor(recorded: Sequence[int] = XOR_RECORDED) -> tuple[Json, dict[int, Json]]:
    """Train on exclusive or. Return its index, and the recorded steps by their number."""
    request = ExplainStepRequest.model_validate(XOR)
    given = GivenStep(rows=request.rows, targets=request.targets)
    inputs = build_step_inputs(request, given)
    training, losses, steps = build_train_step(inputs), _Losses(), {}
    progress = Progress(epoch=0, step=0, steps_done=0)
    for step in range(XOR_STEPS):
        if step in recorded:
            parameters = training.network.named_parameters()
            weights = {name: array.tolist() for name, array in parameters.items()}
            steps[step] = _record_step({**XOR, "step": step, "weights": weights})
        training.run(inputs.batch, progress, losses, is_last=False)
    # The page draws them as a curve; the recorded steps have them in full.
    drawn = [float(f"{loss:.4g}") for loss in losses.values]
    return {**_describe_xor(), "losses": drawn, "marks": [*XOR_RECORDED]}, steps


def _record_step(request: Json) -> Json:
    pairs = zip(request["rows"], request["targets"], strict=True)
    rows = [_explain({**request, "rows": [row], "targets": [target]}) for row, target in pairs]
    answers = {f"row-{index}": trim_row(one) for index, one in enumerate(rows)}
    batch = _explain(request)
    return {"batch": trim_batch(batch), "details": trim_details(batch), **answers}


def _explain(body: Json) -> Json:
    request = ExplainStepRequest.model_validate({**body, "formulas": "all"})
    given = GivenStep(
        rows=request.rows,
        targets=request.targets,
        weights=request.weights,
        step=request.step,
    )
    explanation: Json = json.loads(
        to_json(explain_step(build_step_inputs(request, given), request))
    )
    return explanation


def _describe_xor() -> Json:
    """Return rows, inputs and outputs as an answer about a job has them."""
    names = ("a", "b")
    values = [
        {**dict(zip(names, row, strict=True)), "a xor b": target}
        for row, target in zip(XOR["rows"], XOR["targets"], strict=True)
    ]
    shown = [
        {"position": index, "number": index, "values": one, "encoded": XOR["rows"][index]}
        for index, one in enumerate(values)
    ]
    inputs = [{"column": name, "meaning": "number", "detail": None, "name": name} for name in names]
    unscaled = {"center": None, "scale": None, "logarithm": False}
    output = {"name": "a xor b", "target": "a xor b", "class_label": None, "meaning": "probability"}
    return {
        "key": "xor",
        "loss": XOR["loss"],
        "rows": {
            "shown": shown,
            "left_out": 0,
            "inputs": [{**one, **unscaled} for one in inputs],
            "inputs_left_out": 0,
        },
        "outputs": {"shown": [{**output, **unscaled}], "left_out": 0, "estimates": None},
    }
