"""Selection of the best epoch, and early stopping."""

from engine.metrics import Metric, is_higher_better
from engine.specs import ResolvedSpec
from engine.training.progress import EpochRecord, Progress, StopReason


class EarlyStopping:
    """Judges epochs by one metric: early stopping's, else the validation loss, else the loss.

    Args:
        spec: the training's spec.
        epochs: maximum number of epochs; None for the spec's. Ending before the spec's number of
            epochs counts as early stopping.
    """

    def __init__(self, spec: ResolvedSpec, epochs: int | None = None) -> None:
        self._spec = spec
        self._epochs = spec.epochs if epochs is None else epochs
        self._rule = spec.early_stopping
        default = "loss" if spec.validation is None else "validation_loss"
        self.metric = default if self._rule is None else self._rule.metric
        self._sign = -1.0 if is_higher_better(self.metric) else 1.0

    def on_epoch_end(self, progress: Progress, record: EpochRecord) -> bool:
        """Update the progress with a completed epoch; return whether it is the best so far."""
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
        """Return the monitored metric with a sign such that lower is better; None if undefined."""
        value = values.get(self.metric)
        return self._sign * value if isinstance(value, float) else None

    def _is_better(self, values: dict[str, Metric], best: dict[str, Metric] | None) -> bool:
        """Return whether the values improve on the best; an undefined metric never does."""
        if best is None:
            return True
        value, best_value = values.get(self.metric), best.get(self.metric)
        if not isinstance(value, float):
            return False
        min_delta = 0.0 if self._rule is None else self._rule.min_delta
        return not isinstance(best_value, float) or self._sign * (best_value - value) > min_delta

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
