"""Models of the protocol: a model id is the name, and each model has the version "1"."""

from engine.preprocessing.fitted import FittedBoolean, FittedColumn, FittedNumeric
from service.context import Context
from service.http.errors import NotReadyError
from service.inference.datatypes import BOOL, BYTES, FP64
from service.inference.names import FEATURES
from service.inference.outputs import list_outputs
from service.inference.rows import takes_matrix
from service.runtime.model_cache import ServedModel
from service.schemas.inference import (
    ModelMetadataView,
    ModelReadyView,
    TensorMetadataView,
)
from store.db.migrate import check_schema
from store.errors import StoreError

VERSION = "1"
PLATFORM = "backpropd"
# Dimensions of a size that the request decides.
_ANY = -1


def find_model(context: Context, model_id: str) -> ServedModel:
    """Return a model, loading it if necessary. Raises NotFoundError, LaterVersionError."""
    return context.served.get(model_id)


def require_ready(context: Context) -> None:
    """Check that models can be read. Raises NotReadyError."""
    try:
        check_schema(context.database)
    except StoreError as error:
        raise NotReadyError(f"database: {error.code}") from error


def check_model(context: Context, model_id: str) -> ModelReadyView:
    """Load a model, so that it is ready. Raises NotFoundError, LaterVersionError."""
    return ModelReadyView(name=find_model(context, model_id).id, ready=True)


def describe_model(context: Context, model_id: str) -> ModelMetadataView:
    """Return the metadata of a model. Raises NotFoundError, LaterVersionError."""
    model = find_model(context, model_id)
    outputs = [
        TensorMetadataView(
            name=output.name,
            datatype=output.datatype,
            shape=[_ANY, *output.sides],
            parameters=dict(output.describe()) or None,
        )
        for output in list_outputs(model)
    ]
    return ModelMetadataView(
        name=model.id,
        versions=[VERSION],
        platform=PLATFORM,
        inputs=_describe_inputs(model),
        outputs=outputs,
    )


def _describe_inputs(model: ServedModel) -> list[TensorMetadataView]:
    """Return one tensor per column, and the matrix that may replace them."""
    columns = model.preprocessing.columns
    inputs = [
        TensorMetadataView(name=column.name, datatype=_datatype(column), shape=[_ANY])
        for column in columns
    ]
    if takes_matrix(model):
        shape = [_ANY, len(columns)]
        parameters = {"replaces": "the tensors of all columns, in their order"}
        inputs.append(
            TensorMetadataView(name=FEATURES, datatype=FP64, shape=shape, parameters=parameters)
        )
    return inputs


def _datatype(column: FittedColumn) -> str:
    match column:
        case FittedNumeric():
            return FP64
        case FittedBoolean():
            return BOOL
        case _:
            return BYTES
