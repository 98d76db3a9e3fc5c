import math
from typing import Any, get_args

import numpy as np
import pytest

from engine.arrays import Floats
from engine.metrics import Metric, is_higher_better, scalar_names
from engine.metrics.classification import PREDICTION_METRICS, ClassPredictions
from engine.metrics.ranking import SCORE_METRICS, ClassScores
from engine.metrics.regression import NUMBER_METRICS, NumberPredictions
from engine.specs import ClassMetric, MetricName, NumberMetric

# Six rows of three classes; the last is never predicted.
FOUND = ClassPredictions(
    predicted=np.array([0, 0, 1, 1, 1, 0]), true=np.array([0, 0, 0, 1, 1, 2]), classes=3
)
# Of four classes, 1 has rows but is never predicted, 2 is predicted but has no rows, 3 has neither.
PARTLY_PRESENT = ClassPredictions(
    predicted=np.array([0, 0, 0, 2]), true=np.array([0, 0, 1, 1]), classes=4
)


def of_classes(name: MetricName, predictions: ClassPredictions) -> Metric:
    return PREDICTION_METRICS[name](predictions)


def of_scores(
    name: MetricName, scores: Floats, classes: list[int], *, are_probabilities: bool = True
) -> float | None:
    return SCORE_METRICS[name](ClassScores(scores, np.array(classes), are_probabilities))


def of_numbers(name: MetricName, predicted: list[float], y: list[float]) -> float | None:
    values = np.array(y)
    return NUMBER_METRICS[name](NumberPredictions(np.array(predicted), values, exact=values))


def test_confusion_matrix_has_one_row_per_true_class() -> None:
    assert of_classes("confusion_matrix", FOUND) == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_accuracy_is_the_fraction_of_correct_predictions() -> None:
    assert of_classes("accuracy", FOUND) == pytest.approx(4 / 6)


def test_precision_recall_and_f1_of_each_class() -> None:
    assert of_classes("precision_per_class", FOUND) == pytest.approx([2 / 3, 2 / 3, 0])
    assert of_classes("recall_per_class", FOUND) == pytest.approx([2 / 3, 1, 0])
    assert of_classes("f1_per_class", FOUND) == pytest.approx([2 / 3, 4 / 5, 0])


def test_macro_metrics_are_the_mean_over_classes() -> None:
    assert of_classes("precision", FOUND) == pytest.approx(4 / 9)
    assert of_classes("recall", FOUND) == pytest.approx(5 / 9)
    assert of_classes("balanced_accuracy", FOUND) == pytest.approx(5 / 9)
    assert of_classes("f1", FOUND) == pytest.approx(22 / 45)


def test_classes_without_rows_have_no_value_of_their_own() -> None:
    assert of_classes("precision_per_class", PARTLY_PRESENT) == [
        pytest.approx(2 / 3),
        0,
        None,
        None,
    ]
    assert of_classes("recall_per_class", PARTLY_PRESENT) == [1, 0, None, None]
    assert of_classes("f1_per_class", PARTLY_PRESENT) == [pytest.approx(4 / 5), 0, None, None]


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_macro_metrics_are_the_mean_of_the_listed_values(name: MetricName) -> None:
    listed = of_classes(f"{name}_per_class", PARTLY_PRESENT)  # type: ignore[arg-type] # each has a list
    assert isinstance(listed, list)
    present = [value for value in listed if isinstance(value, float)]
    assert of_classes(name, PARTLY_PRESENT) == pytest.approx(np.mean(present))


def test_balanced_accuracy_is_macro_recall() -> None:
    assert of_classes("balanced_accuracy", PARTLY_PRESENT) == 1 / 2
    assert of_classes("recall", PARTLY_PRESENT) == 1 / 2


def test_matthews_of_two_classes_matches_the_binary_formula() -> None:
    tn, fp, fn, tp = 5, 2, 1, 4
    expected = (tp * tn - fp * fn) / math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    predicted = np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
    true = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp])
    found = of_classes("matthews", ClassPredictions(predicted, true, classes=2))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("weights", [None, np.array([0.1, 0.7, 1.3])])
def test_matthews_is_zero_if_only_one_class_is_predicted(weights: Any) -> None:
    found = ClassPredictions(np.zeros(3, np.intp), np.array([0, 1, 1]), 2, weights)
    assert of_classes("matthews", found) == 0


