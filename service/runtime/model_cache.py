"""Cache of the models loaded for prediction."""

import json
from dataclasses import dataclass, replace

from engine.predictor import Predictor
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec, dump
from engine.stored.preprocessing import read_preprocessing
from engine.stored.specs import read_spec
from service.runtime.loading_cache import LoadingCache
from service.serializers.rows import RowReader
from store.blobs.artifacts import get_artifact
from store.blobs.tensors import unpack_arrays
from store.datasets.datasets import get_dataset
from store.db.database import Database
from store.errors import NotFoundError
from store.models import ModelRecord, get_model

# Measured memory of a loaded model's Python objects, without its arrays: a constant, plus a factor
# per byte of the JSON of spec and preprocessing.
BASE_BYTES = 32 * 2**10
BYTES_PER_JSON_BYTE = 8
# The event loop predicts with models up to this size: it bounds the time per row.
LOOP_MODEL_BYTES = 32 * 2**20


@dataclass(frozen=True)
class ServedModel:
    """A model ready to predict; threads may share it.

    Attributes:
        id: model id.
        preprocessing: fitted preprocessing.
        predictor: network with its preprocessing; a thread may have to wait for it.
        reader: reader of the client's rows.
        nbytes: approximate total size in memory.
    """

    id: str
    preprocessing: Preprocessing
    predictor: Predictor
    reader: RowReader
    nbytes: int


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, for threads and for the event loop.

    Attributes:
        for_threads: the model for threads, which wait for each other's chunks of rows.
        for_loop: the model for the event loop, which must never wait: its predictor has the same
            weights and its own workspaces. None if the model is too large to predict there.
        nbytes: approximate total size in memory.
    """

    for_threads: ServedModel
    for_loop: ServedModel | None
    nbytes: int


class ModelCache:
    """LRU cache of models; entries never become stale, because models are immutable.

    Args:
        database: database of the models.
        max_bytes: maximum total size in memory; a model that exceeds it is kept alone.
    """

    def __init__(self, database: Database, max_bytes: int) -> None:
        self._database = database
        self._models = LoadingCache(self._load, max_bytes)

    def find(self, model_id: str) -> ServedModel | None:
        """Return the model for the event loop; never blocks and never loads.

        None if the model is not in memory, or larger than LOOP_MODEL_BYTES.
        """
        loaded = self._models.find(model_id)
        return None if loaded is None else loaded.for_loop

    def get(self, model_id: str) -> ServedModel:
        """Return the model for a thread, loading it if necessary.

        Raises NotFoundError, LaterVersionError.
        """
        return self._models.get(model_id).for_threads

    def _load(self, model_id: str) -> LoadedModel:
        model = self._load_model(model_id)
        if model.nbytes > LOOP_MODEL_BYTES:
            return LoadedModel(model, None, model.nbytes)
        own = replace(model, predictor=model.predictor.share_weights())
        return LoadedModel(model, own, model.nbytes + model.predictor.nbytes)

    def _load_model(self, model_id: str) -> ServedModel:
        with self._database.reading() as session:
            record = get_model(session, model_id)
            data = get_artifact(session, record.artifact)
        preprocessing = read_preprocessing(record.preprocessing, record.spec_version)
        spec = read_spec(record.spec, record.spec_version)
        predictor = Predictor(spec, preprocessing, unpack_arrays(data))
        # Clients may send rows of the dataset with all their columns.
        others = frozenset((*spec.needed_columns, *self._list_columns(record)))
        return ServedModel(
            id=model_id,
            preprocessing=preprocessing,
            predictor=predictor,
            reader=RowReader(preprocessing, others, spec.input_shape),
            nbytes=predictor.nbytes + _object_bytes(record, spec, others),
        )

    def _list_columns(self, model: ModelRecord) -> tuple[str, ...]:
        """Return the column names of the model's dataset; empty if it has been deleted."""
        try:
            with self._database.reading() as session:
                dataset = get_dataset(session, model.dataset_id or "")
        except NotFoundError:
            return ()
        return tuple(column.name for column in dataset.columns)


def _object_bytes(record: ModelRecord, spec: ResolvedSpec, others: frozenset[str]) -> int:
    """Estimate the bytes of a model's Python objects, without its arrays."""
    described = json.dumps([dump(spec.network), record.preprocessing, list(others)])
    return BASE_BYTES + BYTES_PER_JSON_BYTE * len(described)
