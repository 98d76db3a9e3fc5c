"""Gradient clipping, by value or by norm, before the optimizer step."""

from collections.abc import Callable
from functools import partial
from typing import assert_never

import numpy as np

from engine.arrays import Floats
from engine.numerics.norms import euclidean_norm, largest_magnitude
from engine.specs import ClipByNorm, ClipByValue, GradientClip


def build_clip(spec: GradientClip | None) -> Callable[[Floats], None]:
    """Return the function that clips the gradients, shape `(trained_count,)`, in place."""
    match spec:
        case None:
            return leave_unclipped
        case ClipByValue():
            return partial(clip_by_value, limit=spec.limit)
        case ClipByNorm():
            return partial(clip_by_norm, limit=spec.limit)
        case _:
            assert_never(spec)


def leave_unclipped(gradients: Floats) -> None:
    """Do nothing."""


def clip_by_value(gradients: Floats, limit: float) -> None:
    """Clip each gradient: g ← min(max(g, −limit), limit)."""
    np.clip(gradients, -limit, limit, out=gradients)


def clip_by_norm(gradients: Floats, limit: float) -> None:
    """Rescale all gradients together: g ← g · min(1, limit / ‖g‖).

    Gradients with ‖g‖ ≤ limit keep their bits. Source: Pascanu et al. 2013.
    """
    norm = euclidean_norm(gradients)
    if norm <= limit:
        return
    factor = limit / norm
    if factor < np.finfo(gradients.dtype).tiny:
        # The factor, or the norm itself, is out of the type's range; the clipped gradients are not.
        np.divide(gradients, largest_magnitude(gradients), out=gradients)
        factor = limit / euclidean_norm(gradients)
    np.multiply(gradients, factor, out=gradients)
