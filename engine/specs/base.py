"""Base of all specs: shared bounds, strictness, and names as shorthand for objects."""

from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    StringConstraints,
    Tag,
)

MAX_UNITS = 65_536
MAX_LAYERS = 64
MAX_EPOCHS = 1_000_000
MAX_BATCH_SIZE = 1_048_576
MAX_FEATURES = 65_536
MAX_TARGETS = 1000
# Up to it, every whole number is a float64, as many JSON parsers read numbers.
MAX_EXACT_INTEGER = 2**53

Item = TypeVar("Item")
# Accepts the lists of a parsed request body; a frozen spec holds a tuple.
Items = Annotated[tuple[Item, ...], Strict(strict=False)]

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


def _form(value: object) -> str:
    return "list" if isinstance(value, list | tuple) else "one"


def _unwrap(value: object) -> object:
    """Return the only item of a list of one, so that both forms are equal specs."""
    return value[0] if isinstance(value, list | tuple) and len(value) == 1 else value


# A name, or a list of names; errors name the form that was sent.
TargetNames = Annotated[
    Annotated[Item, Tag("one")]
    | Annotated[Items[Item], Field(min_length=1, max_length=MAX_TARGETS), Tag("list")],
    Discriminator(_form),
    BeforeValidator(_unwrap),
]


def typed(value: object) -> object:
    """Expand a bare name to an object with that type and all defaults."""
    return {"type": value} if isinstance(value, str) else value


class Spec(BaseModel):
    """Base class of all specs: immutable, no unknown fields, no coercion, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def dump(spec: Spec) -> dict[str, Any]:
    """Return the spec as JSON values, including all defaults."""
    return spec.model_dump(mode="json")
