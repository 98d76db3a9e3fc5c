"""/v1/datasets: upload, list, show, delete."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service import datasets
from service.context import Here
from service.errors import problems
from service.schemas.common import After, DatasetId, Limit, Name, Order, PageView
from service.schemas.datasets import DatasetSummaryView, DatasetView
from service.uploads import receive_upload
from store.pages import PageRequest

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

_CSV = {"schema": {"type": "string", "examples": ["x,y\n0.5,1\n0.7,0\n"]}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "A CSV file."}
        },
    }
}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A CSV file with a header, in UTF-8; streamed, so it may be large.",
        "content": {"text/csv": _CSV, "multipart/form-data": _FORM},
    }
}


@router.post("", status_code=201, responses=problems(400, 413, 415, 422, 503), openapi_extra=UPLOAD)
async def upload_dataset(
    context: Here,
    request: Request,
    response: Response,
    name: Annotated[Name | None, Query(description="Default: the file's name.")] = None,
) -> DatasetView:
    """Upload a table; the answer tells what was found in each column."""
    incoming = context.settings.data_dir / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=incoming) as folder:
        upload = await receive_upload(request, Path(folder) / "upload", name)
        dataset = await run_in_threadpool(datasets.take_in, context, upload)
    response.headers["Location"] = f"/v1/datasets/{dataset.id}"
    return datasets.view(dataset)


@router.get("", responses=problems(422, 503))
def list_datasets(
    context: Here, limit: Limit = 50, after: After = None, order: Order = "desc"
) -> PageView[DatasetSummaryView]:
    """Datasets without their schemas, newest first unless asked otherwise."""
    page = datasets.page(context, PageRequest(limit, after, order))
    return PageView(
        data=[datasets.summary_view(dataset) for dataset in page.items],
        has_more=page.next is not None,
        next=page.next,
    )


@router.get("/{dataset_id}", responses=problems(404, 422, 503))
def get_dataset(context: Here, dataset_id: DatasetId) -> DatasetView:
    """A dataset and its schema."""
    return datasets.view(datasets.get(context, dataset_id))


@router.delete("/{dataset_id}", status_code=204, responses=problems(404, 409, 422, 503))
def delete_dataset(context: Here, dataset_id: DatasetId) -> None:
    """Delete a dataset that no unfinished job needs; its models stay."""
    datasets.remove(context, dataset_id)
