"""/v1/models/{model_id}/predict."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from service.context import Context
from service.http.bodies import SMALL_BODY_BYTES
from service.http.content_codings import read_content
from service.http.disconnects import watch_disconnect
from service.http.errors import UnsupportedMediaTypeError
from service.http.media_types import (
    ARROW_STREAM,
    CSV,
    JSON,
    PARQUET,
    choose,
    parse_media_type,
    plain_media_type,
)
from service.http.problems import problems
from service.http.query import list_parameters, parse_query
from service.http.raw_route import RawRoute
from service.predictions.predict import (
    Content,
    Write,
    predict,
    predict_in_place,
    predict_table,
    write_csv_pieces,
    write_json_pieces,
)
from service.predictions.table_answer import check_csv_options, write_arrow, write_parquet
from service.predictions.table_body import SentTable
from service.schemas.predict_options import NO_OPTIONS, PredictOptions
from service.schemas.predictions import PredictView
from service.uploads.request_body import MEDIA_TYPES, receive_upload
from service.uploads.temp_folders import incoming_folder
from store.errors import IntakeError
from store.intake import read_rows
from store.intake.csv.encodings import check_encoding

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=RawRoute)

WRITERS: Mapping[str, Write] = {
    JSON: write_json_pieces,
    CSV: write_csv_pieces,
    ARROW_STREAM: write_arrow,
    PARQUET: write_parquet,
}
_HEADERS = {"": None, "present": True, "absent": False}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
OPERATION: dict[str, Any] = {
    "parameters": [
        {
            "name": "model_id",
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
        },
        *list_parameters(PredictOptions),
    ],
    "requestBody": {
        "required": True,
        "description": "JSON, or a table of any format of datasets with the features as columns: "
        "at most 100,000 rows and 8,388,608 cells. Cells of CSV are in the notation of the "
        "model's dataset. Columns without names (.npy, CSV without a header, which "
        "`text/csv; header=absent` states) are the features in order.",
        "content": {
            **dict.fromkeys(MEDIA_TYPES, _BYTES),
            CSV: {"schema": {"type": "string", "examples": ["width,colour\n0.5,red\n"]}},
            JSON: {"schema": {"$ref": "#/components/schemas/PredictRequest"}},
        },
    },
}
TABLES: dict[str, Any] = {
    "description": "Predictions, in the format of the Accept header. A table has a column per "
    "value of the JSON answer: `label`, `probability`, `probability_<class>` (`score_<class>`); "
    "`value`, `std`; `<target>`, `std_<target>`; `<label>`, `probability_<label>`; `error`, "
    "`anomaly_score`, `error_<column>`, `<column>`; `abstained`, `<layer>_<unit>`; and `flags`.",
    "content": {
        CSV: {"schema": {"type": "string"}},
        ARROW_STREAM: _BYTES,
        PARQUET: _BYTES,
    },
}


@router.post(
    "/{model_id}/predict",
    response_model=PredictView,
    responses={200: TABLES, **problems(400, 404, 409, 413, 415, 422, 503)},
    openapi_extra=OPERATION,
)
async def predict_rows(request: Request) -> Response:
    """Predict rows given as records, as arrays in the order of the features, or as a table."""
    context = cast("Context", request.app.state.context)
    model_id = request.path_params["model_id"]
    query = request.scope["query_string"]
    options = parse_query(PredictOptions, query) if query else NO_OPTIONS
    accepted = _choose_answer(request)
    if accepted == CSV:
        check_csv_options(options)
    if plain_media_type(request.headers.get("content-type", "")) == JSON:
        content = await _predict_json(request, context, model_id, options, accepted)
    else:
        content = await _predict_table(request, context, model_id, options, WRITERS[accepted])
    if isinstance(content, bytes):
        return Response(content, media_type=accepted)
    return StreamingResponse(content, media_type=accepted)


def _choose_answer(request: Request) -> str:
    """Return the media type of the answer; JSON if none is acceptable."""
    accept = request.headers.get("accept", "*/*")
    if accept in {"*/*", JSON}:
        return JSON
    return choose(accept, tuple(WRITERS)) or JSON


async def _predict_json(
    request: Request, context: Context, model_id: str, options: PredictOptions, accepted: str
) -> Content:
    body = await read_content(request, context.settings.max_body_bytes)
    if accepted == JSON:
        content = predict_in_place(context, model_id, body, options)
        if content is not None:
            return content
    limiter = None if len(body) <= SMALL_BODY_BYTES else context.row_readers
    write = WRITERS[accepted]
    return await to_thread.run_sync(
        predict, context, model_id, body, options, write, limiter=limiter
    )


async def _predict_table(
    request: Request, context: Context, model_id: str, options: PredictOptions, write: Write
) -> Content:
    async with incoming_folder(context.settings.data_dir) as folder:
        upload = await receive_upload(request, folder / "rows", None)
        media_type = parse_media_type(request.headers.get("content-type", ""))
        stated = {} if media_type is None else media_type.parameters
        table = SentTable(upload, _find_header(stated), _find_encoding(stated))
        run = partial(predict_table, context, model_id, table, options, write)
        if table.is_small:
            return await to_thread.run_sync(run, read_rows)
        async with watch_disconnect(request) as gone:
            reader = context.readers.for_rows(lambda: gone.is_set() or context.stopping.is_set())
            return await to_thread.run_sync(run, reader.read_rows, limiter=context.row_readers)


def _find_header(stated: Mapping[str, str]) -> bool | None:
    """Return whether `text/csv; header=present` or `absent` is stated (RFC 4180, 3).

    Raises UnsupportedMediaTypeError.
    """
    header = stated.get("header", "")
    if header.lower() not in _HEADERS:
        detail = f"the parameter header of Content-Type is present or absent, not {header[:80]!r}"
        raise UnsupportedMediaTypeError(detail)
    return _HEADERS[header.lower()]


def _find_encoding(stated: Mapping[str, str]) -> str | None:
    """Return the encoding of `text/csv; charset=…`. Raises UnsupportedMediaTypeError."""
    charset = stated.get("charset")
    try:
        return None if charset is None else check_encoding(charset)
    except IntakeError as error:
        detail = (
            f"the parameter charset of Content-Type: {error}; usual ones are utf-8, utf-16, "
            "iso-8859-1 and windows-1252"
        )
        raise UnsupportedMediaTypeError(detail) from error
