"""Engine errors, each with a stable code and a location."""

from collections.abc import Sequence
from dataclasses import dataclass


class EngineError(Exception):
    """Base class of all errors that the engine raises intentionally."""

    code = "engine_error"


@dataclass(frozen=True)
class SpecProblem:
    """A validation error in a spec.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the spec, such as `/network/layers/0/units`.
        code: short, stable identifier of the problem.
        detail: human-readable explanation: what is wrong, and what is valid.
    """

    pointer: str
    code: str
    detail: str


class SpecError(EngineError):
    """The spec is invalid: no network can be built or trained from it.

    Attributes:
        problems: the problems.
        is_complete: False if a check stopped at its first problems, so that there may be more.
    """

    code = "invalid_spec"

    def __init__(self, problems: Sequence[SpecProblem], *, is_complete: bool = True) -> None:
        self.problems = tuple(problems)
        self.is_complete = is_complete
        super().__init__("; ".join(f"{p.pointer}: {p.detail}" for p in self.problems))


class DataError(EngineError):
    """The rows cannot be used for training or prediction, although their types are valid.

    Attributes:
        column: name of the only column at fault, if it is known.
    """

    code = "invalid_data"

    def __init__(self, detail: str, column: str | None = None) -> None:
        self.column = column
        super().__init__(detail)


class LaterVersionError(EngineError):
    """A stored value was written by a later version, which may have changed its meaning.

    Attributes:
        version: version of the value.
        readable: latest version that can be read.
    """

    code = "later_version"

    def __init__(self, kind: str, version: int, readable: int) -> None:
        self.version = version
        self.readable = readable
        super().__init__(
            f"the {kind} has version {version}; this version of backpropd reads versions up to "
            f"{readable}: upgrade backpropd"
        )


class DivergenceError(EngineError):
    """Training diverged: a loss or a weight is no longer finite.

    Attributes:
        epoch: zero-based epoch of the failure.
        step: zero-based step within that epoch.
        layer: name of the first layer with a non-finite value, such as `layers.0`.
        learning_rate: the learning rate of that step.
        last_loss: the most recent finite batch loss; None if there was none.
        restores: number of returns to an earlier epoch's end that preceded it.
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
        self.last_loss = last_loss
        self.restores = 0
        super().__init__(
            f"training diverged in epoch {epoch}, step {step}: {layer} has non-finite values"
        )
