"""Writes docs/kinds.md from the specs, every kind with its formula.

python -m tests.docs.kinds
"""

import inspect
import json
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine import specs

PATH = Path(__file__).parents[2] / "docs" / "kinds.md"
HEAD = """# Every kind, with its formula

What a job can ask for. Written from the specs in `engine/specs/` by `python -m tests.docs.kinds`; a
test compares the two.
"""
SECTIONS = {
    "Layers": ("network.layers", specs.LayerSpec),
    "Activations with a number to choose": ("activation", specs.ActivationSpec),
    "Initializers": ("initializer", specs.InitializerSpec),
    "Losses": ("loss", specs.LossSpec),
    "Optimizers": ("optimizer", specs.OptimizerSpec),
    "Gradient clipping": ("gradient_clip", specs.GradientClip),
    "Schedules of the learning rate": ("schedule", specs.ScheduleSpec),
}
ACTIVATIONS = {
    "linear": "x",
    "sigmoid": "1 / (1 + exp(−x))",
    "tanh": "tanh(x)",
    "relu": "max(x, 0)",
    "leaky_relu": "x where x > 0, else 0.01 x",
    "elu": "x where x > 0, else exp(x) − 1",
    "selu": "1.0507 x where x > 0, else 1.0507 · 1.6733 (exp(x) − 1)",
    "gelu": "x Φ(x), Φ the normal distribution",
    "silu": "x / (1 + exp(−x))",
    "softplus": "log(1 + exp(x))",
    "softsign": "x / (1 + |x|)",
    "hard_sigmoid": "min(max(x / 6 + ½, 0), 1)",
    "softmax": "exp(x_i) / Σ_j exp(x_j), over the last axis",
    "exponential": "exp(x); for the output only",
}
INPUTS = {
    "standardize": "(x − mean) / std, by one where all are the same",
    "min_max": "(x − min) / (max − min)",
    "robust": "(x − median) / (Q₃ − Q₁), the quartiles; by std where these are the same",
    "log1p": "sign(x) · log(1 + |x|), standardized",
    "none": "x",
    "boolean": "0 or 1",
    "one_hot": "1 for the row's category among its `levels`, 0 for the others; the last input is "
    "for all that are rare, where there are more than `max_levels`",
    "ordinal": "index of the category, standardized; in the order of numbers if all are, else of "
    "the alphabet",
    "embedding": "1 + index of the category; 0 for a missing one",
    "year": "standardized",
    "month": "sin 2πs, cos 2πs; s the days of the year that are past, of all its days",
    "weekday": "likewise; s the days of the week that are past, from Monday, of 7",
    "hour": "likewise; s the share of the day that is past; left out where all times are midnight",
    "hash_buckets": "counts of words (runs of letters and digits, in lower case), scaled to length "
    "1; a word's CRC-32 names its bucket (lower 31 bits, modulo) and its sign (highest bit)",
}
METRICS = {
    "accuracy": "share of rows whose class has the largest output",
    "top_2_accuracy": "share of rows whose class is among the two largest; also 3 and 5",
    "balanced_accuracy": "mean of the recalls of the classes that occur",
    "precision": "mean over classes of TP / (TP + FP), 0 where nothing was predicted",
    "recall": "mean over classes of TP / (TP + FN)",
    "f1": "mean over classes of 2 TP / (2 TP + FP + FN)",
    "precision_per_class": "the same for each class; also recall_per_class and f1_per_class",
    "roc_auc": "area under TPR over FPR; for several classes the mean of one against the rest",
    "pr_auc": "average precision Σ (R_n − R_{n−1}) P_n; one against the rest likewise",
    "log_loss": "mean of −log p of the row's class",
    "matthews": "correlation of truth and prediction (Gorodkin 2004 for several classes)",
    "confusion_matrix": "rows are classes, columns predictions",
    "mse": "mean of (ŷ − y)², in the target's own unit, as are those below",
    "rmse": "√mse",
    "mae": "mean of |ŷ − y|",
    "r2": "1 − Σ (ŷ − y)² / Σ (y − ȳ)²",
    "mape": "mean of |ŷ − y| / |y|",
    "explained_variance": "1 − Var(y − ŷ) / Var(y)",
}


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, (field, union) in SECTIONS.items():
        parts.append(f"## {title}\n\nIn `{field}`.\n")
        parts += [_kind(model) for model in get_args(get_args(union)[0])]
    parts.append("## Activations\n\n" + _table("activation", ACTIVATIONS))
    fields = specs.PreprocessingSpec.model_fields.items()
    parts.append("## Preprocessing\n\nIn `preprocessing`; fitted on the training rows.\n")
    parts.append("\n".join(["| field | default | |", "|---|---|---|", *_rows(fields), ""]))
    parts.append("What a column becomes, by its kind and these:\n\n" + _table("input", INPUTS))
    parts.append(
        "Numbers and times are cut to 1000 times the training rows' range around it, so that "
        "none overflows.\n"
    )
    parts.append("## Metrics\n\nIn `metrics`.\n\n" + _table("metric", METRICS))
    return "\n".join(parts)


def _kind(model: type[BaseModel]) -> str:
    text = inspect.cleandoc(model.__doc__ or "")
    lines = [f"### `{model.model_fields['type'].default}`\n", text, ""]
    fields = {n: f for n, f in model.model_fields.items() if n != "type"}
    if fields:
        lines += ["| field | default | |", "|---|---|---|"]
        lines += _rows(fields.items())
        lines.append("")
    return "\n".join(lines)


def _rows(fields: Iterable[tuple[str, FieldInfo]]) -> list[str]:
    return [_row(name, field) for name, field in fields]


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else f"`{_json(field.default)}`"
    return f"| `{name}` | {default} | {(field.description or '').replace('|', chr(92) + '|')} |"


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _table(title: str, rows: dict[str, str]) -> str:
    lines = [f"| {title} | |", "|---|---|"]
    lines += [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in rows.items()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PATH.write_text(render())
