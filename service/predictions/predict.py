"""Predict rows: in the event loop if that is fast, otherwise in a thread."""

import re
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from service.context import Context
from service.predictions.answers import Answers, answer
from service.predictions.json_answer import write_json
from service.predictions.json_body import read_json
from service.predictions.table_body import SentTable, read_table
from service.runtime.model_cache import ServedModel
from service.schemas.common import check_job_id, check_model_id
from service.schemas.predict_options import PredictOptions
from service.serializers.model_columns import ColumnRules
from store.errors import NotFoundError
from store.jobs.jobs import get_job
from store.statuses import TRAINING

Write: TypeAlias = Callable[[Answers], bytes]

# Within these bounds a prediction takes about as long as passing it to a thread, or at most a few
# milliseconds: bytes bound the text of the cells, and `LOOP_MODEL_BYTES` the time per row.
ROWS_IN_PLACE = 16
BODY_BYTES_IN_PLACE = 32 * 2**10
_BEGIN_OF_ROWS = re.compile(rb'\s*\{\s*"rows"')


def predict_in_place(
    context: Context, model_id: str, body: bytes, options: PredictOptions
) -> bytes | None:
    """Predict in the event loop if that is fast and cannot block; otherwise return None.

    Raises as `predict`.
    """
    if len(body) > BODY_BYTES_IN_PLACE or _count_brackets(body) > ROWS_IN_PLACE + 2:
        return None
    if _BEGIN_OF_ROWS.match(body) is None:
        return None  # a column may have many rows
    if options.layers is not None:
        return None  # a layer may have many more values than the rows
    model = context.served.find(model_id)
    return None if model is None else _predict(model, body, options)


def _count_brackets(body: bytes) -> int:
    """Return the number of arrays and objects: at most two more than the rows, or many more."""
    # The codes of [ and { differ in one bit. `bytes.count` takes five times as long.
    return int(np.count_nonzero((np.frombuffer(body, np.uint8) | 0x20) == ord("{")))


def predict(
    context: Context,
    model_id: str,
    body: bytes,
    options: PredictOptions,
    write: Write = write_json,
) -> bytes:
    """Return the predictions for a JSON body.

    Raises NotFoundError, RequestValidationError, InvalidRowsError, InvalidQueryError.
    """
    return _predict(_get_model(context, model_id), body, options, write)


def predict_table(
    context: Context, model_id: str, table: SentTable, options: PredictOptions, write: Write
) -> bytes:
    """Return the predictions for the rows of a table.

    Raises NotFoundError, IntakeError, InvalidRowsError, InvalidQueryError, StoreUnavailableError,
    ReadingStoppedError.
    """
    model = _get_model(context, model_id)
    rules = ColumnRules(options.missing_columns, options.extra_columns)
    rows = read_table(table, model, rules, context.settings.max_columns)
    return write(answer(model, rows, options))


def _get_model(context: Context, model_id: str) -> ServedModel:
    """Return the model, loading it if necessary. Raises NotFoundError, LaterVersionError."""
    try:
        return context.served.get(check_model_id(model_id))
    except NotFoundError as error:
        hint = _explain_job(context, model_id)
        if hint is None:
            raise
        raise NotFoundError("model", model_id, hint) from error


def _explain_job(context: Context, job_id: str) -> str | None:
    """Return the model of the job with this id; None if there is no such job."""
    try:
        with context.database.reading() as session:
            job = get_job(session, check_job_id(job_id), TRAINING)
    except NotFoundError:
        return None
    model = "has none yet" if job.model_id is None else f"is {job.model_id}"
    return f"it is the id of a job, whose model {model}"


def _predict(
    model: ServedModel, body: bytes, options: PredictOptions, write: Write = write_json
) -> bytes:
    rules = ColumnRules(options.missing_columns, options.extra_columns)
    return write(answer(model, read_json(body, model.reader, rules), options))
