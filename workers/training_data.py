"""The data of a job, prepared: from the cache of this machine, or from the dataset's rows."""

import hashlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from engine.data.rows import Rows
from engine.data.table import Table
from engine.preparation.prepare import Preparation, require_inputs
from engine.preparation.prepared_data import PreparedData, describe_preparation, prepared_from
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from store.blobs.blobs import BlobStore
from store.blobs.disk_cache import Cache
from store.blobs.disk_errors import is_disk_full, storage_error
from store.blobs.matrices import Matrices, MatrixWriter, open_matrices
from store.datasets.column_file import open_table
from store.datasets.datasets import DatasetRecord

MOST_KEPT = 16


@dataclass
class RecentData:
    """Prepared data by the digest of all that they depend on; the longest unused go first."""

    _kept: OrderedDict[str, PreparedData] = field(default_factory=OrderedDict)

    def find(self, key: str) -> PreparedData | None:
        """The data, if they were kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: str, data: PreparedData) -> None:
        """Keep data for other trainings, none of which may change them."""
        for rows in vars(data).values():
            if isinstance(rows, np.ndarray):
                rows.flags.writeable = False
        self._kept[key] = data
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


logger = logging.getLogger(__name__)

PREPROCESSING = TypeAdapter(Preprocessing)
# Data smaller than this are prepared faster than they are found.
LEAST_CACHED_BYTES = 2**20


@dataclass
class TrainingDataLoader:
    """Prepares the data of one job.

    Attributes:
        seconds: what it has taken so far.

    Args:
        spec: of the training.
        dataset: that is trained on.
        validation_dataset: whose rows validate, if they are another one's.
        known: the preprocessing that given weights were trained behind.
        blobs: where the datasets' column files are.
        cache: of matrices that were prepared before.
        recent: what this process has prepared of tiny tables.
        max_resident_bytes: data up to this size are kept in memory, more are read from the cache.
    """

    spec: ResolvedSpec
    dataset: DatasetRecord
    validation_dataset: DatasetRecord | None
    known: Preprocessing | None
    blobs: BlobStore
    cache: Cache
    recent: RecentData
    max_resident_bytes: int
    seconds: float = 0.0

    def prepare(self, fold: int | None = None) -> PreparedData:
        """The data with that fold held out, or all of them; raises what reading them may."""
        started = time.monotonic()
        data = self._prepare(fold)
        self.seconds += time.monotonic() - started
        return data

    def _prepare(self, fold: int | None) -> PreparedData:
        # One value of a table may be a thousand inputs: only what seems tiny is tried.
        if self.dataset.rows * len(self.spec.needed_columns) * 8 < LEAST_CACHED_BYTES:
            data = self._find_recent(fold)
            if data is not None:
                return data
        try:
            return self._find_cached(fold)
        except OSError as error:
            logger.warning("no room for prepared data: %s", error)
            data = self._prepare_in_memory(fold, self.max_resident_bytes)
            if data is None and is_disk_full(error):
                # The job goes back to the queue: it is the disk that must change.
                raise storage_error("prepared data", error) from error
            if data is None:
                raise
            return data

    def _find_recent(self, fold: int | None) -> PreparedData | None:
        """The data, unless they turn out not to be tiny."""
        key = self._key(fold)
        data = self.recent.find(key)
        if data is None:
            data = self._prepare_in_memory(fold, LEAST_CACHED_BYTES)
            if data is not None:
                self.recent.keep(key, data)
        else:
            require_inputs(self.spec, data.preprocessing.width)
        return data

    def _prepare_in_memory(self, fold: int | None, most_bytes: int) -> PreparedData | None:
        """The data, unless they are larger than that."""
        with self._preparation(fold) as preparation:
            return preparation.write() if preparation.data_bytes <= most_bytes else None

    def _find_cached(self, fold: int | None) -> PreparedData:
        def make(folder: Path) -> None:
            writer = MatrixWriter(folder)
            with self._preparation(fold) as preparation:
                data = preparation.write(writer.allocate)
            writer.finish(PREPROCESSING.dump_python(data.preprocessing, mode="json"))

        with self.cache.hold(self._key(fold), make) as folder:
            matrices = open_matrices(folder)
            arrays = self._arrays(matrices)
        preprocessing = PREPROCESSING.validate_python(matrices.notes)
        # The network may be another one than that of the job that they were prepared for.
        require_inputs(self.spec, preprocessing.width)
        return prepared_from(preprocessing, arrays)

    def _arrays(self, matrices: Matrices) -> dict[str, Rows]:
        if matrices.nbytes > self.max_resident_bytes:
            return dict(matrices.arrays)
        return {name: rows[0 : len(rows)] for name, rows in matrices.arrays.items()}

    @contextmanager
    def _preparation(self, fold: int | None) -> Iterator[Preparation]:
        with ExitStack() as held:
            table = self._open(self.dataset, held)
            other = self.validation_dataset
            validation_table = None if other is None else self._open(other, held)
            yield Preparation(
                self.spec, table, self.known, validation_table=validation_table, fold=fold
            )

    def _open(self, dataset: DatasetRecord, held: ExitStack) -> Table:
        path = held.enter_context(self.blobs.hold_path(dataset.blob, dataset.blob_sha256))
        return open_table(dataset, path)

    def _key(self, fold: int | None) -> str:
        """Everything that the arrays depend on, in a digest."""
        known = None if self.known is None else PREPROCESSING.dump_python(self.known, mode="json")
        datasets = (self.dataset, self.validation_dataset)
        what = {
            "spec": describe_preparation(self.spec, fold),
            "known": known,
            "datasets": [None if one is None else _describe(one) for one in datasets],
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def _describe(dataset: DatasetRecord) -> dict[str, Any]:
    """A dataset's rows, and the words it has for them, which its preprocessing keeps."""
    table = open_table(dataset, Path())
    return {"blob": dataset.blob_sha256 or dataset.id, "words": asdict(table.words)}
