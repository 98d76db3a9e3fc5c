"""Random tables of numbers, categories, booleans and times, compared with scikit-learn's encoders.

The options of every column are drawn by seed; the training rows are fitted, all rows are encoded.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from engine.data.table import CategoricalColumn, Column, MemoryTable, NumericColumn
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import NumericTarget
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedPreprocessing
from tests.engine.examples import FLOAT64, Matrix

SEEDS = range(25)
TRAINED = 60
HELD_OUT = 15
SCALERS = {
    "standardize": StandardScaler,
    "min_max": MinMaxScaler,
    "robust": RobustScaler,
    "none": FunctionTransformer,
    "log1p": StandardScaler,
}
LEVELS = ("amber", "blue", "coral", "denim")
DAY = 86_400


@dataclass(frozen=True)
class Drawn:
    """A column, its options, and the inputs that scikit-learn makes of it."""

    column: Column
    options: dict[str, Any]
    expected: Matrix


def draw_number(random: np.random.Generator) -> Drawn:
    """Draw a numeric column with gaps; the held-out rows are within the training range."""
    scaling = str(random.choice([*SCALERS]))
    missing = str(random.choice(["mean", "median", "most_frequent", "constant"]))
    x = np.round(random.normal(random.uniform(-50, 50), 10.0 ** random.integers(-2, 4), 75), 6)
    x = np.where(random.random(len(x)) < 0.2, np.nan, x)[:, np.newaxis]
    known = x[:TRAINED][~np.isnan(x[:TRAINED, 0])]
    x = np.clip(x, known.min(), known.max())
    fill = SimpleImputer(strategy=missing, fill_value=7.5).fit(x[:TRAINED])
    bend = _signed_log if scaling == "log1p" else np.asarray
    # The scale is that of the values that are present, without the imputed ones.
    scaler = SCALERS[scaling]().fit(bend(known))
    scaled = scaler.transform(bend(fill.transform(x)))
    options = {"numeric": scaling, "missing": missing}
    return _with_indicator(random, Drawn(NumericColumn(x[:, 0]), options, scaled), np.isnan(x))


def _signed_log(x: Matrix) -> Matrix:
    return np.asarray(np.sign(x) * np.log1p(np.abs(x)))


def draw_categories(random: np.random.Generator) -> Drawn:
    """Draw a categorical column with gaps, some of whose levels may be in held-out rows only."""
    codes = random.integers(-1, len(LEVELS), TRAINED + HELD_OUT).astype(np.int32)
    codes[:TRAINED][codes[:TRAINED] == random.integers(len(LEVELS))] = 0
    texts = np.array([*LEVELS, np.nan], object)[codes][:, np.newaxis]
    known = texts[:TRAINED]
    missing = str(random.choice(["mean", "most_frequent"]))
    is_ordinal = bool(random.random() < 0.5)
    if missing == "most_frequent" and not is_ordinal:
        fill = SimpleImputer(strategy="most_frequent", missing_values=np.nan).fit(known)
        known, texts = fill.transform(known), fill.transform(texts)
    levels = [level for level in LEVELS if level in set(known[:, 0])]
    if is_ordinal:
        expected = _scale_indices(known, texts, levels, missing)
    else:
        encoder = OneHotEncoder(
            categories=[levels], handle_unknown="ignore", sparse_output=False
        ).fit(known)
        # A category that is missing is none of them, unless it was replaced.
        expected = encoder.transform(np.where(texts != texts, "", texts))
    options = {"categorical": "ordinal" if is_ordinal else "one_hot", "missing": missing}
    drawn = Drawn(CategoricalColumn(codes, LEVELS), options, expected)
    return _with_indicator(random, drawn, codes[:, np.newaxis] < 0)


def _scale_indices(
    known: NDArray[Any], texts: NDArray[Any], levels: list[str], missing: str
) -> Matrix:
    encoder = OrdinalEncoder(
        categories=[levels], handle_unknown="use_encoded_value", unknown_value=np.nan
    ).fit(known)
    indices = encoder.transform(known)
    fill = SimpleImputer(strategy=missing).fit(indices)
    scaler = StandardScaler().fit(indices[~np.isnan(indices[:, 0])])
    return np.asarray(scaler.transform(fill.transform(encoder.transform(texts))))


def draw_truth(random: np.random.Generator) -> Drawn:
    """Draw a boolean column with gaps."""
    codes = random.integers(-1, 2, TRAINED + HELD_OUT).astype(np.int32)
    numbers = np.where(codes < 0, np.nan, codes)[:, np.newaxis].astype(float)
    missing = str(random.choice(["mean", "median", "most_frequent"]))
    expected = SimpleImputer(strategy=missing).fit(numbers[:TRAINED]).transform(numbers)
    drawn = Drawn(CategoricalColumn(codes, (False, True)), {"missing": missing}, expected)
    return _with_indicator(random, drawn, codes[:, np.newaxis] < 0)


def draw_time(random: np.random.Generator) -> Drawn:
    """Draw a time column with gaps; the parts are computed with NumPy's calendar."""
    seconds = np.floor(random.uniform(0, 1.7e9, TRAINED + HELD_OUT))
    seconds[np.argsort(seconds)[[0, -1]]] = seconds[:2]
    gaps = random.random(len(seconds)) < 0.2
    times = np.where(gaps, np.nan, seconds)[:, np.newaxis]
    fill = SimpleImputer(strategy="median").fit(times[:TRAINED])
    filled = fill.transform(times)
    year = StandardScaler().fit(_years(times[:TRAINED][~gaps[:TRAINED]]))
    of_day = 2 * np.pi * (filled % DAY) / DAY
    of_week = 2 * np.pi * ((filled // DAY + 3) % 7) / 7
    parts = [year.transform(_years(filled))]
    for angle in (of_week, of_day):
        parts += [np.sin(angle), np.cos(angle)]
    options = {"time": ["year", "weekday", "hour"], "missing": "median"}
    drawn = Drawn(NumericColumn(times[:, 0]), options, np.hstack(parts))
    return _with_indicator(random, drawn, gaps[:, np.newaxis])


def _years(seconds: Matrix) -> Matrix:
    years = seconds.astype("datetime64[s]").astype("datetime64[Y]")
    return np.asarray(years.astype(np.int64) + 1970, np.float64)


def _with_indicator(random: np.random.Generator, drawn: Drawn, missing: NDArray[np.bool_]) -> Drawn:
    indicator = bool(random.random() < 0.5)
    expected = np.hstack([drawn.expected, missing]) if indicator else drawn.expected
    options = drawn.options | {"missing_indicator": indicator}
    return Drawn(drawn.column, options, np.asarray(expected, np.float64))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_table_is_encoded_alike(seed: int) -> None:
    random = np.random.default_rng(seed)
    kinds = [draw_number, draw_categories, draw_truth, draw_time]
    drawn = [kinds[random.integers(len(kinds))](random) for _ in range(random.integers(1, 9))]
    names = [f"c{index}" for index in range(len(drawn))]
    spec = ResolvedPreprocessing.model_validate(
        {
            "categorical": "one_hot",
            "target": "none",
            "fill_value": 7.5,
            "columns": {name: one.options for name, one in zip(names, drawn, strict=True)},
        }
    )
    columns = {name: one.column for name, one in zip(names, drawn, strict=True)}
    table = MemoryTable(columns, chunk_rows=17)
    fitted = fit_columns(table, names, np.arange(TRAINED), spec)
    found = Preprocessing(fitted, NumericTarget("y", 0, 1)).transform(columns, FLOAT64)
    expected = np.hstack([one.expected for one in drawn])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
