"""What all specs have in common: bounds, strictness, and names that stand for objects."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Strict, StringConstraints

MAX_UNITS = 65_536
MAX_LAYERS = 64
MAX_EPOCHS = 1_000_000
MAX_BATCH_SIZE = 1_048_576
MAX_FEATURES = 65_536

Item = TypeVar("Item")
# Bodies are parsed to lists; a frozen spec holds a tuple.
Items = Annotated[tuple[Item, ...], Strict(strict=False)]

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


def typed(value: object) -> object:
    """Let a bare name stand for the object with that type and every default."""
    return {"type": value} if isinstance(value, str) else value


class Spec(BaseModel):
    """Base of all specs: immutable, no unknown fields, no coercion, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def dump(spec: Spec) -> dict[str, Any]:
    """The spec as JSON values, every default written out."""
    return spec.model_dump(mode="json")
