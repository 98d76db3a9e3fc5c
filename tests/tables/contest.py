"""Comparison on a table: one job with default preprocessing against scikit-learn's MLP."""

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from store.settings import Settings
from tests.tables.messy import MessyTable
from tests.training import train_waiting_jobs

BUNCHES = ("digits", "breast_cancer", "wine", "diabetes")


@dataclass(frozen=True)
class Contest:
    """A table as a CSV file and as arrays.

    Attributes:
        content: CSV; its column `part` marks the validation rows.
        target: name of the target column.
        numbers: `(rows, columns)`, NaN for missing values.
        categories: `(rows, columns)` of texts, empty for missing values.
        y: numbers or classes, `(rows,)`.
        validation_rows: boolean mask of the validation rows, `(rows,)`.
        is_regression: whether y is numeric.
    """

    content: bytes
    target: str
    numbers: NDArray[np.float64]
    categories: NDArray[Any]
    y: NDArray[Any]
    validation_rows: NDArray[np.bool_]
    is_regression: bool


def bundled(name: str, seed: int) -> Contest:
    """A table that comes with scikit-learn, a fifth of it held out."""
    # Imported where it runs: scikit-learn takes seconds, and every process collects this module.
    from sklearn import datasets  # noqa: PLC0415

    bunch = getattr(datasets, f"load_{name}")()
    rows = len(bunch.target)
    validation_rows = np.zeros(rows, np.bool_)
    validation_rows[np.random.default_rng(seed).permutation(rows)[: rows // 5]] = True
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*(f"x{index}" for index in range(bunch.data.shape[1])), "y", "part"])
    for x, y, is_validation in zip(
        bunch.data.tolist(), bunch.target.tolist(), validation_rows, strict=True
    ):
        writer.writerow([*x, y, "test" if is_validation else "train"])
    empty = np.empty((rows, 0), object)
    is_regression = name == "diabetes"
    content = out.getvalue().encode()
    return Contest(content, "y", bunch.data, empty, bunch.target, validation_rows, is_regression)


def messy(table: MessyTable, target: str) -> Contest:
    """Return the messy table; for scikit-learn, dates become the day number and day of the year."""
    numbers = [*table.numbers.values(), table.days, table.days % 365.25]
    categories = list(table.texts.values())
    y: NDArray[Any] = table.price
    if target == "price":
        categories.append(np.where(table.quick, "quick", "slow"))
    else:
        numbers.append(table.price)
        y = np.where(table.quick, "quick", "slow")
    return Contest(
        table.content,
        target,
        np.column_stack(numbers),
        np.column_stack(categories).astype(object),
        y,
        table.validation_rows,
        target == "price",
    )


def score_here(client: TestClient, settings: Settings, contest: Contest, **options: Any) -> float:
    """Return R² or accuracy of the job's model on the validation rows."""
    answer = client.post(
        "/v1/datasets", content=contest.content, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 201, answer.text
    body = {
        "dataset_id": answer.json()["id"],
        "target": contest.target,
        "validation": {"column": "part"},
        **options,
    }
    posted = client.post("/v1/jobs", json=body)
    assert posted.status_code == 202, posted.text
    train_waiting_jobs(settings)
    job = client.get(f"/v1/jobs/{posted.json()['id']}").json()
    assert job["status"] == "succeeded", job["error"]
    name = "validation_r2" if contest.is_regression else "validation_accuracy"
    return float(job["metrics"]["latest"][name])


def score_scikit_learn(contest: Contest, seed: int = 0) -> float:
    """The same of its multilayer perceptron behind a ColumnTransformer, all by its defaults."""
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - as above
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415

    width = contest.numbers.shape[1]
    x = np.concatenate((contest.numbers.astype(object), contest.categories), axis=1)
    steps = [("numbers", make_pipeline(SimpleImputer(), StandardScaler()), slice(0, width))]
    if contest.categories.shape[1]:
        categories = OneHotEncoder(handle_unknown="ignore")
        steps.append(("categories", categories, slice(width, x.shape[1])))
    columns = ColumnTransformer(steps)
    network = MLPRegressor if contest.is_regression else MLPClassifier
    model = make_pipeline(columns, network(random_state=seed))
    model.fit(x[~contest.validation_rows], contest.y[~contest.validation_rows])
    return float(model.score(x[contest.validation_rows], contest.y[contest.validation_rows]))
