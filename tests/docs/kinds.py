"""Writes docs/kinds.md from the specs, every kind with its formula.

python -m tests.docs.kinds
"""

import inspect
import json
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
    parts.append("## Metrics\n\nIn `metrics`.\n\n" + _table("metric", METRICS))
    return "\n".join(parts)


def _kind(model: type[BaseModel]) -> str:
    text = inspect.cleandoc(model.__doc__ or "")
    lines = [f"### `{model.model_fields['type'].default}`\n", text, ""]
    fields = {n: f for n, f in model.model_fields.items() if n != "type"}
    if fields:
        lines += ["| field | default | |", "|---|---|---|"]
        lines += [_row(name, field) for name, field in fields.items()]
        lines.append("")
    return "\n".join(lines)


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
