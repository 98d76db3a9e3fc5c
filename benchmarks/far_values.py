"""Rules for numbers far from the mean, compared on rare pixels and on heavy tails.

    python -m benchmarks.far_values pixels|tails [SEEDS]

Trains the default network on the same rows under each rule and reports the mean score of the
held-out rows: accuracy, or R² of at least −1. Results go to benchmarks/results/.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.far_tables import Example, Matrix, draw_pixels, draw_tails
from benchmarks.results import write_results
from engine.data.table import Column, ColumnSchema, MemoryTable, NumericColumn, TableSchema
from engine.numerics.blas import warm_up_products
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training


@dataclass(frozen=True)
class Rule:
    """Scaling of one column, fitted on the training rows.

    Attributes:
        is_min_max: whether to scale the training range to 0 … 1 instead of standardizing.
        spans: numbers are clipped at this many widths of the training range beyond it.
        limit: inputs are clipped at ± this number of standard deviations.
        is_compressed: whether to replace the excess over the limit by log(1 + excess).
        floor: the divisor is at least this fraction of the width of the training range.
        share: columns in which a smaller share of the training rows has the same number, or that
            the floor does not concern, are standardized and clipped 1000 widths beyond the range.
    """

    is_min_max: bool = False
    spans: float = 1000
    limit: float = np.inf
    is_compressed: bool = False
    floor: float = 0
    share: float = 0

    def scale(self, known: Matrix, x: Matrix) -> Matrix:
        """Return the inputs of x, whose training rows are `known`."""
        if self.share == 0:
            return self._scale(known, x)
        scaled = Rule().scale(known, x)
        is_wide = np.ptp(known, axis=0) * self.floor > known.std(axis=0)
        applies = is_wide & [_largest_share(column) >= self.share for column in known.T]
        scaled[:, applies] = self._scale(known[:, applies], x[:, applies])
        return scaled

    def _scale(self, known: Matrix, x: Matrix) -> Matrix:
        lower, upper = known.min(axis=0), known.max(axis=0)
        width = upper - lower
        center, scale = known.mean(axis=0), np.maximum(known.std(axis=0), self.floor * width)
        if self.is_min_max:
            center, scale = lower, width
        x = np.clip(x, lower - self.spans * width, upper + self.spans * width)
        x = (x - center) / np.where(width > 0, scale, 1)
        if not self.is_compressed:
            return np.clip(x, -self.limit, self.limit)
        excess = np.maximum(np.abs(x) - self.limit, 0)
        return np.asarray(np.clip(x, -self.limit, self.limit) + np.sign(x) * np.log1p(excess))


def _largest_share(column: Matrix) -> float:
    """Return the share of the most frequent number."""
    return float(np.unique(column, return_counts=True)[1].max()) / len(column)


RULES = {
    "none": Rule(),
    "min_max": Rule(is_min_max=True),
    **{f"range + {spans:g} widths": Rule(spans=spans) for spans in (0, 0.5)},
    **{f"clip at {limit}": Rule(limit=limit) for limit in (3, 5, 10, 20)},
    **{f"log beyond {limit}": Rule(limit=limit, is_compressed=True) for limit in (3, 5, 10)},
    **{f"floor of range / {part}": Rule(floor=1 / part) for part in (10, 20, 50)},
    **{f"sparse: range / {n}": Rule(floor=1 / n, share=0.9) for n in (5, 10, 20)},
    **{f"sparse: range / {n}, cut": Rule(floor=1 / n, share=0.9, spans=0.5) for n in (5, 10, 20)},
}


def score(example: Example, rule: Rule, seed: int) -> float:
    """Return the held-out accuracy, or R² of at least −1, after the default training."""
    x = np.concatenate((example.known, example.held_out))
    y = np.concatenate((example.y, example.held_out_y))
    columns: dict[str, Column] = {f"x{i}": NumericColumn(x[:, i]) for i in range(len(x.T))}
    features = tuple(columns)
    is_known = np.arange(len(x)) < len(example.known)
    columns |= {"y": NumericColumn(y), "held_out": NumericColumn((~is_known).astype(float))}
    schemas = [ColumnSchema(name, "numeric", 0, None) for name in columns]
    classes = None if example.is_regression else len(np.unique(y))
    schemas[len(features)] = ColumnSchema("y", "numeric", 0, classes, integral=classes is not None)
    spec = TrainingSpec.model_validate(
        {
            "target": "y",
            "task": "regression" if example.is_regression else "classification",
            "features": features,
            "validation": {"column": "held_out", "values": ["1"]},
            "seed": seed,
        }
    )
    resolved = resolve(spec, TableSchema(len(x), tuple(schemas))).spec
    data = prepare(resolved, MemoryTable(columns))
    inputs = rule.scale(example.known, example.known).astype(np.float32)
    held_out = rule.scale(example.known, example.held_out).astype(np.float32)
    training = Training(resolved, replace(data, x=inputs, x_validation=held_out))
    *_, last = train(training)
    found = last.metrics.get("validation_r2" if example.is_regression else "validation_accuracy")
    return max(float(found), -1.0) if isinstance(found, float) else -1.0


def compare(examples: Iterator[Example], names: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Return the scores by example and rule, one per seed."""
    scores: dict[str, dict[str, list[float]]] = {}
    for example in examples:
        print(example.name, flush=True)
        for name in names:
            rule = RULES[name]
            found = score(example, rule, example.seed)
            scores.setdefault(example.name, {}).setdefault(name, []).append(found)
            print(f"  {name:22} {found:.4f}", flush=True)
    return scores


def main() -> None:
    """Run with the command line's arguments."""
    subject, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    warm_up_products()
    draw = {"pixels": draw_pixels, "tails": draw_tails}[subject]
    names = [name for name in RULES if sys.argv[3:4] in ([], [name.split(":")[0]])]
    scores = compare((example for seed in range(seeds) for example in draw(seed)), names)
    means = {
        example: {rule: round(float(np.mean(values)), 4) for rule, values in by_rule.items()}
        for example, by_rule in scores.items()
    }
    print(json.dumps(means, indent=2))
    print(write_results(f"far_values-{subject}", {"seeds": seeds, "scores": means}))


if __name__ == "__main__":
    main()
