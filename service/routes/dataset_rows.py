"""/v1/datasets/{dataset_id}/rows and /columns: the contents of a dataset."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Response

from engine.specs import MAX_EXACT_INTEGER
from service.context import ContextDep
from service.datasets import datasets
from service.http.api_route import ApiRoute
from service.http.csv import wants_csv
from service.http.media_types import JSON
from service.http.problems import problems
from service.schemas.common import DatasetId
from service.schemas.datasets import ColumnDetailView, RowsView
from service.serializers.datasets import column_detail_view, rows_as_csv, rows_view
from store.datasets.datasets import DatasetRecord
from store.datasets.rows import Row

router = APIRouter(prefix="/v1/datasets/{dataset_id}", tags=["datasets"], route_class=ApiRoute)

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
) -> Response:
    """List rows as they were read, in file order, as JSON or CSV."""
    if format == "csv" or (format is None and wants_csv(accept)):
        text = datasets.write_rows(context, dataset_id, offset, limit, rows_as_csv)
        return Response(text, media_type="text/csv")

    def write(dataset: DatasetRecord, rows: list[Row]) -> str:
        return rows_view(dataset, rows, offset).model_dump_json()

    text = datasets.write_rows(context, dataset_id, offset, limit, write)
    return Response(text, media_type=JSON)


@router.get("/columns/{name:path}", responses=problems(404, 409, 422, 503))
def get_column(
    context: ContextDep,
    dataset_id: DatasetId,
    name: Annotated[str, Path(description="Column name, URL-encoded.", examples=["width"])],
) -> ColumnDetailView:
    """Return a column: its statistics, most frequent values and histogram."""
    return column_detail_view(*datasets.column(context, dataset_id, name))
