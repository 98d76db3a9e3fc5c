"""Reconstruction errors, their quantiles and the anomaly scores."""

import numpy as np
import pytest

from engine.metrics.anomaly_scores import (
    MAX_QUANTILES,
    anomaly_scores,
    column_errors,
    error_quantiles,
    row_errors,
    squared_errors,
)
from tests.engine.examples import draw


def test_errors_are_of_the_difference_in_float64() -> None:
    x = np.array([[1e30, 1]], np.float32)
    assert squared_errors(-x, x).tolist() == [[4 * float(x[0, 0]) ** 2, 4]]


def test_errors_of_columns_weighted_by_their_inputs_are_the_error_of_the_row() -> None:
    widths = (2, 0, 1, 3, 0)
    squared = draw(4, 6) ** 2
    errors = column_errors(squared, widths)
    assert np.isnan(errors[:, [1, 4]]).all()
    np.testing.assert_allclose(errors[:, 3], squared[:, 3:].mean(axis=1))
    np.testing.assert_allclose(
        np.nan_to_num(errors) @ widths / sum(widths), row_errors(squared), rtol=1e-14
    )


@pytest.mark.parametrize("rows", [1, 2, 3, 1000, 1001])
def test_score_of_a_training_row_is_its_rank_among_the_other_rows(rows: int) -> None:
    errors = draw(rows) ** 2
    quantiles = error_quantiles(errors)
    assert quantiles is not None
    ranks = errors.argsort().argsort()
    np.testing.assert_allclose(
        anomaly_scores(errors, quantiles), ranks / max(rows - 1, 1), atol=1e-12
    )


def test_score_is_interpolated_and_between_0_and_1() -> None:
    scores = anomaly_scores(np.array([-1.0, 0, 0.5, 1, 2, 5, 9, np.inf]), (0.0, 1.0, 5.0))
    assert scores.tolist() == [0, 0, 0.25, 0.5, 0.625, 1, 1, 1]


def test_equal_errors_have_the_lowest_of_their_ranks_and_larger_ones_the_highest() -> None:
    quantiles = error_quantiles(np.array([1.0, 2, 2, 2, 3]))
    assert quantiles is not None
    scores = anomaly_scores(np.array([2, np.nextafter(2, 3), 2.5]), quantiles)
    np.testing.assert_allclose(scores, [0.25, 0.75, 0.875])
    same = error_quantiles(np.zeros(5))
    assert same is not None
    assert anomaly_scores(np.array([0.0, 1e-300]), same).tolist() == [0, 1]


def test_score_of_many_rows_is_exact_to_a_thousandth() -> None:
    errors = np.exp(draw(50_000))
    quantiles = error_quantiles(errors)
    assert quantiles is not None
    assert len(quantiles) == MAX_QUANTILES
    exact = errors.argsort().argsort() / (len(errors) - 1)
    assert np.abs(anomaly_scores(errors, quantiles) - exact).max() <= 1e-3


@pytest.mark.parametrize("errors", [[], [1.0, np.inf], [np.nan]])
def test_there_are_no_quantiles_of_errors_that_are_not_finite(errors: list[float]) -> None:
    assert error_quantiles(np.array(errors)) is None
