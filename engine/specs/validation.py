"""Selection of the validation rows."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, StringConstraints, Tag

from engine.specs.base import ColumnName, Items, Spec

MAX_FOLDS = 20


class FractionValidation(Spec):
    """A fraction of the rows: a random sample, or the last rows in the order of a column."""

    fraction: float = Field(default=0.2, gt=0, lt=1)
    stratify: bool = Field(
        default=True, description="Select the same fraction of every class; classification only."
    )
    order_by: ColumnName | None = Field(
        default=None,
        description="Column of times or numbers; the rows with the highest values are validated.",
    )


class ColumnValidation(Spec):
    """The rows marked in a column, which is then excluded from the features."""

    column: ColumnName
    values: Items[str | bool | int | float] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Values that mark a validation row, written as in the file; some row must have "
        "each of them. Default: true, 1, or one of the texts test, validation, valid, val, "
        "holdout, true, yes.",
    )


class DatasetValidation(Spec):
    """All rows of another dataset with the same columns."""

    dataset_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class FoldsValidation(Spec):
    """Cross-validation: each row is validated once, then the final model is trained on all rows."""

    folds: int = Field(ge=2, le=MAX_FOLDS)


def _kind(value: Any) -> str:  # noqa: ANN401 - any JSON from the client
    """Return the discriminator tag, by the field that is unique to each kind."""
    for field in ("column", "dataset_id", "folds"):
        if field in value if isinstance(value, dict) else hasattr(value, field):
            return f"by_{field}"
    return "by_fraction"


# Tags differ from field names; JSON pointers into a request omit them.
ValidationField = Annotated[
    Annotated[FractionValidation, Tag("by_fraction")]
    | Annotated[ColumnValidation, Tag("by_column")]
    | Annotated[DatasetValidation, Tag("by_dataset_id")]
    | Annotated[FoldsValidation, Tag("by_folds")],
    Discriminator(_kind),
]
ValidationSpec = FractionValidation | ColumnValidation | DatasetValidation | FoldsValidation
