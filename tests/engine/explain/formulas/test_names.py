"""Names count units, inputs, rows and positions from 1."""

import pytest

from engine.explain.formulas import Formula, to_latex, to_mathml
from engine.explain.formulas.activations import activation, delta, slope, softmax, softmax_delta
from engine.explain.formulas.expression import Symbol, leaves
from engine.explain.formulas.layers.convolution import (
    WindowValue,
    convolution,
    convolution_bias_gradient,
    convolution_weight_gradient,
)
from engine.explain.formulas.layers.dense import (
    bias_gradient,
    input_gradient,
    row_weight_gradient,
    weight_gradient,
    weighted_sum,
)
from engine.explain.formulas.layers.dropout import dropout, dropout_gradient
from engine.explain.formulas.layers.embedding import embedded, embedding_gradient
from engine.explain.formulas.layers.normalization import mean, normalized, variance
from engine.explain.formulas.layers.normalization_gradients import (
    row_input_gradient,
    scale_gradient,
    shift_gradient,
)
from engine.explain.formulas.layers.pooling import (
    average_pooling,
    max_pooling,
)
from engine.explain.formulas.layers.residual import residual, residual_gradient
from engine.explain.formulas.losses import OutputRow, batch_loss, logit_gradient, row_loss
from engine.explain.formulas.training.gradient_clipping import gradient_norm
from engine.explain.formulas.training.max_norm import weight_norm
from engine.explain.formulas.training.penalties import penalty
from engine.specs import CrossEntropy, Gaussian, Hinge, Huber, MeanSquaredError

D = "the derivative of the loss with respect to"
CLASSES = OutputRow("softmax", [0.1, 0.2], [0.4, 0.6], 1)
NUMBERS = OutputRow("linear", [0.1, 0.2], [0.1, 0.2], [0.3, 0.4])
GAUSSIAN = OutputRow("linear", [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4], [0.5, 0.6])
SCORES = OutputRow("linear", [0.1, 0.2], [0.1, 0.2], 0)

