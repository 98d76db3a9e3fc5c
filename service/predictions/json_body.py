"""Rows or columns of a JSON body as the columns of a model."""

from service.http.json_bodies import parse_rows
from service.predictions.json_columns import read_json_columns
from service.predictions.json_limits import require_few_containers
from service.predictions.number_rows import read_number_rows
from service.schemas.predictions import MAX_ROWS, PredictRequest
from service.serializers.model_columns import NO_RULES, ColumnRules
from service.serializers.rows import ReadRows, RowReader


def read_json(body: bytes, reader: RowReader, rules: ColumnRules = NO_RULES) -> ReadRows:
    """Return the rows of a body.

    Arrays of plain numbers are read directly. The general reader reads any rows and explains what
    is wrong; for plain numbers it returns the same columns.

    Raises:
        RequestValidationError: the body is not a `PredictRequest`.
        InvalidRowsError: some rows are not rows of the model, or there are too many.
    """
    if reader.plain_width is not None:
        numbers = read_number_rows(body, reader.plain_width, MAX_ROWS)
        if numbers is not None:
            return reader.take_numbers(numbers)
    require_few_containers(body, reader.shapes)
    request = parse_rows(PredictRequest, body)
    if request.columns:
        return read_json_columns(request.columns, reader, rules)
    return reader.read(request.rows, rules)
