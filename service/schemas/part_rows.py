"""Schemas of the numbers of rows of each part of a training."""

from pydantic import Field

from service.schemas.common import View


class PartRowsView(View):
    """Rows of each part of a training; null where only the rows show how many."""

    training: int | None = Field(description="With folds, of the final network.")
    validation: int | None = Field(description="With folds, of the largest fold; 0 without.")
    test: int | None = Field(description="0 without a test part.")


class FoldRowsView(View):
    """Rows of a fold."""

    training: int
    validation: int


class JobRowsView(View):
    """Rows of each part of a prepared training."""

    training: int = Field(description="Training rows; with folds, of the final network.")
    validation: int = Field(
        description="Validation rows; with folds, of the largest fold; 0 without."
    )
    test: int = Field(description="Test rows; 0 without a test part.")
    left_out: int = Field(
        description="Rows of the training dataset that are in no part: without a target, or "
        "without a value in a column with `drop_row`."
    )
    folds: list[FoldRowsView] | None = Field(
        description="Rows of each fold, repeat after repeat; null without folds."
    )
