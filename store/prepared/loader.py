"""Loading of a job's prepared data, from this machine's cache or from the dataset's rows."""

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.arrays import Indices
from engine.data.rows import Rows
from engine.data.table import Table
from engine.findings import Finding
from engine.preparation.part_rows import PartRows
from engine.preparation.prepare import Preparation, require_inputs
from engine.preparation.prepared_data import PreparedData, describe_preparation, prepared_from
from engine.preparation.split_table import find_training_rows
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.stored.preprocessing import dump_preprocessing, read_preprocessing
from engine.stored.versions import SPEC_VERSION
from store.blobs.blobs import BlobStore
from store.blobs.disk_cache import Cache
from store.blobs.disk_errors import is_disk_full, storage_error
from store.blobs.matrices import Matrices, MatrixWriter, open_matrices
from store.datasets.column_file import ColumnFile, open_table
from store.datasets.datasets import DatasetRecord
from store.environment import decisive_values
from store.environment.memory import return_free_memory
from store.prepared.recent import RecentData

logger = logging.getLogger(__name__)

# Smaller data are prepared faster than they are read from the cache.
LEAST_CACHED_BYTES = 2**20


@dataclass
class TrainingDataLoader:
    """Loads and prepares the data of one job.

    Attributes:
        seconds: total time spent on preparation so far.

    Args:
        spec: resolved spec of the training.
        dataset: training dataset.
        validation_dataset: separate validation dataset, or None.
        test_dataset: separate test dataset, or None.
        fitted: preprocessing that the initial weights were trained with, or None.
        blobs: store of the datasets' column files.
        cache: on-disk cache of prepared matrices, shared by the processes of this machine.
        recent: in-memory cache of small prepared tables of this process.
        environment: fingerprint of this process: data prepared in one with other bits are not used.
        max_resident_bytes: larger data are not loaded into memory but read from the cache's files.
    """

    spec: ResolvedSpec
    dataset: DatasetRecord
    validation_dataset: DatasetRecord | None
    test_dataset: DatasetRecord | None
    fitted: Preprocessing | None
    blobs: BlobStore
    cache: Cache
    recent: RecentData
    environment: Mapping[str, Any]
    max_resident_bytes: int
    seconds: float = 0.0

    def prepare(self, fold: int | None = None) -> PreparedData:
        """Return the data with `fold` as the validation rows, or all of them if it is None.

        Arrays in memory are read-only. Raises the errors of reading the dataset.
        """
        started = time.monotonic()
        data = self._prepare(fold)
        for rows in data.arrays:
            if isinstance(rows, np.ndarray):
                rows.flags.writeable = False
        self.seconds += time.monotonic() - started
        return data

    def _prepare(self, fold: int | None) -> PreparedData:
        # One table value may become a thousand inputs: the size in bytes is only an estimate.
        if self.dataset.rows * len(self.spec.needed_columns) * 8 < LEAST_CACHED_BYTES:
            data = self._find_recent(fold)
            if data is not None:
                return data
        try:
            return self._find_cached(fold)
        except OSError as error:
            logger.warning("no disk space for prepared data: %s", error)
            data = self._prepare_in_memory(fold, self.max_resident_bytes)
            if data is None and is_disk_full(error):
                # The job returns to the queue: it can run once the disk has free space.
                raise storage_error("prepared data", error) from error
            if data is None:
                raise
            return data

    def _find_recent(self, fold: int | None) -> PreparedData | None:
        """Return small data from the in-memory cache; None if they are too large for it."""
        key = self._key(fold)
        data = self.recent.find(key)
        if data is None:
            data = self._prepare_in_memory(fold, LEAST_CACHED_BYTES)
            if data is not None:
                self.recent.keep(key, data)
        else:
            require_inputs(self.spec, data.preprocessing.width)
        return data

    def _prepare_in_memory(self, fold: int | None, max_bytes: int) -> PreparedData | None:
        """Prepare the data in memory; None if they exceed `max_bytes`."""
        with self._preparation(fold) as preparation:
            return preparation.write() if preparation.data_bytes <= max_bytes else None

    def _find_cached(self, fold: int | None) -> PreparedData:
        def make(folder: Path) -> None:
            writer = MatrixWriter(folder)
            with self._preparation(fold) as preparation:
                data = preparation.write(writer.allocate)
            findings = [asdict(finding) for finding in data.findings]
            writer.finish(
                {
                    "preprocessing": dump_preprocessing(data.preprocessing),
                    "findings": findings,
                    "part_rows": None if data.part_rows is None else asdict(data.part_rows),
                }
            )
            # The many small arrays of preparing leave gaps, which large arrays do not fit into.
            return_free_memory()

        with self.cache.hold(self._key(fold), make) as folder:
            matrices = open_matrices(folder)
            arrays = self._arrays(matrices)
        preprocessing = read_preprocessing(matrices.notes["preprocessing"], SPEC_VERSION)
        findings = [Finding(**finding) for finding in matrices.notes["findings"]]
        counts = matrices.notes["part_rows"]
        part_rows = None if counts is None else PartRows.from_json(counts)
        # The cached data may have been prepared for a job with another network.
        require_inputs(self.spec, preprocessing.width)
        return prepared_from(preprocessing, arrays, findings, part_rows)

    def _arrays(self, matrices: Matrices) -> dict[str, Rows]:
        if matrices.nbytes > self.max_resident_bytes:
            return dict(matrices.arrays)
        return {name: rows[0 : len(rows)] for name, rows in matrices.arrays.items()}

    def find_training_rows(self, fold: int | None = None) -> Indices:
        """Return the dataset's row number of each training row, in the order of the arrays.

        Args:
            fold: index of the validation fold, from 0; None for the final network.
        """
        target = None if self.fitted is None else self.fitted.target
        with self.open_dataset() as table:
            return find_training_rows(self.spec, table, target, fold)

    @contextmanager
    def open_dataset(self) -> Iterator[ColumnFile]:
        """Open the training dataset's table. Raises NotFoundError."""
        with ExitStack() as stack:
            yield self._open(self.dataset, stack)

    @contextmanager
    def _preparation(self, fold: int | None) -> Iterator[Preparation]:
        with ExitStack() as stack:
            yield Preparation(
                self.spec,
                self._open(self.dataset, stack),
                self.fitted,
                validation_table=self._open_other(self.validation_dataset, stack),
                test_table=self._open_other(self.test_dataset, stack),
                fold=fold,
            )

    def _open_other(self, dataset: DatasetRecord | None, stack: ExitStack) -> Table | None:
        return None if dataset is None else self._open(dataset, stack)

    def _open(self, dataset: DatasetRecord, stack: ExitStack) -> ColumnFile:
        path = stack.enter_context(self.blobs.hold_path(dataset.blob, dataset.blob_sha256))
        return open_table(dataset, path)

    def _key(self, fold: int | None) -> str:
        """Return the digest of everything that the prepared arrays depend on."""
        fitted = None if self.fitted is None else dump_preprocessing(self.fitted)
        datasets = (self.dataset, self.validation_dataset, self.test_dataset)
        key = {
            "environment": decisive_values(self.environment),
            # The notes of an entry are of the version of its key.
            "spec_version": SPEC_VERSION,
            "spec": describe_preparation(self.spec, fold),
            "known": fitted,
            "datasets": [None if one is None else _describe(one) for one in datasets],
        }
        return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def _describe(dataset: DatasetRecord) -> dict[str, Any]:
    """Return a dataset's content hash and its file conventions, which preprocessing stores."""
    table = open_table(dataset, Path())
    return {"blob": dataset.blob_sha256 or dataset.id, "words": asdict(table.words)}
