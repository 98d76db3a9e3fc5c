"""A warning of products that take so long that a cancel or a pause waits for them."""

import numpy as np

from engine.data.batches import largest_training_batch
from engine.layers.base import Layer, walk
from engine.layers.chunks import training_chunk_rows
from engine.resolution.memory import parameter_count, slot_count
from engine.resolution.report import Report
from engine.resolution.row_counts import RowCounts
from engine.specs import ResolvedSpec

# Figures of one core with AVX2: float32 multiplications per second in a product of large matrices,
# float32 numbers of a layer's workspace and gradients per second, in the first step, where all of
# its memory is new, and bytes of a checkpoint per second.
MULTIPLICATIONS_PER_SECOND = 25e9
NUMBERS_PER_SECOND = 250e6
STORED_BYTES_PER_SECOND = 75e6
# Of longer ones, the estimate is reported.
MOST_SECONDS = 1.0
# A request is seen up to half a second after it was made, if BACKPROPD_WATCH_SECONDS is as it is.
SECONDS_UNTIL_SEEN = 0.5


def seconds_of_longest_call(spec: ResolvedSpec, layers: list[Layer], rows: RowCounts) -> float:
    """Return the estimated seconds of the longest call within which a step cannot be abandoned.

    It is the backward pass of one layer over one chunk of a batch: two products, and what is
    written besides. benchmarks/longest_calls.py compares it with measured ones.
    """
    batch = largest_training_batch(spec, rows.training)
    most = training_chunk_rows(layers, spec.dtype)
    at_once = batch if most is None else min(batch, most)
    leaves = [layer for layer in walk(iter(layers)) if not any(layer.children())]
    seconds = max((_seconds_of_layer(layer, at_once) for layer in leaves), default=0.0)
    return seconds * np.dtype(spec.dtype).itemsize / 4


def _seconds_of_layer(layer: Layer, rows: int) -> float:
    """Return the estimated seconds of a layer's backward pass over some rows, in float32."""
    products = 2 * rows * layer.multiplications() / MULTIPLICATIONS_PER_SECOND
    numbers = rows * layer.workspace(1) + parameter_count([layer])
    return products + numbers / NUMBERS_PER_SECOND


def seconds_to_store(spec: ResolvedSpec, layers: list[Layer]) -> float:
    """Return the estimated seconds of storing the checkpoint of a pause."""
    vectors = 1 + slot_count(spec.optimizer)
    size = vectors * parameter_count(layers) * np.dtype(spec.dtype).itemsize
    return size / STORED_BYTES_PER_SECOND


def check_interruption(
    spec: ResolvedSpec, layers: list[Layer], rows: RowCounts, report: Report
) -> None:
    """Warn if a cancel or a pause would wait for more than MOST_SECONDS."""
    call, stored = seconds_of_longest_call(spec, layers, rows), seconds_to_store(spec, layers)
    is_short = SECONDS_UNTIL_SEEN + call <= MOST_SECONDS
    if is_short and stored <= MOST_SECONDS:
        return
    seconds = SECONDS_UNTIL_SEEN + call + stored
    if is_short:
        detail = (
            f"a pause may take about {seconds:.1f} s instead of one, to store weights and "
            "optimizer: use smaller layers or an optimizer with less state"
        )
        report.warning("/network/layers", "slow_interruption", detail)
        return
    wait = f"a cancel or a pause may take about {seconds:.1f} s instead of one"
    if spec.network.normalizes_batches:
        detail = (
            "batch normalization needs the whole batch, which is not computed in parts, and the "
            f"largest layer takes as long: {wait}; use a smaller batch_size or "
            "layer_normalization"
        )
        report.warning("/batch_size", "slow_interruption", detail)
        return
    detail = f"the products of the largest layer cannot be interrupted: {wait}; use smaller layers"
    report.warning("/network/layers", "slow_interruption", detail)
