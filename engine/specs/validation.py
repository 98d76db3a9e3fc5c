"""Selection of the validation rows, and of the test rows."""

from typing import Annotated, Any, assert_never

from pydantic import Discriminator, Field, StringConstraints, Tag

from engine.specs.base import ColumnName, Items, Spec

MAX_FOLDS = 20
MAX_REPEATS = 50
# Bound on folds · repeats.
MAX_FOLD_NETWORKS = 100


class FractionValidation(Spec):
    """A fraction of the rows: a random sample, whole groups, or the last rows by a column."""

    fraction: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of the rows; those of `test` are set aside first and do not count.",
    )
    stratify: bool = Field(
        default=True,
        description="Select the same fraction of every class, or of every combination of labels; "
        "without effect for numbers.",
    )
    order_by: ColumnName | None = Field(
        default=None,
        description="Column of times or numbers; the rows with the highest values are validated.",
    )
    group_by: ColumnName | None = Field(
        default=None,
        description="Column such as patient; all rows with the same value are on the same side. "
        "A row without a value is a group of its own. Not together with `order_by`.",
    )


class ColumnValidation(Spec):
    """The rows marked in a column, which is then excluded from the features."""

    column: ColumnName
    values: Items[str | bool | int | float] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Values that mark a validation row, written as in the file; some row must have "
        "each of them. Default: true, 1, or one of the texts "
        "test, validation, valid, val, holdout, true, yes; for `test` without the three texts that "
        "begin with val.",
    )


class DatasetValidation(Spec):
    """All rows of another dataset with the same columns."""

    dataset_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class FoldsValidation(Spec):
    """Cross-validation: one network per fold, then the final model is trained on all rows.

    Each row is validated once per repeat; with `order_by` a fold trains on the rows before it.
    """

    folds: int = Field(ge=2, le=MAX_FOLDS)
    repeats: int = Field(
        default=1,
        ge=1,
        le=MAX_REPEATS,
        description=f"How often the rows are divided into folds anew; folds · repeats is at most "
        f"{MAX_FOLD_NETWORKS}. Not together with `order_by`.",
    )
    order_by: ColumnName | None = Field(
        default=None,
        description="Column of times or numbers. Its order is cut into folds + 1 blocks; fold k "
        "trains on the first k blocks and validates the next one. Equal values are in one block.",
    )
    group_by: ColumnName | None = Field(
        default=None,
        description="Column such as patient; all rows with the same value are in the same fold. "
        "A row without a value is a group of its own. Not together with `order_by`.",
    )

    @property
    def networks(self) -> int:
        """Number of networks trained before the final one: one per fold of every repeat."""
        return self.folds * self.repeats


def _kind(value: Any) -> str:  # noqa: ANN401 - any JSON from the client
    """Return the discriminator tag, by the field that is unique to each kind."""
    return _tag(value, ("column", "dataset_id", "folds"))


def _test_kind(value: Any) -> str:  # noqa: ANN401 - any JSON from the client
    """Return the discriminator tag of test rows, of which there are no folds."""
    return _tag(value, ("column", "dataset_id"))


def _tag(value: Any, fields: tuple[str, ...]) -> str:  # noqa: ANN401 - any JSON from the client
    for field in fields:
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
TestField = Annotated[
    Annotated[FractionValidation, Tag("by_fraction")]
    | Annotated[ColumnValidation, Tag("by_column")]
    | Annotated[DatasetValidation, Tag("by_dataset_id")],
    Discriminator(_test_kind),
]
TestSpec = FractionValidation | ColumnValidation | DatasetValidation


def split_columns(part: ValidationSpec | TestSpec | None) -> dict[str, str]:
    """Return the columns that determine the rows of a part, by the field that names each."""
    match part:
        case ColumnValidation():
            return {"column": part.column}
        case FractionValidation() | FoldsValidation():
            named = {"order_by": part.order_by, "group_by": part.group_by}
            return {field: name for field, name in named.items() if name is not None}
        case DatasetValidation() | None:
            return {}
        case _:
            assert_never(part)
