"""Which epoch was the best, and whether it was the last."""

from engine.metrics import Metric, is_higher_better
from engine.specs import ResolvedSpec
from engine.training.progress import EpochRecord, Progress, StopReason


class EarlyStopping:
    """Judges each epoch by one metric: that of early stopping, else validation loss, else loss.

    Args:
        spec: of the training.
        epochs: after which it ends; None for as many as the spec says. To end before those is
            early stopping.
    """

    def __init__(self, spec: ResolvedSpec, epochs: int | None = None) -> None:
        self._spec = spec
        self._epochs = spec.epochs if epochs is None else epochs
        self._rule = spec.early_stopping
        default = "loss" if spec.validation is None else "validation_loss"
        self.metric = default if self._rule is None else self._rule.metric
        self._sign = -1.0 if is_higher_better(self.metric) else 1.0

    def note(self, progress: Progress, record: EpochRecord) -> bool:
        """Count a finished epoch, and end if the end has come; whether it is the best so far."""
        progress.epoch += 1
        progress.step = 0
        values = record.values()
        is_best = self._is_better(values, progress.best)
        if is_best:
            progress.best = values
        progress.epochs_since_best = 0 if is_best else progress.epochs_since_best + 1
        progress.reason = self._reason(progress, values)
        return is_best

    def score(self, values: dict[str, Metric]) -> float | None:
        """The metric that is judged by, lower is better; None where it is undefined."""
        value = values.get(self.metric)
        return self._sign * value if isinstance(value, float) else None

    def _is_better(self, values: dict[str, Metric], best: dict[str, Metric] | None) -> bool:
        """A metric that is undefined is worse than any value, and no better than none."""
        if best is None:
            return True
        value, known = values.get(self.metric), best.get(self.metric)
        if not isinstance(value, float):
            return False
        least = 0.0 if self._rule is None else self._rule.min_delta
        return not isinstance(known, float) or self._sign * (known - value) > least

    def _reason(self, progress: Progress, values: dict[str, Metric]) -> StopReason | None:
        if self._has_reached_target(values.get(self.metric)):
            return "target_value"
        if progress.epoch == self._spec.epochs:
            return "completed"
        if progress.epoch == self._epochs:
            return "early_stopping"
        patience = None if self._rule is None else self._rule.patience
        if patience is not None and progress.epochs_since_best >= patience:
            return "early_stopping"
        return None

    def _has_reached_target(self, value: Metric | None) -> bool:
        target = None if self._rule is None else self._rule.target_value
        if target is None or not isinstance(value, float):
            return False
        return self._sign * (target - value) >= 0
