"""Models loaded for prediction: the most recently used ones stay in memory."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from engine.predictor import Predictor
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from service.runtime.loading_cache import LoadingCache
from service.serializers.rows import RowReader
from store.blobs.artifacts import get_artifact
from store.blobs.tensors import unpack_arrays
from store.datasets.datasets import get_dataset
from store.db.database import Database
from store.errors import NotFoundError
from store.models import ModelRecord, get_model

PREPROCESSING = TypeAdapter(Preprocessing)
# Python objects of a loaded model beside its arrays, measured: those of every model, and those of
# its spec and preprocessing per byte of their JSON.
BASE_BYTES = 32 * 2**10
BYTES_PER_JSON_BYTE = 8


class SharedLock:
    """A lock that threads share and that the event loop takes exclusively, only if it is free."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._sharers = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """For threads: hold it together with others; waits while the event loop has it."""
        with self._mutex:
            self._sharers += 1
        try:
            yield
        finally:
            with self._mutex:
                self._sharers -= 1

    @contextmanager
    def exclusive_if_free(self) -> Iterator[bool]:
        """For the event loop: hold it alone, or find that it is taken; never waits."""
        if not self._mutex.acquire(blocking=False):
            yield False
            return
        try:
            # Kept until the end of the block: a thread that comes meanwhile waits.
            yield not self._sharers
        finally:
            self._mutex.release()


@dataclass(frozen=True)
class ServedModel:
    """A model ready to predict; threads may share it.

    Attributes:
        id: of the model.
        preprocessing: as fitted.
        predictor: the network behind it; a thread may have to wait for it.
        reader: of rows for it.
        nbytes: of all of it in memory.
        lock: held while the predictor is in use.
    """

    id: str
    preprocessing: Preprocessing
    predictor: Predictor
    reader: RowReader
    nbytes: int
    lock: SharedLock = field(default_factory=SharedLock)


class ModelCache:
    """Loads a model once. A model is immutable and never deleted: what is loaded stays true.

    Args:
        database: with the models.
        max_bytes: of all models in memory; one that is larger is kept alone.
    """

    def __init__(self, database: Database, max_bytes: int) -> None:
        self._database = database
        self._models = LoadingCache(self._load, max_bytes)

    def find(self, model_id: str) -> ServedModel | None:
        """The model if it is in memory; never waits and never loads."""
        return self._models.find(model_id)

    def get(self, model_id: str) -> ServedModel:
        """The model, from memory or from the store. Raises NotFoundError."""
        return self._models.get(model_id)

    def _load(self, model_id: str) -> ServedModel:
        with self._database.reading() as session:
            record = get_model(session, model_id)
            data = get_artifact(session, record.artifact)
        preprocessing = PREPROCESSING.validate_python(record.preprocessing)
        spec = ResolvedSpec.model_validate(record.spec)
        predictor = Predictor(spec, preprocessing, unpack_arrays(data))
        # Rows of the dataset may be sent with all their columns.
        others = frozenset((*spec.needed_columns, *self._list_columns(record)))
        return ServedModel(
            id=model_id,
            preprocessing=preprocessing,
            predictor=predictor,
            reader=RowReader(preprocessing, others),
            nbytes=predictor.nbytes + _object_bytes(record, others),
        )

    def _list_columns(self, model: ModelRecord) -> tuple[str, ...]:
        """Names of the columns of the model's dataset, if it is still there."""
        try:
            with self._database.reading() as session:
                dataset = get_dataset(session, model.dataset_id or "")
        except NotFoundError:
            return ()
        return tuple(column.name for column in dataset.columns)


def _object_bytes(record: ModelRecord, others: frozenset[str]) -> int:
    """About what the model takes beside its arrays."""
    described = json.dumps([record.spec["network"], record.preprocessing, list(others)])
    return BASE_BYTES + BYTES_PER_JSON_BYTE * len(described)
