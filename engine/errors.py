"""What can go wrong in the engine, as data: a code, and where."""

from collections.abc import Sequence
from dataclasses import dataclass


class EngineError(Exception):
    """Base of everything the engine raises on purpose."""

    code = "engine_error"


@dataclass(frozen=True)
class SpecProblem:
    """One thing that is wrong with a spec.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the spec, such as `/network/layers/0/units`.
        code: short stable name of the problem.
        detail: what is wrong and what would be right, for a person.
    """

    pointer: str
    code: str
    detail: str


class SpecError(EngineError):
    """A spec that no network can be built or trained from."""

    code = "invalid_spec"

    def __init__(self, problems: Sequence[SpecProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.pointer}: {p.detail}" for p in self.problems))


class DataError(EngineError):
    """Rows that cannot be trained on, or predicted from, although their types are right."""

    code = "invalid_data"


class DivergenceError(EngineError):
    """A loss or weight that is no longer finite.

    Attributes:
        epoch: zero-based epoch in which it happened.
        step: zero-based step within that epoch.
        layer: name of the first layer with a value that is not finite, such as `layers.0`.
        learning_rate: of that step.
        suggested_rate: one that may do, a tenth of it.
        last_loss: of the last batch whose loss was finite.
    """

    code = "diverged"

    def __init__(
        self,
        epoch: int,
        step: int,
        layer: str,
        *,
        learning_rate: float,
        last_loss: float | None = None,
    ) -> None:
        self.epoch = epoch
        self.step = step
        self.layer = layer
        self.learning_rate = learning_rate
        self.suggested_rate = learning_rate / 10
        self.last_loss = last_loss
        super().__init__(
            f"training diverged in epoch {epoch}, step {step}: {layer} has values that are not "
            f"finite; a learning rate of {self.suggested_rate:g} may do"
        )
