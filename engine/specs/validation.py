"""Which rows are held out of training."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, StringConstraints, Tag

from engine.specs.base import ColumnName, Items, Spec

MAX_FOLDS = 20


class FractionValidation(Spec):
    """A share of the rows: drawn at random, or the last ones in the order of a column."""

    fraction: float = Field(default=0.2, gt=0, lt=1)
    stratify: bool = Field(
        default=True, description="Hold out the same share of every class; not for numbers."
    )
    order_by: ColumnName | None = Field(
        default=None,
        description="A column of times or numbers: the rows that come last in it are held out.",
    )


class ColumnValidation(Spec):
    """The rows that a column names; it is no feature then."""

    column: ColumnName
    values: Items[str | bool | int | float] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Rows with one of these are held out. Default: true, 1, or a text of test, "
        "validation, valid, val, holdout, true, yes.",
    )


class DatasetValidation(Spec):
    """All rows of another dataset with the same columns."""

    dataset_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class FoldsValidation(Spec):
    """Cross-validation: every row is held out once, then the model is trained on all rows."""

    folds: int = Field(ge=2, le=MAX_FOLDS)


def _kind(value: Any) -> str:  # noqa: ANN401 - whatever a client sent
    """Which kind is meant, by the field that only it has."""
    for field in ("column", "dataset_id", "folds"):
        if field in value if isinstance(value, dict) else hasattr(value, field):
            return f"by_{field}"
    return "by_fraction"


# The tags are no names of fields: pointers into a request leave them out.
ValidationField = Annotated[
    Annotated[FractionValidation, Tag("by_fraction")]
    | Annotated[ColumnValidation, Tag("by_column")]
    | Annotated[DatasetValidation, Tag("by_dataset_id")]
    | Annotated[FoldsValidation, Tag("by_folds")],
    Discriminator(_kind),
]
ValidationSpec = FractionValidation | ColumnValidation | DatasetValidation | FoldsValidation
