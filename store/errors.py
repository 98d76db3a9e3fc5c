"""Errors of the store; each class has a machine-readable code."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

# A step of a network of a job: `step`, and `fold`, null for the final network.
StepOfJob = Mapping[str, int | None]


class StoreError(Exception):
    """Base class of the store's errors."""

    code = "store_error"


class NotFoundError(StoreError):
    """The row does not exist, or was deleted.

    Args:
        noun: what does not exist.
        key: its id.
        hint: what the id is instead, if known.
    """

    code = "not_found"

    def __init__(self, noun: str, key: str, hint: str | None = None) -> None:
        self.noun = noun
        self.key = key
        super().__init__(f"no {noun} with id {key}{'' if hint is None else f': {hint}'}")


class IllegalTransitionError(StoreError):
    """The job's status does not allow the requested change."""

    code = "illegal_transition"

    def __init__(self, job_id: str, status: str, change: str) -> None:
        self.job_id = job_id
        self.status = status
        self.change = change
        super().__init__(f"job {job_id} is {status}: it cannot be {change}")


class ExternalIdTakenError(StoreError):
    """The external id belongs to another job, or to this job with a different request."""

    code = "external_id_taken"

    def __init__(self, external_id: str, job_id: str) -> None:
        self.external_id = external_id
        self.job_id = job_id
        super().__init__(f"the external id {external_id!r} belongs to job {job_id}")


class KeyReusedError(StoreError):
    """The Idempotency-Key was already used for a different request."""

    code = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the Idempotency-Key {key[:80]!r} was used for a different request")


class KeyTakenError(StoreError):
    """A concurrent request with the same Idempotency-Key is in progress, or has just completed."""

    code = "idempotency_key_taken"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"a request with the Idempotency-Key {key[:80]!r} is in progress")


class LimitReachedError(StoreError):
    """The owner has reached a quota; retry after jobs have finished or data was deleted."""

    code = "limit_reached"

    def __init__(self, what: str, limit: int, used: int) -> None:
        self.what = what
        self.limit = limit
        self.used = used
        super().__init__(f"at most {limit} {what} are allowed; try again later")


class DatasetInUseError(StoreError):
    """Unfinished jobs use the dataset."""

    code = "dataset_in_use"

    def __init__(self, dataset_id: str, jobs: int) -> None:
        self.dataset_id = dataset_id
        self.jobs = jobs
        super().__init__(f"dataset {dataset_id} is used by {jobs} unfinished job(s)")


class UploadExpiredError(StoreError):
    """The upload expired or was cancelled; its bytes are being deleted."""

    code = "upload_expired"

    def __init__(self, upload_id: str) -> None:
        self.upload_id = upload_id
        super().__init__(f"upload {upload_id} has expired")


class OffsetConflictError(StoreError):
    """The part does not start at the upload's current offset, or exceeds its length."""

    code = "offset_conflict"

    def __init__(self, upload_id: str, offset: int, sent: int) -> None:
        self.upload_id = upload_id
        self.offset = offset
        super().__init__(f"upload {upload_id} continues at byte {offset}, not at {sent}")


class StepNotFoundError(StoreError):
    """The job has no such step.

    Args:
        step: the step, such as `step 40 of fold 2`.
        reason: which steps exist.
        last: the last step of the same network, if it has any and they are known.
    """

    code = "step_not_found"

    def __init__(self, step: str, reason: str, last: StepOfJob | None = None) -> None:
        self.step = step
        self.reason = reason
        self.last = last
        super().__init__(f"{step} does not exist: {reason}")


class RowNotFoundError(StoreError):
    """The dataset has no such row.

    Args:
        dataset_id: id of the dataset.
        number: the row number.
        rows: number of rows of the dataset.
    """

    code = "row_not_found"

    def __init__(self, dataset_id: str, number: int, rows: int) -> None:
        self.number = number
        self.rows = rows
        super().__init__(
            f"row {number} does not exist: dataset {dataset_id} has rows 0 to {rows - 1:,}"
        )


class ReplayTooLongError(StoreError):
    """Repeating the steps from the nearest kept state takes longer than is allowed here.

    Args:
        steps: number of steps to repeat.
        seconds: estimated duration.
        limit: allowed duration in seconds.
        from_step: step of the kept state, counted over all networks of the job.
    """

    code = "replay_too_long"

    def __init__(self, steps: int, seconds: float, limit: float, from_step: int) -> None:
        self.steps = steps
        self.seconds = seconds
        self.limit = limit
        self.from_step = from_step
        super().__init__(
            f"{steps:,} steps from the state kept at step {from_step:,} take about "
            f"{seconds:,.1f} s; at most {limit:g} s are allowed here"
        )


