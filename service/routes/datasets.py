"""/v1/datasets: upload, preview, list, get, delete."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from service.context import ContextDep
from service.datasets import datasets
from service.datasets.from_upload import ingest_upload, preview_upload
from service.datasets.read_options import parse_read_options
from service.http.api_route import ApiRoute
from service.http.problems import problems
from service.idempotency import IdempotentRequest, respond
from service.schemas.common import After, DatasetId, Limit, Order, PageView
from service.schemas.datasets import DatasetSummaryView, DatasetView, PreviewView
from service.schemas.intake import UploadQuery
from service.serializers.datasets import dataset_view, preview_view, summary_view
from store.db.pagination import PageRequest
from store.intake.formats.detect import known_media_types

router = APIRouter(prefix="/v1/datasets", tags=["datasets"], route_class=ApiRoute)

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_CSV = {"schema": {"type": "string", "examples": ["x,y\n0.5,1\n0.7,0\n"]}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "A file of any format."}
        },
    }
}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "description": "A table: CSV, TSV, JSON Lines, JSON, Parquet, Arrow IPC, .npy or .npz, "
        "optionally compressed with gzip or zstd. The body is streamed, so it may be large. To "
        "use a finished resumable upload, send no body and set `?upload=`.",
        "content": {
            **dict.fromkeys(sorted(known_media_types), _BYTES),
            "text/csv": _CSV,
            "multipart/form-data": _FORM,
        },
    }
}
ReadOptionsQuery = Annotated[UploadQuery, Query()]
PROBLEMS = problems(400, 404, 409, 410, 413, 415, 422, 503)


@router.post(
    "",
    status_code=201,
    response_model=DatasetView,
    responses={**PROBLEMS, **problems(429)},
    openapi_extra=UPLOAD,
)
async def upload_dataset(
    context: ContextDep, request: Request, query: ReadOptionsQuery, keyed: IdempotentRequest
) -> Response:
    """Upload a table; the response includes the options used and the schema of each column."""
    return respond(await ingest_upload(context, request, query, parse_read_options(query), keyed))


@router.post("/preview", responses=PROBLEMS, openapi_extra=UPLOAD)
async def preview_dataset(
    context: ContextDep, request: Request, query: ReadOptionsQuery
) -> PreviewView:
    """Detect the options and schema of a file from its first rows, without storing anything."""
    return preview_view(await preview_upload(context, request, query, parse_read_options(query)))


@router.get("", responses=problems(422, 503))
def list_datasets(
    context: ContextDep, limit: Limit = 50, after: After = None, order: Order = "desc"
) -> PageView[DatasetSummaryView]:
    """List datasets without their schemas, newest first by default."""
    page = datasets.page(context, PageRequest(limit, after, order))
    return PageView.of(page.map(summary_view))


@router.get("/{dataset_id}", responses=problems(404, 409, 422, 503))
def get_dataset(context: ContextDep, dataset_id: DatasetId) -> DatasetView:
    """Return a dataset, its schema and the options used to read it."""
    return dataset_view(datasets.get(context, dataset_id))


@router.delete("/{dataset_id}", status_code=204, responses=problems(404, 409, 422, 503))
def delete_dataset(context: ContextDep, dataset_id: DatasetId) -> None:
    """Delete a dataset that no unfinished job uses; its models are kept."""
    datasets.remove(context, dataset_id)
