"""States of optimizers as their formulas have them; the engine stores some of them scaled."""

from collections.abc import Mapping

from engine.arrays import Floats
from engine.specs import (
    Adadelta,
    Adam,
    Adamw,
    Amsgrad,
    Lion,
    Nadam,
    OptimizerSpec,
    Rmsprop,
)

Slots = Mapping[str, Floats]


def textbook_slots(
    optimizer: OptimizerSpec, before: Slots, after: Slots
) -> dict[str, tuple[Floats, Floats]]:
    """Return each state before and after the step, by the symbol of the optimizer's formula."""
    factors = slot_factors(optimizer)
    return {
        symbol: (before[slot] * factor, after[slot] * factor)
        for slot, (symbol, factor) in factors.items()
        if slot in before
    }


def slot_factors(optimizer: OptimizerSpec) -> dict[str, tuple[str, float]]:
    """Return the symbol of each stored slot and the factor from the slot to the symbol's value."""
    match optimizer:
        case Adam() | Adamw() | Nadam() | Amsgrad():
            second = 1 - optimizer.beta2
            found = {"mean": ("m", 1 - optimizer.beta1), "square": ("v", second)}
            if isinstance(optimizer, Amsgrad):
                found["largest_square"] = ("v_max", second)
            return found
        case Lion():
            return {"mean": ("m", 1 - optimizer.beta2)}
        case Rmsprop():
            root = (1 - optimizer.rho) ** 0.5
            return {"square": ("s", 1 - optimizer.rho), "velocity": ("v", 1 / root)}
        case Adadelta():
            factor = 1 - optimizer.rho
            return {"square": ("s", factor), "change_square": ("u", factor)}
        case _:
            return {
                "square": ("s", 1.0),
                "velocity": ("v", 1.0),
                "change": ("d", 1.0),
                "previous_gradient": ("g_previous", 1.0),
            }
