"""Generate docs/kinds.md from the specs: every kind with its formula.

Usage: python -m tests.docs.kinds
"""

import inspect
import json
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine import specs
from tests.docs.ranges import list_ranges

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
METRICS_HEAD = """In `metrics`.

With `sample_weight`, every mean, sum and number of rows is weighted by it, and a class has rows if
their weight is not 0; `class_weight` weighs no metric. An undefined metric is left out, with the
finding `metric_undefined`; one that exceeds the largest number, such as the `mse` of a target near
1e200, with `metric_not_finite`. Errors are squared in the scaled target's unit, so that `rmse`,
`mae` and `r2` of such a target are recorded.

"""
METRICS = {
    "accuracy": "fraction of rows whose class has the largest output",
    "top_2_accuracy": "fraction of rows whose class is among the two largest outputs; also 3 and 5",
    "balanced_accuracy": "mean recall over the classes that have rows",
    "precision": "mean of TP / (TP + FP) over the classes that have rows, 0 for one without "
    "predictions",
    "recall": "mean of TP / (TP + FN) over the classes that have rows",
    "f1": "mean of 2 TP / (2 TP + FP + FN) over the classes that have rows",
    "precision_per_class": "precision of each class, null for a class without rows; also "
    "recall_per_class and f1_per_class",
    "roc_auc": "area under TPR over FPR. Two classes are ranked by the second's probability with a "
    "softmax or sigmoid output, else by its score minus the first's; for more classes, the mean of "
    "one-vs-rest areas over the classes that have rows, each ranked by the class's own output. "
    "Undefined if all rows are of one class",
    "pr_auc": "average precision Σ (R_n − R_{n−1}) P_n; one-vs-rest as for roc_auc",
    "log_loss": "mean of −log p of the true class, p divided by its sum over the classes; only "
    "with a softmax or sigmoid output",
    "matthews": "correlation of true and predicted classes (Gorodkin 2004 for more than two)",
    "confusion_matrix": "number of rows; rows are true classes, columns predicted classes",
    "mse": "mean of (ŷ − y)², in the target's unit, as are the metrics below",
    "rmse": "√mse",
    "mae": "mean of |ŷ − y|",
    "r2": "1 − Σ (ŷ − y)² / Σ (y − ȳ)²; undefined if all y are equal in the job's `dtype`",
    "mape": "mean of |ŷ − y| / |y| over the rows with y ≠ 0, y in float64 as in the table; the "
    "finding `zero_targets_in_mape` counts the others",
    "explained_variance": "1 − Var(y − ŷ) / Var(y); undefined as r2 is",
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
out of the mean. A value that exceeds the largest number is null in the list too, and the mean is
left out.

Several labels: every metric is the unweighted mean over the labels, and `<metric>_per_label` lists
them in the order of `target`. `precision`, `recall` and `f1` of a label without rows of its second
class are null in the list and left out of the mean, as are `roc_auc` and `pr_auc` of a label with
one class only.
"""
RECONSTRUCTION = """Over all rows and inputs together; x are the scaled inputs and x̂ the outputs,
so the unit is that of the scaled inputs. Rows count by their sample weight.
"""
RECONSTRUCTION_METRICS = {
    "mse": "mean of (x̂ − x)²",
    "rmse": "√mse",
    "mae": "mean of |x̂ − x|",
    "r2": "1 − Σ (x̂ − x)² / Σ (x − x̄)², x̄ the mean of each input; absent if all are constant",
}


RANGES = """The range of a list or an object, here and above, is that of each of its values.

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
    parts.append("## Preprocessing\n\nIn `preprocessing`; fitted on the training rows.\n")
    parts.append("\n".join(_fields(specs.PreprocessingSpec)))
    parts.append("Inputs of a column, by its kind and these options:\n\n" + _table("input", INPUTS))
    parts.append(
        "Numbers and times are clipped to the range of the training rows, extended by 1000 times "
        "its width on each side, to avoid overflow.\n"
    )
    parts.append("## Metrics\n\n" + METRICS_HEAD + _table("metric", METRICS))
    parts.append(f"### Several targets\n\n{SEVERAL_TARGETS}")
    parts.append(_table("metric of labels", LABEL_METRICS))
    parts.append("### Reconstruction\n\n" + RECONSTRUCTION)
    parts.append(_table("metric of a reconstruction", RECONSTRUCTION_METRICS))
    parts.append(f"## Ranges of other fields\n\n{RANGES}{_ranges()}")
    return "\n".join(parts)


def _kind(model: type[BaseModel]) -> str:
    text = inspect.cleandoc(model.__doc__ or "")
    lines = [f"### `{model.model_fields['type'].default}`\n", text, ""]
    return "\n".join([*lines, *_fields(model)])


def _fields(model: type[BaseModel]) -> list[str]:
    """Return a table of the fields; without lines if there is no field."""
    ranges = list_ranges(model)
    rows = [
        _row(name, field, ranges.get(name, ""))
        for name, field in model.model_fields.items()
        if name != "type"
    ]
    return ["| field | default | range | |", "|---|---|---|---|", *rows, ""] if rows else []


def _row(name: str, field: FieldInfo, span: str) -> str:
    default = "required" if field.is_required() else f"`{_json(field.default)}`"
    text = (field.description or "").replace("|", chr(92) + "|")
    return f"| `{name}` | {default} | {span} | {text} |"


def _ranges() -> str:
    models: dict[str, type[BaseModel]] = {
        "": specs.TrainingSpec,
        "early_stopping.": specs.EarlyStoppingSpec,
        "on_divergence.": specs.DivergenceRestore,
        "validation.": specs.FractionValidation,
        "validation. ": specs.FoldsValidation,
        "test.": specs.FractionValidation,
    }
    ranges = {
        f"{prefix.strip()}{name}": span
        for prefix, model in models.items()
        for name, span in list_ranges(model).items()
    }
    rows = [f"| `{name}` | {span} |" for name, span in ranges.items()]
    return "\n".join(["| field | range |", "|---|---|", *rows, ""])


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _table(title: str, rows: dict[str, str]) -> str:
    lines = [f"| {title} | |", "|---|---|"]
    lines += [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in rows.items()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PATH.write_text(render())
