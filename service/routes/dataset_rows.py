"""/v1/datasets/{dataset_id}/rows and /columns: the contents of a dataset."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Response

from engine.specs import MAX_EXACT_INTEGER
from service.context import ContextDep
from service.datasets import datasets
from service.http.csv import as_csv, wants_csv
from service.http.problems import problems
from service.schemas.common import DatasetId
from service.schemas.datasets import ColumnDetailView, RowsView
from service.serializers.datasets import column_detail_view, rows_view

router = APIRouter(prefix="/v1/datasets/{dataset_id}", tags=["datasets"])

MAX_ROWS = 1000


@router.get(
    "/rows",
    response_model=RowsView,
    responses={
        **problems(404, 409, 422, 503),
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    },
)
def list_rows(
    context: ContextDep,
    dataset_id: DatasetId,
    offset: Annotated[
        int, Query(ge=0, le=MAX_EXACT_INTEGER, description="Number of rows to skip.")
    ] = 0,
    limit: Annotated[
        int,
        Query(ge=1, le=MAX_ROWS, description="Maximum number of rows; wide tables return fewer."),
    ] = 20,
    format: Annotated[  # noqa: A002 - the parameter's name
        Literal["json", "csv"] | None,
        Query(description="Default: from the Accept header, else JSON."),
    ] = None,
    accept: Annotated[str, Header()] = "application/json",
) -> RowsView | Response:
    """List rows as they were read, in file order, as JSON or CSV."""
    dataset, rows = datasets.rows(context, dataset_id, offset, limit)
    if format == "csv" or (format is None and wants_csv(accept)):
        names = [column.name for column in dataset.columns]
        lines = ([row[name] for name in names] for row in rows)
        return Response(as_csv(names, lines), media_type="text/csv")
    return rows_view(dataset, rows, offset)


@router.get("/columns/{name:path}", responses=problems(404, 409, 422, 503))
def get_column(
    context: ContextDep,
    dataset_id: DatasetId,
    name: Annotated[str, Path(description="Column name, URL-encoded.", examples=["width"])],
) -> ColumnDetailView:
    """Return a column: its statistics, most frequent values and histogram."""
    return column_detail_view(*datasets.column(context, dataset_id, name))
