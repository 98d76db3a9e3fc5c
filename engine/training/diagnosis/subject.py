"""The training that is diagnosed, and its latest epoch, as the rules read them."""

from dataclasses import dataclass

from engine.layers.base import walk
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.network import Network
from engine.specs import ResolvedSpec
from engine.training.progress import EarlierEpochs, EpochRecord


@dataclass(frozen=True)
class Subject:
    """The properties of a training that the rules need besides its epochs.

    Attributes:
        spec: the training's spec.
        trained_counts: number of trained parameters of each trained dense or convolution layer,
            first layer to last.
        last_rows: rows of each epoch's last batch, from which the statistics of layers are.
        starts_anew: whether the initial weights are new, not those of a model.
        searches_step: whether the optimizer searches the length of each step, so that the learning
            rate does not decide it.
    """

    spec: ResolvedSpec
    trained_counts: dict[str, int]
    last_rows: int
    starts_anew: bool
    searches_step: bool


def count_trained(network: Network) -> dict[str, int]:
    """Return the number of trained parameters of each dense or convolution layer, in order."""
    sizes: dict[str, int] = {}
    for name, gradient in network.gradient_views().items():
        layer = name.rpartition(".")[0]
        sizes[layer] = sizes.get(layer, 0) + gradient.size
    leaves = (leaf for leaf in walk(iter(network.layers)) if isinstance(leaf, Dense | Conv2d))
    return {leaf.name: sizes[leaf.name] for leaf in leaves if leaf.name in sizes}


@dataclass(slots=True)
class LatestEpoch:
    """A completed epoch among the earlier ones.

    Attributes:
        record: its record.
        earlier: the epochs up to and including it.
        start: loss of the initial weights on a sample of the training rows, or of epoch 0 if that
            was not finite.
        largest_update: largest update ratio of all layers; None if none has one.
    """

    record: EpochRecord
    earlier: EarlierEpochs
    start: float
    largest_update: float | None


@dataclass(frozen=True)
class Symptom:
    """A condition that holds in an epoch.

    Attributes:
        pointer: JSON pointer of the finding.
        text: the condition with its numbers.
    """

    pointer: str
    text: str


def layer_pointer(name: str) -> str:
    """Return the JSON pointer of a layer such as `layers.0` in a spec."""
    return f"/network/{name.replace('.', '/')}"


def largest_update(record: EpochRecord) -> float | None:
    """Return the largest update ratio of all layers; None if none has one."""
    ratios = [layer.update_ratio for layer in record.layers if layer.update_ratio is not None]
    return max(ratios) if ratios else None
