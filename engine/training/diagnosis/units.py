"""Rules about units: dead rectifiers, saturated bounded functions."""

from collections.abc import Iterator

from engine.training.diagnosis.subject import (
    LatestEpoch,
    Subject,
    Symptom,
    layer_pointer,
)

# Fraction of a layer's units.
DEAD_FRACTION = 0.5
# A unit is silent for every row of a small batch by chance: few rows need a larger fraction.
MANY_ROWS = 32
DEAD_FRACTION_OF_FEW_ROWS = 0.9
LEAST_ROWS = 8
# Fraction of a layer's outputs.
SATURATED_FRACTION = 0.75
# A network whose loss has fallen to this share of its start has learned, saturated or not.
LEARNED_SHARE = 0.5


def dying_relu(subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Find layers most of whose relu units are zero for every row of the epoch's last batch."""
    rows = subject.last_rows
    if rows < LEAST_ROWS:
        return
    limit = DEAD_FRACTION if rows >= MANY_ROWS else DEAD_FRACTION_OF_FEW_ROWS
    for layer in epoch.record.layers:
        if layer.dead_units is not None and layer.dead_units > limit:
            text = (
                f"{layer.dead_units:.0%} of the relu units of {layer.name} are zero for all "
                f"{rows} rows of the epoch's last batch (more than {limit:.0%}): their weights "
                "get no gradient"
            )
            yield Symptom(f"{layer_pointer(layer.name)}/activation", text)


def saturated_units(_subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Find layers most of whose outputs are saturated, while the loss is still high."""
    start, loss = epoch.start, epoch.record.loss
    if start - loss > (1 - LEARNED_SHARE) * abs(start):
        return
    for layer in epoch.record.layers:
        fraction = layer.saturated_units
        if fraction is not None and fraction > SATURATED_FRACTION:
            text = (
                f"{fraction:.0%} of the outputs of {layer.name} are saturated (more than "
                f"{SATURATED_FRACTION:.0%}), with at most 5 % of the activation's largest slope, "
                f"and the loss ({loss:.4g}) has not halved since the start ({start:.4g})"
            )
            yield Symptom(f"{layer_pointer(layer.name)}/activation", text)