def test_top_k_counts_classes_among_the_k_largest_scores() -> None:
    scores = np.array([[0.1, 0.5, 0.4], [0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    found = [of_scores(name, scores, [2, 0, 0]) for name in ("top_2_accuracy", "top_3_accuracy")]
    assert found == pytest.approx([2 / 3, 1])


def test_top_k_breaks_ties_in_favor_of_the_first_class() -> None:
    assert of_scores("top_2_accuracy", np.ones((3, 3)), [0, 1, 2]) == pytest.approx(2 / 3)


def test_roc_auc_is_the_fraction_of_ordered_pairs_with_ties_as_half() -> None:
    score = np.array([0.1, 0.4, 0.4, 0.8])
    scores = np.column_stack((1 - score, score))
    # Of the four (positive, negative) pairs, three are in order and one is tied.
    assert of_scores("roc_auc", scores, [0, 0, 1, 1]) == pytest.approx(3.5 / 4)
    assert of_scores("roc_auc", scores, [1, 1, 0, 0]) == pytest.approx(0.5 / 4)


@pytest.mark.parametrize("are_probabilities", [True, False])
def test_roc_auc_of_several_classes_is_one_vs_rest_by_their_own_scores(
    are_probabilities: bool,
) -> None:
    scores = np.array([[3.0, 0, 0], [0, 3, 1], [0, 2, 3], [4, 0, 2]])
    found = of_scores("roc_auc", scores, [0, 1, 2, 2], are_probabilities=are_probabilities)
    # Two of three pairs are in order for class 0, all pairs for the other classes.
    assert found == pytest.approx((2 / 3 + 1 + 1) / 3)


def test_average_precision_sums_precision_over_recall_steps() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.6])
    scores = np.column_stack((1 - score, score))
    expected = 0.5 * 1 + 0.5 * (2 / 3)
    assert of_scores("pr_auc", scores, [1, 0, 1, 0]) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc"])
@pytest.mark.parametrize("shift", [0.0, 1.0, -100.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_linear_scores_are_ranked_by_their_difference_wherever_they_lie(
    name: MetricName, shift: float, dtype: type[np.floating]
) -> None:
    scores = np.array([[0.1, 0.25], [0.9, 0.75], [0.3, 0.375], [0.5, 0.25]]) + shift
    found = of_scores(name, scores.astype(dtype), [1, 0, 1, 0], are_probabilities=False)
    assert found == 1


def test_independent_probabilities_of_two_classes_are_ranked_by_the_second() -> None:
    scores = np.array([[0.9, 0.8], [0.1, 0.7]])
    assert of_scores("roc_auc", scores, [1, 0]) == 1
    assert of_scores("roc_auc", scores, [1, 0], are_probabilities=False) == 0


def test_areas_exclude_classes_without_rows() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]])
    assert of_scores("roc_auc", scores, [0, 1]) == of_scores("pr_auc", scores, [0, 1]) == 1


def test_areas_of_a_single_class_are_undefined() -> None:
    scores = np.array([[0.7, 0.3], [0.3, 0.7]])
    assert of_scores("roc_auc", scores, [1, 1]) is None
    assert of_scores("pr_auc", scores, [1, 1]) is None


def test_log_loss_normalizes_the_scores() -> None:
    scores = np.array([[0.2, 0.2, 0.0], [0.1, 0.1, 0.6]])
    expected = -(math.log(1 / 2) + math.log(3 / 4)) / 2
    assert of_scores("log_loss", scores, [0, 2]) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_loss_of_zero_probability_is_clipped_at_epsilon(
    dtype: type[np.floating],
) -> None:
    expected = -math.log(np.finfo(dtype).eps)
    assert of_scores("log_loss", np.array([[1, 0]], dtype), [1]) == pytest.approx(expected)
    assert of_scores("log_loss", np.array([[0, 0]], dtype), [1]) == pytest.approx(expected)


def test_log_loss_of_scores_is_undefined_even_if_they_lie_between_0_and_1() -> None:
    assert of_scores("log_loss", np.array([[0.5, 0.5]]), [1], are_probabilities=False) is None


def test_regression_errors_of_known_numbers() -> None:
    predicted, y = [1.0, 2.0, 6.0], [1.0, 4.0, 5.0]
    assert of_numbers("mse", predicted, y) == pytest.approx(5 / 3)
    assert of_numbers("rmse", predicted, y) == pytest.approx(math.sqrt(5 / 3))
    assert of_numbers("mae", predicted, y) == pytest.approx(1)
    assert of_numbers("mape", predicted, y) == pytest.approx((0 + 1 / 2 + 1 / 5) / 3)


def test_r2_penalizes_a_constant_error_and_explained_variance_does_not() -> None:
    y = [1.0, 2.0, 3.0]
    assert of_numbers("r2", y, y) == of_numbers("explained_variance", y, y) == 1
    assert of_numbers("r2", [2.0, 3.0, 4.0], y) == pytest.approx(1 - 3 / 2)
    assert of_numbers("explained_variance", [2.0, 3.0, 4.0], y) == pytest.approx(1)


@pytest.mark.parametrize("name", ["r2", "explained_variance"])
@pytest.mark.parametrize("value", [1.0, 1.1, 0.1, 1e-300, -1e300])
@pytest.mark.parametrize("rows", [1, 3, 20])
def test_r2_and_explained_variance_of_a_constant_are_undefined_even_if_its_mean_rounds(
    name: MetricName, value: float, rows: int
) -> None:
    y = [value] * rows
    assert of_numbers(name, [value * 2] * rows, y) is None
    weights = np.linspace(0.1, 1.7, rows)
    weighted = NumberPredictions(np.zeros(rows), np.array(y), weights)
    assert NUMBER_METRICS[name](weighted) is None


def test_mape_leaves_out_rows_whose_target_is_zero() -> None:
    assert of_numbers("mape", [5.0, 1.0, 3.0], [0.0, 2.0, -2.0]) == pytest.approx((0.5 + 2.5) / 2)
    assert of_numbers("mape", [5.0, 1.0], [0.0, -0.0]) is None


def test_every_metric_is_computed() -> None:
    assert {*PREDICTION_METRICS, *SCORE_METRICS} == set(get_args(ClassMetric))
    assert set(NUMBER_METRICS) == set(get_args(NumberMetric))


def test_lower_is_better_for_losses_and_errors() -> None:
    names = ("loss", "accuracy", *get_args(ClassMetric), *get_args(NumberMetric))
    falling = {name for name in names if not is_higher_better(name)}
    assert falling == {"loss", "log_loss", "mse", "rmse", "mae", "mape"}
    assert not is_higher_better("validation_loss")
    assert is_higher_better("validation_roc_auc")


def test_scalar_names_are_those_of_single_numbers() -> None:
    names = ("f1", "f1_per_class", "validation_confusion_matrix", "validation_r2")
    assert scalar_names(names) == ("f1", "validation_r2")
