import math
from typing import get_args

import numpy as np
import pytest

from engine.metrics import is_higher_better, scalar_names
from engine.metrics.classification import (
    PREDICTION_METRICS,
    ClassPredictions,
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    f1,
    f1_per_class,
    matthews,
    precision,
    precision_per_class,
    recall,
    recall_per_class,
)
from engine.metrics.ranking import SCORE_METRICS, log_loss, pr_auc, roc_auc, top_k_accuracy
from engine.metrics.regression import NUMBER_METRICS, explained_variance, mae, mape, mse, r2, rmse
from engine.specs import ClassMetric, NumberMetric

# Six rows of three classes; the last is never predicted.
FOUND = ClassPredictions(
    predicted=np.array([0, 0, 1, 1, 1, 0]), true=np.array([0, 0, 0, 1, 1, 2]), classes=3
)


def test_confusion_matrix_has_one_row_per_true_class() -> None:
    np.testing.assert_array_equal(confusion_matrix(FOUND), [[2, 1, 0], [0, 2, 0], [1, 0, 0]])


def test_accuracy_is_the_fraction_of_correct_predictions() -> None:
    assert accuracy(FOUND) == pytest.approx(4 / 6)


def test_precision_recall_and_f1_of_each_class() -> None:
    assert precision_per_class(FOUND) == pytest.approx([2 / 3, 2 / 3, 0])
    assert recall_per_class(FOUND) == pytest.approx([2 / 3, 1, 0])
    assert f1_per_class(FOUND) == pytest.approx([2 / 3, 4 / 5, 0])


def test_macro_metrics_are_the_mean_over_classes() -> None:
    assert precision(FOUND) == pytest.approx(4 / 9)
    assert recall(FOUND) == balanced_accuracy(FOUND) == pytest.approx(5 / 9)
    assert f1(FOUND) == pytest.approx(22 / 45)


def test_balanced_accuracy_excludes_classes_without_rows() -> None:
    found = ClassPredictions(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), classes=3)
    assert balanced_accuracy(found) == pytest.approx(3 / 4)
    assert recall(found) == pytest.approx(1 / 2)


def test_matthews_of_two_classes_matches_the_binary_formula() -> None:
    tn, fp, fn, tp = 5, 2, 1, 4
    expected = (tp * tn - fp * fn) / math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    predicted = np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
    true = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp])
    assert matthews(ClassPredictions(predicted, true, classes=2)) == pytest.approx(expected)


def test_matthews_is_zero_if_only_one_class_is_predicted() -> None:
    assert matthews(ClassPredictions(np.zeros(3, np.intp), np.array([0, 1, 1]), classes=2)) == 0


def test_top_k_counts_classes_among_the_k_largest_scores() -> None:
    scores = np.array([[0.1, 0.5, 0.4], [0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    classes = np.array([2, 0, 0])
    found = [top_k_accuracy(scores, classes, k) for k in (1, 2, 3, 5)]
    assert found == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_top_k_breaks_ties_in_favor_of_the_first_class() -> None:
    scores = np.ones((3, 3))
    classes = np.array([0, 1, 2])
    assert [top_k_accuracy(scores, classes, k) for k in (1, 2)] == pytest.approx([1 / 3, 2 / 3])


def test_roc_auc_is_the_fraction_of_ordered_pairs_with_ties_as_half() -> None:
    score = np.array([0.1, 0.4, 0.4, 0.8])
    scores = np.column_stack((1 - score, score))
    # Of the four (positive, negative) pairs, three are in order and one is tied.
    assert roc_auc(scores, np.array([0, 0, 1, 1])) == pytest.approx(3.5 / 4)
    assert roc_auc(scores, np.array([1, 1, 0, 0])) == pytest.approx(0.5 / 4)


def test_roc_auc_of_several_classes_is_one_vs_rest() -> None:
    scores = np.array([[3.0, 0, 0], [0, 3, 1], [0, 2, 3], [4, 0, 2]])
    # Two of three pairs are in order for class 0, all pairs for the other classes.
    assert roc_auc(scores, np.array([0, 1, 2, 2])) == pytest.approx((2 / 3 + 1 + 1) / 3)


def test_average_precision_sums_precision_over_recall_steps() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.6])
    scores = np.column_stack((-score, score))
    expected = 0.5 * 1 + 0.5 * (2 / 3)
    assert pr_auc(scores, np.array([1, 0, 1, 0])) == pytest.approx(expected)


def test_areas_of_two_linear_scores_use_their_difference() -> None:
    scores = np.array([[0.0, 1.0], [5.0, 4.0], [9.0, 9.5], [2.0, 1.5]])
    classes = np.array([1, 0, 1, 0])
    assert roc_auc(scores, classes) == pr_auc(scores, classes) == 1


def test_areas_exclude_classes_without_rows() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]])
    assert roc_auc(scores, np.array([0, 1])) == pr_auc(scores, np.array([0, 1])) == 1


def test_areas_of_a_single_class_are_undefined() -> None:
    scores = np.array([[0.7, 0.3], [0.3, 0.7]])
    assert roc_auc(scores, np.array([1, 1])) is None
    assert pr_auc(scores, np.array([1, 1])) is None


def test_log_loss_normalizes_the_scores() -> None:
    scores = np.array([[0.2, 0.2, 0.0], [0.1, 0.1, 0.6]])
    expected = -(math.log(1 / 2) + math.log(3 / 4)) / 2
    assert log_loss(scores, np.array([0, 2])) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_loss_of_zero_probability_is_clipped_at_epsilon(
    dtype: type[np.floating],
) -> None:
    expected = -math.log(np.finfo(dtype).eps)
    assert log_loss(np.array([[1, 0]], dtype), np.array([1])) == pytest.approx(expected)
    assert log_loss(np.array([[0, 0]], dtype), np.array([1])) == pytest.approx(expected)


def test_log_loss_of_scores_outside_0_and_1_is_undefined() -> None:
    assert log_loss(np.array([[0.5, 1.5]]), np.array([1])) is None
    assert log_loss(np.array([[-0.5, 0.5]]), np.array([1])) is None


def test_regression_errors_of_known_numbers() -> None:
    predicted, y = np.array([1.0, 2.0, 6.0]), np.array([1.0, 4.0, 5.0])
    assert mse(predicted, y) == pytest.approx(5 / 3)
    assert rmse(predicted, y) == pytest.approx(math.sqrt(5 / 3))
    assert mae(predicted, y) == pytest.approx(1)
    assert mape(predicted, y) == pytest.approx((0 + 1 / 2 + 1 / 5) / 3)


def test_r2_penalizes_a_constant_error_and_explained_variance_does_not() -> None:
    y = np.array([1.0, 2.0, 3.0])
    assert r2(y, y) == explained_variance(y, y) == 1
    assert r2(y + 1, y) == pytest.approx(1 - 3 / 2)
    assert explained_variance(y + 1, y) == pytest.approx(1)


def test_r2_and_explained_variance_of_a_constant_are_undefined() -> None:
    y = np.ones(3)
    assert r2(y + 1, y) is None
    assert explained_variance(y + 1, y) is None


def test_mape_of_a_zero_target_is_finite() -> None:
    assert mape(np.array([1.0]), np.array([0.0])) == pytest.approx(1 / np.finfo(float).eps)


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
