"""Predict rows: in the event loop if that is fast, otherwise in a thread."""

from service.context import Context
from service.predictions.answers import answer
from service.predictions.json_answer import write_json
from service.predictions.json_body import read_json
from service.runtime.model_cache import ServedModel

# Within these bounds a prediction takes about as long as passing it to a thread, or at most a few
# milliseconds: bytes bound the text of the cells, and the model's size bounds the time per row.
ROWS_IN_PLACE = 16
BODY_BYTES_IN_PLACE = 32 * 2**10
MODEL_BYTES_IN_PLACE = 32 * 2**20


def predict_in_place(context: Context, model_id: str, body: bytes) -> bytes | None:
    """Predict in the event loop if that is fast and cannot block; otherwise return None.

    Raises as `predict`.
    """
    if len(body) > BODY_BYTES_IN_PLACE or _count_brackets(body) > ROWS_IN_PLACE + 2:
        return None
    model = context.served.find(model_id)
    if model is None or model.nbytes > MODEL_BYTES_IN_PLACE:
        return None
    with model.lock.exclusive_if_free() as is_free:
        return _predict(model, body) if is_free else None


def _count_brackets(body: bytes) -> int:
    """Return the number of arrays and objects: at most two more than the rows, or many more."""
    return body.count(b"[") + body.count(b"{")


def predict(context: Context, model_id: str, body: bytes) -> bytes:
    """Return the predictions as the JSON of a `PredictView`.

    Raises NotFoundError, RequestValidationError, InvalidRowsError.
    """
    model = context.served.get(model_id)
    with model.lock.shared():
        return _predict(model, body)


def _predict(model: ServedModel, body: bytes) -> bytes:
    return write_json(answer(model, read_json(body, model.reader)))
