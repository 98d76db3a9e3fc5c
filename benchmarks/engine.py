"""Training speed of the engine, compared to other libraries in the same run.

    python -m benchmarks.engine [THREADS]

Reports the median round. Results go to benchmarks/results/.
"""

import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import Epoch, Matrix, jax_epoch, sklearn_epoch, torch_epoch
from benchmarks.results import write_results
from benchmarks.rounds import ROUNDS, median_seconds, restart_with
from engine.data.table import Column, ColumnSchema, MemoryTable, NumericColumn, TableSchema
from engine.numerics.blas import warm_up_products
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import DenseSpec, NetworkSpec, TrainingSpec
from engine.training.loop import train
from engine.training.training import Training


@dataclass(frozen=True)
class Work:
    """Layer widths of a network from input to output, and its batch size; Adam, float32."""

    widths: tuple[int, ...]
    batch: int
    steps: int

    @property
    def name(self) -> str:
        """Widths and batch size as a label."""
        return f"{'-'.join(map(str, self.widths))} batch {self.batch}"

    @property
    def rows(self) -> int:
        """Number of rows per epoch."""
        return self.batch * self.steps


WORKS = (
    Work((64, 64, 32, 10), batch=32, steps=1000),
    Work((784, 128, 64, 10), batch=128, steps=100),
    Work((784, 1024, 1024, 10), batch=256, steps=16),
)


def make_rows(work: Work) -> tuple[Matrix, NDArray[np.intp]]:
    random = np.random.default_rng(0)
    x = random.standard_normal((work.rows, work.widths[0])).astype(np.float32)
    hidden = x @ random.standard_normal((work.widths[0], work.widths[-1]))
    return x, hidden.argmax(axis=1)


def engine_epoch(work: Work) -> Epoch:
    """Return an epoch as a worker runs it: resolved, prepared, and through `train`."""
    x, y = make_rows(work)
    columns: dict[str, Column] = {
        f"x{i}": NumericColumn(x[:, i].astype(np.float64)) for i in range(len(x.T))
    }
    columns["y"] = NumericColumn(y.astype(np.float64))
    schemas = [ColumnSchema(name, "numeric", 0, None) for name in columns]
    schemas[-1] = ColumnSchema("y", "numeric", 0, work.widths[-1], integral=True)
    spec = TrainingSpec(
        target="y",
        network=NetworkSpec(layers=tuple(DenseSpec(units=n) for n in work.widths[1:-1])),
        batch_size=work.batch,
        epochs=1_000_000,
        validation=None,
    )
    resolved = resolve(spec, TableSchema(work.rows, tuple(schemas))).spec
    warm_up_products()
    records = train(Training(resolved, prepare(resolved, MemoryTable(columns))))
    return lambda: next(records)


def products_epoch(work: Work) -> Epoch:
    """Return only an epoch's matrix products: forward, weight gradients, input gradients."""
    random = np.random.default_rng(0)

    def draw(*shape: int) -> Matrix:
        return random.standard_normal(shape).astype(np.float32)

    products: list[tuple[Matrix, Matrix, Matrix]] = []
    for index, (wide, units) in enumerate(pairwise(work.widths)):
        x, weight, dy = draw(work.batch, wide), draw(wide, units), draw(work.batch, units)
        products += [(x, weight, np.empty_like(dy)), (x.T, dy, np.empty_like(weight))]
        if index:
            products.append((dy, weight.T, np.empty_like(x)))

    def run() -> None:
        for _ in range(work.steps):
            for left, right, out in products:
                np.dot(left, right, out=out)

    return run


def measure(work: Work, threads: int) -> dict[str, Any]:
    """Return the median seconds per epoch of each contender, samples per second, and ratios."""
    x, y = make_rows(work)
    median = median_seconds(
        {
            "engine": engine_epoch(work),
            "products": products_epoch(work),
            "scikit_learn": sklearn_epoch(x, y, work.widths, work.batch),
            "pytorch": torch_epoch(x, y, work.widths, work.batch, threads),
            "jax": jax_epoch(x, y, work.widths, work.batch),
        }
    )
    ours = median["engine"]
    return {
        "samples_per_second": {name: round(work.rows / value) for name, value in median.items()},
        "times_as_fast_as": {
            name: round(value / ours, 2) for name, value in median.items() if name != "engine"
        },
        "share_of_products": round(median["products"] / ours, 3),
    }


def main() -> None:
    """Run the benchmark with the number of threads given as argument, 1 by default."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    restart_with(threads, "benchmarks.engine")
    results: dict[str, Any] = {}
    for work in WORKS:
        results[work.name] = measure(work, threads)
        print(work.name, f"{threads} thread(s)", json.dumps(results[work.name], indent=2))
    figures = {"rounds": ROUNDS, "threads": threads, **results}
    print(f"written to {write_results(f'engine-{threads}-threads', figures)}")


if __name__ == "__main__":
    main()
