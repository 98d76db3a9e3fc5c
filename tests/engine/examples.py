"""Small networks, tables and trainings shared by the engine tests."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Shape, Targets
from engine.data.rows import Rows
from engine.data.table import (
    CategoricalColumn,
    Column,
    ColumnKind,
    ColumnSchema,
    MemoryTable,
    NumericColumn,
    TableSchema,
    count_rows,
)
from engine.network import Network, build_network, initialize_network
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import FittedColumn
from engine.resolution.network import resolve_network
from engine.resolution.resolve import resolve
from engine.specs import (
    Activation,
    DenseSpec,
    InitializerSpec,
    LossSpec,
    NetworkSpec,
    OutputActivation,
    OutputSpec,
    ResolvedNetwork,
    ResolvedPreprocessing,
    ResolvedSpec,
    TrainingSpec,
)
from engine.training.training import Training

FLOAT64 = np.dtype(np.float64)
Matrix = NDArray[np.float64]


def draw(*shape: int, seed: int = 0) -> Matrix:
    return np.random.default_rng(seed).standard_normal(shape)


def network_spec(
    hidden: tuple[int, ...],
    units: int,
    activation: Activation = "tanh",
    output: OutputActivation = "linear",
    *,
    initializer: InitializerSpec | None = None,
    use_bias: bool = True,
) -> ResolvedNetwork:
    layers = tuple(
        DenseSpec(units=n, activation=activation, use_bias=use_bias, initializer=initializer)
        for n in hidden
    )
    last = OutputSpec(use_bias=use_bias, initializer=initializer)
    return resolve_network(NetworkSpec(layers=layers, output=last), output, units)


def random_network(
    spec: ResolvedNetwork, in_features: int, seed: int = 0, dtype: np.dtype[Any] = FLOAT64
) -> Network:
    """Build an initialized network with nonzero biases, so that errors in them show."""
    network = build_network(spec, in_features, dtype)
    initialize_network(network, seed)
    for name, view in network.named_parameters().items():
        if name.endswith("bias"):
            view[...] = 0.1 * draw(*view.shape, seed=seed + 1)
    return network


def random_targets(loss: LossSpec, rows: int, outputs: int, seed: int = 0) -> Targets:
    random = np.random.default_rng(seed)
    if loss.type == "cross_entropy":
        return random.integers(0, outputs, rows)
    if loss.type == "binary_cross_entropy":
        return random.integers(0, 2, (rows, outputs)).astype(np.float64)
    return random.standard_normal((rows, outputs))


def numbers(*values: float | None) -> NumericColumn:
    return NumericColumn(np.array([np.nan if v is None else v for v in values], np.float64))


def levels(*values: str | None) -> CategoricalColumn:
    categories = tuple(dict.fromkeys(v for v in values if v is not None))
    codes = [-1 if v is None else categories.index(v) for v in values]
    return CategoricalColumn(np.array(codes, np.int32), categories)


def truths(*values: bool | None) -> CategoricalColumn:
    codes = [-1 if v is None else int(v) for v in values]
    return CategoricalColumn(np.array(codes, np.int32), (False, True))


def fit(column: Column, rows: list[int] | None = None, **options: Any) -> FittedColumn:
    """Fit the column, named x, on the selected rows (default: all) with these options."""
    selected = np.arange(count_rows(column)) if rows is None else np.array(rows)
    spec = {"categorical": "one_hot", "target": "none"} | options
    resolved = ResolvedPreprocessing.model_validate(spec)
    (fitted,) = fit_columns(MemoryTable({"x": column}, chunk_rows=3), ("x",), selected, resolved)
    return fitted


_STATISTICS: dict[str, Callable[[NDArray[np.float64]], np.float64]] = {
    "minimum": np.min,
    "maximum": np.max,
    "mean": np.mean,
    "std": np.std,
}


def _kind(column: CategoricalColumn, used: int, rows: int) -> ColumnKind:
    if all(isinstance(level, bool) for level in column.levels):
        return "boolean"
    # As intake decides, see store/intake/statistics.
    return "text" if used > 50 and used * 2 > rows else "categorical"


def describe(columns: dict[str, Column]) -> TableSchema:
    """Return the table schema that the store would record for these columns."""
    schemas, rows = [], 0
    for name, column in columns.items():
        if isinstance(column, NumericColumn):
            values = column.values[~np.isnan(column.values)]
            rows = len(column.values)
            whole = bool(np.all(values == np.floor(values)))
            distinct = len(np.unique(values))
            schema = ColumnSchema(name, "numeric", rows - len(values), distinct, whole)
            schema = replace(schema, all_different=distinct == len(values))
            if len(values):
                # As in the store, a mean that overflows is unknown.
                with np.errstate(over="ignore", invalid="ignore"):
                    found = {key: float(measure(values)) for key, measure in _STATISTICS.items()}
                found = {key: value for key, value in found.items() if math.isfinite(value)}
                schema = replace(schema, **found)  # type: ignore[arg-type]
            schemas.append(schema)
        else:
            rows = len(column.codes)
            used = len(np.unique(column.codes[column.codes >= 0]))
            missing = int(np.sum(column.codes < 0))
            is_unique = used == rows - missing
            schemas.append(
                ColumnSchema(
                    name, _kind(column, used, rows), missing, used, all_different=is_unique
                )
            )
    return TableSchema(rows, tuple(schemas))


def prepared(spec: TrainingSpec, columns: dict[str, Column]) -> tuple[ResolvedSpec, PreparedData]:
    resolved = resolve(spec, describe(columns)).spec
    return resolved, prepare(resolved, MemoryTable(columns))


def start(spec: TrainingSpec, columns: dict[str, Column]) -> Training:
    return Training(*prepared(spec, columns))


def flower_columns(rows: int = 90) -> dict[str, Column]:
    """Return points of three classes, clustered around three centers."""
    kinds = np.arange(rows) % 3
    points = draw(rows, 2, seed=5) * 0.4 + np.array([[0, 1], [1, -1], [-1, -1]])[kinds]
    return {
        "length": NumericColumn(points[:, 0]),
        "width": NumericColumn(points[:, 1]),
        "kind": CategoricalColumn(kinds.astype(np.int32), ("rose", "iris", "aster")),
    }


def line_columns(rows: int = 60, noise: float = 0.1) -> dict[str, Column]:
    """Return y = 3 a − 2 b + 5 + noise."""
    x = draw(rows, 2, seed=6) * [1.0, 10.0] + [0.0, 100.0]
    y = x @ [3.0, -2.0] + 5 + noise * draw(rows, seed=7)
    return {"a": NumericColumn(x[:, 0]), "b": NumericColumn(x[:, 1]), "y": NumericColumn(y)}


def same_arrays(one: Mapping[str, Floats], other: Mapping[str, Floats]) -> bool:
    """Return whether names, dtypes and bits are equal."""
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and one[name].tobytes() == other[name].tobytes()
        for name in one
    )


def array(rows: Rows | None) -> NDArray[Any]:
    """Return in-memory rows as an array."""
    assert isinstance(rows, np.ndarray)
    return rows


@dataclass
class ListedRows:
    """Rows outside memory: only slices are arrays, and they are copies."""

    values: NDArray[Any]
    asked: list[tuple[int, int]] = field(default_factory=list)  # slices read, in order

    @property
    def shape(self) -> Shape:
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice, /) -> NDArray[Any]:
        self.asked.append((rows.start, rows.stop))
        return self.values[rows].copy()

    def __setitem__(self, rows: slice, values: NDArray[Any], /) -> None:
        self.values[rows] = values


def allocate_elsewhere(_name: str, shape: Shape, dtype: np.dtype[Any]) -> Rows:
    return ListedRows(np.zeros(shape, dtype))
