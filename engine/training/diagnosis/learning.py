"""Rules about the course of the losses: no learning, overfitting, learning rate."""

from collections.abc import Iterator
from itertools import pairwise

from engine.training.diagnosis.subject import LatestEpoch, Subject, Symptom

# Epochs whose losses are compared.
WINDOW = 10
# Fall of the loss since the start that counts as learning, relative to the start's size.
LEAST_FALL = 0.01
# Rise of the validation loss above its lowest value, relative to the size of that value.
OVERFITTING_RISE = 0.25
# Part of the whole fall of the validation loss that may stand for that size.
FALL_SHARE = 0.1
# About 1e-3 is healthy.
HIGH_UPDATE = 1e-2
LOW_UPDATE = 1e-4
# Rise of the loss from one epoch to the next that counts, relative to the start's size.
LEAST_RISE = 0.05
RISES = 3
# Falls among the WINDOW - 1 changes that make a steady descent.
FALLS = 8
# A loss below this share of the start is no longer "still falling slowly".
HIGH_LOSS_SHARE = 0.5
# A rate below this share of the optimizer's own is lowered by the schedule.
OWN_RATE_SHARE = 0.5


def no_learning(subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Compare the loss with that of the initial weights, unless these are of a trained model."""
    start, loss = epoch.start, epoch.record.loss
    if subject.starts_anew and start and loss > start - LEAST_FALL * abs(start):
        update = epoch.largest_update
        pace = "" if update is None else f"; the largest update ratio is {update:.2g}"
        text = (
            f"the loss ({loss:.4g}) is not {LEAST_FALL:.0%} below that of the initial weights "
            f"({start:.4g}){pace}"
        )
        yield Symptom("/optimizer/learning_rate", text)


def overfitting(subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Compare the validation loss with its lowest value, while the training loss still falls.

    The generalization loss E / E_opt − 1 of Prechelt (1998), whose denominator is at least a tenth
    of the whole fall, so that it has a meaning for losses near or below zero. Early stopping that
    restores the best epoch returns weights from before the rise: such trainings are not judged.
    """
    earlier, validation = epoch.earlier, epoch.record.validation_loss
    stopping = subject.spec.early_stopping
    lowest, first = earlier.best_validation_loss, earlier.first_validation_loss
    if validation is None or lowest is None or first is None or earlier.loss_at_best is None:
        return
    if stopping is not None and stopping.restore_best:
        return
    size = max(abs(lowest), FALL_SHARE * (first - lowest))
    if validation > lowest + OVERFITTING_RISE * size and epoch.record.loss < earlier.loss_at_best:
        text = (
            f"the validation loss ({validation:.4g}) is more than {OVERFITTING_RISE:.0%} above its "
            f"lowest value ({lowest:.4g}), while the training loss has fallen since then from "
            f"{earlier.loss_at_best:.4g} to {epoch.record.loss:.4g}"
        )
        yield Symptom("/early_stopping", text)


def learning_rate_too_high(subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Find large updates with a loss above the start, or one that keeps jumping up."""
    update, start, losses = epoch.largest_update, epoch.start, epoch.earlier.losses
    if subject.searches_step or update is None or update <= HIGH_UPDATE:
        return
    rise = LEAST_RISE * abs(start)
    rises = sum(after - before > rise for before, after in pairwise(losses))
    if epoch.record.loss > start + rise:
        course = f"the loss ({epoch.record.loss:.4g}) is above that of the start ({start:.4g})"
    elif rises >= RISES:
        course = (
            f"the loss rose {rises} times in {len(losses)} epochs by more than {LEAST_RISE:.0%} of "
            f"its start ({start:.4g})"
        )
    else:
        return
    text = f"{course}, and the largest update ratio is {update:.2g} (about 0.001 is healthy)"
    yield Symptom("/optimizer/learning_rate", text)


def learning_rate_too_low(subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Find small updates with a loss that is still high and falls steadily."""
    update, losses, start = epoch.largest_update, epoch.earlier.losses, epoch.start
    rate = subject.spec.optimizer.learning_rate
    if subject.searches_step or update is None or update >= LOW_UPDATE or len(losses) < WINDOW:
        return
    if epoch.record.learning_rate < OWN_RATE_SHARE * rate:
        return
    falls = sum(after < before for before, after in pairwise(losses))
    if falls >= FALLS and start - losses[-1] < (1 - HIGH_LOSS_SHARE) * abs(start):
        text = (
            f"the loss still falls ({losses[0]:.4g} to {losses[-1]:.4g} in {len(losses)} epochs, "
            f"{start:.4g} at the start), but the largest update ratio is {update:.2g} (about 0.001 "
            "is healthy)"
        )
        yield Symptom("/optimizer/learning_rate", text)
