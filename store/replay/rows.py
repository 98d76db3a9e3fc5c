"""Rows of a training's dataset: those of a batch, their values, and their encoding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.arrays import Indices
from engine.data.split_arrays import Batch
from engine.data.table import Column, NumericColumn, find_column
from engine.preparation.encode_rows import encode_rows
from store.datasets.rows import json_values
from store.errors import RowNotFoundError
from store.replay.replay import Replay


@dataclass(frozen=True)
class DatasetRows:
    """Rows of the training dataset.

    Attributes:
        numbers: row numbers, from 0, as `GET /v1/datasets/{id}/rows` counts them.
        columns: features and targets by name.
        values: the same values as JSON, one mapping per row, as that route shows them.
    """

    numbers: tuple[int, ...]
    columns: Mapping[str, Column]
    values: tuple[dict[str, Any], ...]


def batch_rows(replay: Replay, positions: Indices) -> Indices:
    """Return the row numbers in the dataset of rows of the current network's training.

    Args:
        replay: the training.
        positions: positions among the training rows, such as `StepInputs.positions`.
    """
    training = replay.training
    fold = training.folds_done if training.is_in_folds else None
    return replay.data.loader.find_training_rows(fold)[positions]


def read_dataset_rows(replay: Replay, numbers: Sequence[int]) -> DatasetRows:
    """Return rows of the training dataset, in this order.

    Raises:
        RowNotFoundError: the dataset has no such row.
    """
    loader = replay.data.loader
    for number in numbers:
        if not 0 <= number < loader.dataset.rows:
            raise RowNotFoundError(loader.dataset.id, number, loader.dataset.rows)
    names = tuple(dict.fromkeys((*loader.spec.features, *loader.spec.targets)))
    with loader.open_dataset() as table:
        columns = table.take(names, np.array(numbers, np.intp))
    shown = [_json_values(replay, name, column) for name, column in columns.items()]
    values = tuple(dict(zip(names, row, strict=True)) for row in zip(*shown, strict=True))
    return DatasetRows(tuple(numbers), columns, values)


def encode_dataset_rows(replay: Replay, rows: DatasetRows) -> Batch:
    """Return rows as the current network takes them, without weights.

    Raises:
        DataError: a row has no target, or a class that the network does not know.
    """
    return encode_rows(replay.data.spec, replay.training.preprocessing, rows.columns)


def _json_values(replay: Replay, name: str, column: Column) -> list[Any]:
    record = find_column(replay.data.loader.dataset.columns, name)
    assert record is not None  # noqa: S101 - the table has it
    if isinstance(column, NumericColumn):
        values: list[Any] = [None if np.isnan(v) else v for v in column.values.tolist()]
    else:
        values = [None if code < 0 else column.levels[code] for code in column.codes.tolist()]
    return json_values(values, record)