NAMES: list[tuple[Formula, list[str]]] = [
    (weighted_sum([1.0, 2.0], [3.0, 4.0], 5.0, 2), ["z 3", "w 1 3", "x 1", "w 2 3", "x 2", "b 3"]),
    (
        input_gradient([1.0, 2.0], [3.0, 4.0], 2),
        [f"{D} a 3", "w 3 1", "delta 1", "w 3 2", "delta 2"],
    ),
    (row_weight_gradient(1.0, 2.0, 3, 4), [f"{D} w 4 5", "x 4", "delta 5"]),
    (
        weight_gradient([1.0], [2.0], 3, 4),
        [f"{D} w 4 5", "x 4 of row 1 of the batch", "delta 5 of row 1 of the batch"],
    ),
    (bias_gradient([1.0], 3), [f"{D} b 4", "delta 4 of row 1 of the batch"]),
    (activation("relu", 1.0, 2), ["a 3", "z 3"]),
    (slope("tanh", 1.0, 2.0, 2), ["the derivative of a 3 with respect to z 3", "a 3"]),
    (delta("tanh", 1.0, 2.0, 3.0, 2), ["delta 3", f"{D} a 3", "a 3"]),
    (softmax([1.0, 2.0], 1), ["a 2", "z 2", "z 1", "z 2"]),
    (
        softmax_delta([1.0, 2.0], [3.0, 4.0], 1),
        ["delta 2", "a 2", f"{D} a 2", f"{D} a 1", "a 1", f"{D} a 2", "a 2"],
    ),
    (row_loss(CrossEntropy(), CLASSES)[0], ["the loss of the row", "the prediction of output 2"]),
    (row_loss(CrossEntropy(), CLASSES)[1], ["the loss of the row", "z 1", "z 2", "z 2"]),
    (
        logit_gradient(CrossEntropy(), CLASSES, 0),
        ["delta of output 1", "the prediction of output 1", "the target of output 1"],
    ),
    (
        logit_gradient(MeanSquaredError(), NUMBERS, 1),
        [
            "delta of output 2",
            "the number of outputs",
            "the prediction of output 2",
            "the target of output 2",
        ],
    ),
    (
        row_loss(Huber(), NUMBERS)[0].where[1],
        ["the error 2", "the prediction of output 2", "the target of output 2"],
    ),
    (
        logit_gradient(Gaussian(), GAUSSIAN, 1),
        [
            "delta of output 2",
            "the number of targets",
            "mu 2",
            "the target of output 2",
            "the log variance 2",
        ],
    ),
    (
        row_loss(Hinge(), SCORES)[0],
        ["the loss of the row", "the number of classes", "the margin", "z 1", "z 2"],
    ),
    (
        batch_loss([0.1, 0.2], [1.0, 2.0]),
        [
            "the loss",
            "the number of rows",
            "w of row 1 of the batch",
            "the loss of row 1 of the batch",
            "w of row 2 of the batch",
            "the loss of row 2 of the batch",
        ],
    ),
    (
        convolution([WindowValue(1.0, (0, 1, 2), 2.0, (3, 4, 5))], 3.0, (6, 7, 8)),
        ["z 7 8 9", "w 4 5 6 9", "x 1 2 3", "b 9"],
    ),
    (
        convolution_weight_gradient([1.0], [2.0], [(3, 0, 1, 2)], [(4, 5)], (6, 7, 8), 9),
        [f"{D} w 7 8 9 10", "x 1 2 3 of row 4 of the batch", "delta 5 6 10 of row 4 of the batch"],
    ),
    (
        convolution_bias_gradient([1.0], [(2, 3, 4)], 5),
        [f"{D} b 6", "delta 4 5 6 of row 3 of the batch"],
    ),
    (max_pooling([1.0, 2.0]), ["y", "x 1", "x 2"]),
    (average_pooling([1.0, 2.0]), ["y", "the number of values", "x 1", "x 2"]),
    (mean([1.0]), ["the mean", "the number of values", "x 1"]),
    (variance([1.0], 2.0), ["the variance", "the number of values", "x 1", "the mean"]),
    (
        normalized(1.0, 2.0, 3.0, 4.0, 5),
        ["x hat 6", "x 6", "the mean", "the variance", "epsilon"],
    ),
    (scale_gradient([1.0], [2.0]), [f"{D} gamma", f"{D} y 1", "x hat 1"]),
    (shift_gradient([1.0]), [f"{D} beta", f"{D} y 1"]),
    (
        row_input_gradient([1.0, 2.0], [3.0, 4.0], [5.0, 6.0], 1, 7.0, 8.0).where[0],
        ["g 2", "gamma 2", f"{D} y 2"],
    ),
    (
        row_input_gradient([1.0], [2.0], [3.0], 0, 4.0, 5.0),
        [
            f"{D} x 1",
            *("g 1", "the number of values", "g 1", "x hat 1", "g 1", "x hat 1"),
            *("the variance", "epsilon"),
        ],
    ),
    (embedded(1.0, 2, 3, 5), ["y 6", "entry 4 of code 2"]),
    (
        embedding_gradient([1.0], [2], 3, 4, 6),
        [f"{D} entry 5 of code 3", f"{D} y 7 of row 3 of the batch"],
    ),
    (residual(1.0, 2.0, 3), ["y 4", "x 4", "the output 4 of the block"]),
    (residual_gradient(1.0, 2.0, 3), [f"{D} x 4", f"{D} y 4", "the gradient 4 of the block"]),
    (dropout(1.0, 0.5, 2, is_kept=True), ["y 3", "x 3", "the mask 3", "the dropout rate"]),
    (
        dropout_gradient(1.0, 0.5, 2, is_kept=True),
        [f"{D} x 3", f"{D} y 3", "the mask 3", "the dropout rate"],
    ),
    (penalty([1.0, 2.0], 0.1, 0.0), ["the penalty", "lambda 1", "w 1", "w 2"]),
    (gradient_norm([1.0, 2.0]), ["the norm of g", "g 1", "g 2"]),
    (weight_norm([1.0]), ["the norm of w", "w 1"]),
]


@pytest.mark.parametrize(("formula", "names"), NAMES, ids=[names[0] for _, names in NAMES])
def test_names(formula: Formula, names: list[str]) -> None:
    symbols = [leaf.words for leaf in leaves(formula.expression) if isinstance(leaf, Symbol)]
    assert [formula.left.words, *symbols] == names


def test_indices_of_two_digits_are_separated() -> None:
    assert "<mn>10</mn><mo>,</mo><mn>1</mn>" in to_mathml(row_weight_gradient(1.0, 2.0, 9, 0))
    assert "_{21}" in to_latex(row_weight_gradient(1.0, 2.0, 1, 0))
