"""Models loaded for prediction: the most recently used ones stay in memory."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from pydantic import TypeAdapter

from engine.prediction import Predictor
from engine.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from service.rows import RowReader
from store.artifacts import get_artifact
from store.database import Database
from store.datasets import get_dataset
from store.errors import NotFoundError
from store.models import ModelRecord, get_model
from store.tensors import unpack_arrays

MAX_SERVED = 32
PREPROCESSING = TypeAdapter(Preprocessing)


@dataclass(frozen=True)
class ServedModel:
    """A model ready to predict; threads may share it."""

    record: ModelRecord
    preprocessing: Preprocessing
    predictor: Predictor
    reader: RowReader


class ServedModels:
    """Loads a model once. A model is immutable, so what is loaded never goes stale."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._models: OrderedDict[str, ServedModel] = OrderedDict()

    def has(self, model_id: str) -> bool:
        """Whether the model is in memory, so that using it waits for nothing."""
        return model_id in self._models

    def get(self, model_id: str) -> ServedModel:
        """The model, from memory or from the store. Raises NotFoundError."""
        with self._lock:
            model = self._models.get(model_id)
            if model is not None:
                self._models.move_to_end(model_id)
                return model
        model = self._load(model_id)
        with self._lock:
            self._models[model_id] = model
            if len(self._models) > MAX_SERVED:
                self._models.popitem(last=False)
        return model

    def _load(self, model_id: str) -> ServedModel:
        with self._database.reading() as session:
            record = get_model(session, model_id)
            data = get_artifact(session, record.artifact)
        preprocessing = PREPROCESSING.validate_python(record.preprocessing)
        spec = ResolvedSpec.model_validate(record.spec)
        predictor = Predictor(spec, preprocessing, unpack_arrays(data))
        # Rows of the dataset can be sent as they are.
        others = frozenset((*spec.needed_columns, *self._list_columns(record)))
        return ServedModel(record, preprocessing, predictor, RowReader(preprocessing, others))

    def _list_columns(self, model: ModelRecord) -> tuple[str, ...]:
        """Names of the columns of the model's dataset, if it is still there."""
        try:
            with self._database.reading() as session:
                dataset = get_dataset(session, model.dataset_id or "")
        except NotFoundError:
            return ()
        return tuple(column.name for column in dataset.columns)
