"""Predict rows: in the event loop if that is fast, otherwise in a thread."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from service.context import Context
from service.predictions.answers import Answers, answer
from service.predictions.find_model import find_model
from service.predictions.json_answer import iterate_json, write_json
from service.predictions.json_body import read_json
from service.predictions.pieces import count_rows_per_piece
from service.predictions.table_answer import iterate_csv, write_csv
from service.predictions.table_body import ReadCells, SentTable, read_table
from service.runtime.model_cache import ServedModel
from service.schemas.predict_options import PredictOptions
from service.serializers.model_columns import ColumnRules

Content: TypeAlias = bytes | Iterator[bytes]
Write: TypeAlias = Callable[[Answers], Content]

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
    return None if model is None else write_json(_answer(model, body, options))


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
) -> Content:
    """Return the predictions for a JSON body.

    Raises NotFoundError, RequestValidationError, InvalidRowsError, InvalidQueryError.
    """
    return write(_answer(find_model(context, model_id), body, options))


def predict_table(
    context: Context,
    model_id: str,
    table: SentTable,
    options: PredictOptions,
    write: Write,
    read: ReadCells,
) -> Content:
    """Return the predictions for the rows of a table, whose cells are read by `read`.

    Raises NotFoundError, IntakeError, InvalidRowsError, InvalidQueryError, StoreUnavailableError,
    ReadingStoppedError, UnsupportedMediaTypeError.
    """
    model = find_model(context, model_id)
    rules = ColumnRules(options.missing_columns, options.extra_columns)
    rows = read_table(table, model, rules, context.settings.max_columns, read)
    return write(answer(model, rows, options))


def _answer(model: ServedModel, body: bytes, options: PredictOptions) -> Answers:
    rules = ColumnRules(options.missing_columns, options.extra_columns)
    return answer(model, read_json(body, model.reader, rules), options)


def write_json_pieces(answers: Answers) -> Content:
    """Return the predictions as JSON, in pieces if there are several."""
    return iterate_json(answers) if _is_large(answers) else write_json(answers)


def write_csv_pieces(answers: Answers) -> Content:
    """Return the predictions as CSV, in pieces if there are several."""
    return iterate_csv(answers) if _is_large(answers) else write_csv(answers)


def _is_large(answers: Answers) -> bool:
    return answers.rows > count_rows_per_piece(answers)
