"""Generate docs/kinds.md from the specs: every kind with its formula.

Usage: python -m tests.docs.kinds
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
HEAD = """# All kinds, with their formulas

The layers, losses, optimizers and other options of a job. Generated from the specs in
`engine/specs/` by `python -m tests.docs.kinds`; a test compares the two.
"""
SECTIONS = {
    "Layers": ("network.layers", specs.LayerSpec),
    "Parameterized activations": ("activation", specs.ActivationSpec),
    "Initializers": ("initializer", specs.InitializerSpec),
    "Losses": ("loss", specs.LossSpec),
    "Optimizers": ("optimizer", specs.OptimizerSpec),
    "Gradient clipping": ("gradient_clip", specs.GradientClip),
    "Learning rate schedules": ("schedule", specs.ScheduleSpec),
}
NOTES = {
    "Losses": "The recorded `loss` and `validation_loss` are the mean over the rows of the loss "
    "below times the row's weight (`class_weight`, `sample_weight`), without the penalties `l1` "
    "and `l2`, which are the metric `penalty`. A numeric target is scaled first "
    "(`preprocessing.target`): if it is standardized, y, ŷ, the loss and `delta` are in units of "
    "its standard deviation over the training rows, and a squared error in squares of that. "
    "Metrics are in the target's own unit. `early_stopping` and `reduce_on_plateau` compare each "
    "in its own unit.",
}
ACTIVATIONS = {
    "linear": "x",
    "sigmoid": "1 / (1 + exp(−x))",
    "tanh": "tanh(x)",
    "relu": "max(x, 0)",
    "leaky_relu": "x where x > 0, else 0.01 x",
    "elu": "x where x > 0, else exp(x) − 1",
    "selu": "1.0507 x where x > 0, else 1.0507 · 1.6733 (exp(x) − 1)",
    "gelu": "x Φ(x), Φ the normal CDF",
    "silu": "x / (1 + exp(−x))",
    "softplus": "log(1 + exp(x))",
    "softsign": "x / (1 + |x|)",
    "hard_sigmoid": "min(max(x / 6 + ½, 0), 1)",
    "softmax": "exp(x_i) / Σ_j exp(x_j), over the last axis",
    "exponential": "exp(x); output layer only",
}
INPUTS = {
    "standardize": "(x − mean) / std; std is replaced by 1 for a constant column",
    "min_max": "(x − min) / (max − min)",
    "robust": "(x − median) / (Q₃ − Q₁), the quartiles; divided by std where Q₁ = Q₃",
    "log1p": "sign(x) · log(1 + |x|), standardized",
    "none": "x",
    "boolean": "0 or 1",
    "one_hot": "1 for the row's category, 0 for the other categories; with more than `max_levels` "
    "categories, the last input stands for all infrequent ones",
    "ordinal": "index of the category, standardized; in numeric order if all categories are "
    "numbers, else in alphabetical order",
    "embedding": "1 + index of the category; 0 for a missing one",
    "year": "standardized",
    "month": "sin 2πs, cos 2πs; s the elapsed fraction of the year, in days",
    "weekday": "sin 2πs, cos 2πs; s the elapsed days of the week, from Monday, divided by 7",
    "hour": "sin 2πs, cos 2πs; s the elapsed fraction of the day; omitted if all are midnight",
    "hash_buckets": "counts of words (runs of letters and digits, in lower case), scaled to norm "
    "1; a word's CRC-32 determines its bucket (lower 31 bits, modulo) and its sign (highest bit)",
}
METRICS = {
    "accuracy": "fraction of rows whose class has the largest output",
    "top_2_accuracy": "fraction of rows whose class is among the two largest outputs; also 3 and 5",
    "balanced_accuracy": "mean recall over the classes that occur",
    "precision": "mean over classes of TP / (TP + FP), 0 for a class without predictions",
    "recall": "mean over classes of TP / (TP + FN)",
    "f1": "mean over classes of 2 TP / (2 TP + FP + FN)",
    "precision_per_class": "precision of each class; also recall_per_class and f1_per_class",
    "roc_auc": "area under TPR over FPR; for more than two classes, the mean of one-vs-rest areas",
    "pr_auc": "average precision Σ (R_n − R_{n−1}) P_n; one-vs-rest as for roc_auc",
    "log_loss": "mean of −log p of the true class",
    "matthews": "correlation of true and predicted classes (Gorodkin 2004 for more than two)",
    "confusion_matrix": "rows are true classes, columns predicted classes",
    "mse": "mean of (ŷ − y)², computed in the target's unit, as are the metrics below",
    "rmse": "√mse",
    "mae": "mean of |ŷ − y|",
    "r2": "1 − Σ (ŷ − y)² / Σ (y − ȳ)²",
    "mape": "mean of |ŷ − y| / |y|",
    "explained_variance": "1 − Var(y − ŷ) / Var(y)",
}
LABEL_METRICS = {
    "accuracy": "fraction of rows whose label is right; the mean over labels is 1 − Hamming loss",
    "subset_accuracy": "fraction of rows all of whose labels are right; without a list per label",
    "precision": "TP / (TP + FP) of the label's second class, 0 without predictions of it",
    "recall": "TP / (TP + FN)",
    "f1": "2 TP / (2 TP + FP + FN)",
    "roc_auc": "area under TPR over FPR",
    "pr_auc": "average precision Σ (R_n − R_{n−1}) P_n",
    "log_loss": "mean of −log p of the true class",
}
SEVERAL_TARGETS = """Several numbers: every metric is the unweighted mean over the targets, each in
its own unit, and `<metric>_per_target` lists them in the order of `target`. A target for which a
metric is undefined, such as `r2` where all rows have the same number, is null in the list and left
out of the mean.

Several labels: every metric is the unweighted mean over the labels, and `<metric>_per_label` lists
them in the order of `target`. `precision`, `recall` and `f1` of a label without rows of its second
class are null in the list and left out of the mean, as are `roc_auc` and `pr_auc` of a label with
one class only.
"""


def render() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, (field, union) in SECTIONS.items():
        parts.append(f"## {title}\n\nIn `{field}`.\n")
        if title in NOTES:
            parts.append(f"{NOTES[title]}\n")
        parts += [_kind(model) for model in get_args(get_args(union)[0])]
    parts.append("## Activations\n\n" + _table("activation", ACTIVATIONS))
    fields = specs.PreprocessingSpec.model_fields.items()
    parts.append("## Preprocessing\n\nIn `preprocessing`; fitted on the training rows.\n")
    parts.append("\n".join(["| field | default | |", "|---|---|---|", *_rows(fields), ""]))
    parts.append("Inputs of a column, by its kind and these options:\n\n" + _table("input", INPUTS))
    parts.append(
        "Numbers and times are clipped to the range of the training rows, extended by 1000 times "
        "its width on each side, to avoid overflow.\n"
    )
    parts.append("## Metrics\n\nIn `metrics`.\n\n" + _table("metric", METRICS))
    parts.append(f"### Several targets\n\n{SEVERAL_TARGETS}")
    parts.append(_table("metric of labels", LABEL_METRICS))
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
