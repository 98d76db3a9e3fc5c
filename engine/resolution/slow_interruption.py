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
# and bytes of a checkpoint per second.
MULTIPLICATIONS_PER_SECOND = 25e9
STORED_BYTES_PER_SECOND = 75e6
# Of longer ones, the estimate is reported.
MOST_SECONDS = 1.0


def seconds_of_longest_call(spec: ResolvedSpec, layers: list[Layer], rows: RowCounts) -> float:
    """Return the estimated seconds of the longest call within which a step cannot be abandoned.

    It is the backward pass of one layer over one chunk of a batch: two products.
    """
    batch = largest_training_batch(spec, rows.training)
    most = training_chunk_rows(layers, spec.dtype)
    at_once = batch if most is None else min(batch, most)
    leaves = [layer for layer in walk(iter(layers)) if not any(layer.children())]
    largest = max((layer.multiplications() for layer in leaves), default=0)
    itemsize = np.dtype(spec.dtype).itemsize
    return 2 * at_once * largest * (itemsize / 4) / MULTIPLICATIONS_PER_SECOND


def seconds_to_store(spec: ResolvedSpec, layers: list[Layer]) -> float:
    """Return the estimated seconds of storing the checkpoint of a pause."""
    vectors = 1 + slot_count(spec.optimizer)
    size = vectors * parameter_count(layers) * np.dtype(spec.dtype).itemsize
    return size / STORED_BYTES_PER_SECOND


def check_interruption(
    spec: ResolvedSpec, layers: list[Layer], rows: RowCounts, report: Report
) -> None:
    """Warn if a cancel or a pause would wait for more than MOST_SECONDS."""
    product, stored = seconds_of_longest_call(spec, layers, rows), seconds_to_store(spec, layers)
    if max(product, stored) <= MOST_SECONDS:
        return
    if product <= MOST_SECONDS:
        detail = (
            f"a pause may take about {product + stored:.0f} s instead of one, to store weights and "
            "optimizer: use smaller layers or an optimizer with less state"
        )
        report.warning("/network/layers", "slow_interruption", detail)
        return
    wait = f"a cancel or a pause may take about {product + stored:.0f} s instead of one"
    if spec.network.normalizes_batches:
        detail = (
            "batch normalization needs the whole batch, which is not computed in parts, and the "
            f"products of the largest layer take as long: {wait}; use a smaller batch_size or "
            "layer_normalization"
        )
        report.warning("/batch_size", "slow_interruption", detail)
        return
    detail = f"the products of the largest layer cannot be interrupted: {wait}; use smaller layers"
    report.warning("/network/layers", "slow_interruption", detail)