class DatasetGoneError(StoreError):
    """A dataset or model that the job was trained from has been deleted.

    Args:
        what: the dataset or model, with its id.
        steps: steps whose states are kept, by their names, such as `step 40 of fold 2`.
    """

    code = "dataset_gone"

    def __init__(self, what: str, steps: Mapping[str, StepOfJob]) -> None:
        self.what = what
        self.steps = steps
        super().__init__(f"{what}, which the job was trained from, has been deleted: {self.advice}")

    @property
    def advice(self) -> str:
        """The steps that can still be explained."""
        if not self.steps:
            return "no state of the job is kept, so that no step can be explained"
        *others, last = self.steps
        named = " and ".join(filter(None, (", ".join(others), last)))
        return f"{named} can still be explained, with a row of your own"


class NotReplayableError(StoreError):
    """A replay of the job cannot prove its digest.

    Args:
        job_id: id of the job.
        code: short name of the reason.
        reason: the reason as a clause.
    """

    code = "not_replayable"

    def __init__(self, job_id: str, code: str, reason: str) -> None:
        self.job_id = job_id
        self.code = code
        self.reason = reason
        super().__init__(f"job {job_id} cannot be replayed: {reason}")


class LeaseLostError(StoreError):
    """The lease is no longer valid: another worker holds the job, or the job has ended."""

    code = "lease_lost"

    def __init__(self, job_id: str, token: int) -> None:
        self.job_id = job_id
        self.token = token
        super().__init__(f"lease {token} on job {job_id} is no longer valid")


@dataclass(frozen=True)
class FileLocation:
    """Location of an error in an uploaded file; None where unknown.

    Attributes:
        line: line of the file, from 1; for formats without lines, the row.
        column: name of the column.
        text: the text found there, truncated.
        expected: the expected content.
    """

    line: int | None = None
    column: str | None = None
    text: str | None = None
    expected: str | None = None


class IntakeError(StoreError):
    """The uploaded file cannot be read as a table."""

    code = "invalid_file"

    def __init__(self, code: str, detail: str, place: FileLocation | None = None) -> None:
        self.code = code
        self.place = place
        super().__init__(detail)


class IntakeLimitError(IntakeError):
    """Reading the uploaded file would produce, or take, more than is allowed.

    Args:
        code: short name of the limit.
        detail: what exceeds it, and by how much.
        reached: what was reached when reading stopped, in units.
        limit: the limit in units.
        unit: unit of both, in the plural.
        setting: environment variable that raises the limit; None if none does.
    """

    def __init__(
        self, code: str, detail: str, reached: float, limit: float, unit: str, setting: str | None
    ) -> None:
        self.reached = reached
        self.limit = limit
        self.unit = unit
        self.setting = setting
        super().__init__(code, detail if setting is None else f"{detail}; {setting} sets the limit")


class ReadingTimeError(IntakeLimitError):
    """Reading a file takes more processor time than it may.

    Args:
        reached: processor time until reading stopped, in seconds.
        limit: the limit in seconds.
        setting: environment variable that sets the limit; None if none does.
    """

    def __init__(self, reached: float, limit: float, setting: str | None) -> None:
        detail = f"reading the file takes more than {limit:g} s of processor time"
        shown = math.ceil(reached * 1000) / 1000
        super().__init__("reading_too_long", detail, shown, limit, "seconds", setting)


class ReadingStoppedError(StoreError):
    """Reading a file was stopped: the service is stopping, or the client has disconnected."""

    code = "stopping"

    def __init__(self) -> None:
        super().__init__("the service is stopping; send the request again")


class DamagedArtifactError(StoreError):
    """Stored weights or a checkpoint whose bytes are not those that were stored."""

    code = "artifact_damaged"

    def __init__(self, sha256: str, reason: str) -> None:
        self.sha256 = sha256
        detail = f"the stored artifact {sha256} is damaged: {reason}"
        super().__init__(f"{detail}; restore the database from a backup")


class UnstorableValueError(StoreError):
    """A value that the database cannot hold, such as a number that is not finite."""

    code = "unstorable_value"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"a value cannot be stored: {reason}")


class StoreUnavailableError(StoreError):
    """The database or another backend is unavailable; the client may retry later."""

    code = "database_unavailable"


class StorageFullError(StoreUnavailableError):
    """The disk is full, or a disk quota is used up; retry after space was freed."""

    code = "storage_full"


class ConfigurationError(StoreError):
    """A setting, or what it names, cannot work until the operator changes it."""

    code = "configuration"


class SchemaError(ConfigurationError):
    """The database schema does not match this version."""

    code = "schema_mismatch"


class DamagedDatabaseError(ConfigurationError):
    """The database file is damaged, or is not an SQLite database."""

    code = "damaged_database"
