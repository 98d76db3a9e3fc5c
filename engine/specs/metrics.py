"""Names of the metrics that can be recorded on training and validation rows."""

from typing import Literal

ClassMetric = Literal[
    "accuracy",
    "top_2_accuracy",
    "top_3_accuracy",
    "top_5_accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "precision_per_class",
    "recall_per_class",
    "f1_per_class",
    "roc_auc",
    "pr_auc",
    "log_loss",
    "matthews",
    "confusion_matrix",
]
NumberMetric = Literal["mse", "rmse", "mae", "r2", "mape", "explained_variance"]
# Over all inputs together, in the unit of the scaled inputs.
ReconstructionMetric = Literal["mse", "rmse", "mae", "r2"]
# Metrics of several labels per row are some of those of classes, and these.
LabelMetric = Literal["subset_accuracy"]
MetricName = ClassMetric | NumberMetric | LabelMetric
