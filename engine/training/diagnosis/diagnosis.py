"""Diagnosis of a network's training, epoch by epoch."""

from collections.abc import Iterator

from engine.findings import Finding
from engine.network import Network
from engine.specs import ResolvedSpec
from engine.training.diagnosis.learning import WINDOW
from engine.training.diagnosis.rules import RULES, Rule
from engine.training.diagnosis.subject import (
    LatestEpoch,
    Subject,
    Symptom,
    count_trained,
    largest_update,
)
from engine.training.progress import EarlierEpochs, EpochRecord, Progress


class Diagnosis:
    """Applies the rules to each completed epoch.

    A condition is a finding in the epoch in which it has held for the rule's number of epochs in a
    row. Everything that depends on earlier epochs is in `Progress.earlier`, so that a resumed
    training finds the same in the same epochs.

    Args:
        spec: the training's spec.
        network: the network that is trained.
        last_rows: rows of each epoch's last batch.
        starts_anew: whether the initial weights are new, not those of a model.
    """

    def __init__(
        self, spec: ResolvedSpec, network: Network, last_rows: int, *, starts_anew: bool
    ) -> None:
        self._subject = Subject(
            spec,
            count_trained(network),
            last_rows,
            starts_anew,
            searches_step=spec.optimizer.type == "lbfgs",
        )
        self._stops = spec.on_finding == "stop"

    def on_epoch_end(self, progress: Progress, record: EpochRecord) -> tuple[Finding, ...]:
        """Return the findings of the epoch; with `on_finding: stop` they end the training.

        Args:
            progress: position in the training, after the epoch; `earlier` is updated, and `reason`
                if the training ends.
            record: the epoch.
        """
        earlier = progress.earlier
        remember(earlier, record)
        start = record.loss if earlier.first_loss is None else earlier.first_loss
        if progress.loss_at_start is not None:
            start = progress.loss_at_start
        epoch = LatestEpoch(record, earlier, start, largest_update(record))
        found = list(self._find(epoch))
        if not found:
            return ()
        ends = self._stops and progress.reason is None
        if ends:
            progress.reason = "finding"
        return tuple(self._finding(*one, record.epoch, ends=ends) for one in found)

    def _find(self, epoch: LatestEpoch) -> Iterator[tuple[Rule, Symptom]]:
        """Yield the rules whose condition has now held for long enough; update the streaks."""
        before, now = epoch.earlier.streaks, {}
        for rule in RULES:
            for symptom in rule.find(self._subject, epoch):
                key = f"{rule.code} {symptom.pointer}"
                now[key] = before.get(key, 0) + 1
                if now[key] == rule.epochs:
                    yield rule, symptom
        epoch.earlier.streaks = now

    def _finding(self, rule: Rule, symptom: Symptom, epoch: int, *, ends: bool) -> Finding:
        first = epoch - rule.epochs + 1
        ending = "; on_finding ends the training here" if ends else ""
        detail = (
            f"since epoch {first} ({rule.epochs} epochs; the numbers are those of epoch {epoch}): "
            f"{symptom.text}; {rule.advise(self._subject.spec)}{ending}"
        )
        fix = rule.fix(self._subject, symptom.pointer)
        return Finding("warning", symptom.pointer, rule.code, detail, fix, epoch + 1)


def remember(earlier: EarlierEpochs, record: EpochRecord) -> None:
    """Add a completed epoch to what the rules know."""
    if record.epoch == 0:
        earlier.first_loss, earlier.first_norm = record.loss, record.gradient_norm
        earlier.first_validation_loss = record.validation_loss
    earlier.losses = [*earlier.losses[1 - WINDOW :], record.loss]
    validation, lowest = record.validation_loss, earlier.best_validation_loss
    if validation is not None and (lowest is None or validation < lowest):
        earlier.best_validation_loss, earlier.loss_at_best = validation, record.loss
