"""Settings of all processes, read from BACKPROPD_* environment variables."""

import logging
import os
import re
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "BACKPROPD_"
MIB, GIB = 2**20, 2**30
# Variables of the previous release that this release still reads: old name to setting.
RENAMED_VARIABLES = {"BACKPROPD_RING_AGAIN_SECONDS": "redispatch_seconds"}

# A variable of these has its values separated by commas.
Texts = Annotated[tuple[str, ...], NoDecode]
# Times end in the calendar: 31 years from now are a date, an infinity is none.
Seconds = Annotated[float, Field(le=1e9)]
_ADDRESS = r"[0-9a-z._-]+|\[[0-9a-f:.]+\]"
_HOST = re.compile(rf"\*|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*|{_ADDRESS}", re.IGNORECASE)
_ORIGIN = re.compile(rf"https?://({_ADDRESS})(:[0-9]{{1,5}})?", re.IGNORECASE)

_BROKER_URLS = (
    "redis://host:port/number, rediss://…, redis+socket:///path or filesystem:///folder, with "
    "special characters of the password in percent-encoding"
)
# Further transports of Celery, which are not tested.
_OTHER_BROKERS = frozenset({"amqp", "amqps", "pyamqp", "sentinel", "memory"})

logger = logging.getLogger(__name__)


class Settings(BaseSettings):
    """Operator settings; frozen, so that they stay the same for the lifetime of a process."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="Default directory for all data.")
    database_url: str = Field(
        default="", description="SQLAlchemy database URL; default: SQLite in the data directory."
    )
    broker_url: str | None = Field(
        default=None, description="Celery broker URL; default: an embedded broker (`backpropd up`)."
    )
    blob_url: str = Field(
        default="",
        description="Blob store: file://… or s3://…; default: a folder in the data directory.",
    )
    blob_endpoint: str | None = Field(
        default=None, description="URL of an S3-compatible server; default: Amazon's."
    )
    blob_region: str | None = Field(default=None, description="Region of the bucket.")
    blob_access_key_id: str | None = Field(
        default=None, description="Access key ID for the bucket."
    )
    blob_secret_access_key: SecretStr | None = Field(
        default=None, description="Secret access key for the bucket; never logged."
    )
    blob_cache_bytes: int = Field(
        default=10 * GIB,
        gt=0,
        description="Maximum total size of local copies of a bucket's datasets.",
    )
    prepared_cache_bytes: int = Field(
        default=10 * GIB,
        gt=0,
        description="Maximum total size of the prepared matrices that workers cache on disk.",
    )
    model_cache_bytes: int = Field(
        default=512 * MIB,
        gt=0,
        description="Maximum total size of the models that the API processes of one command keep "
        "in memory, in equal shares.",
    )

    max_upload_bytes: int = Field(
        default=2048 * MIB, gt=0, description="Maximum size of an upload."
    )
    max_dataset_bytes: int = Field(
        default=8192 * MIB,
        gt=0,
        description="Maximum size of a dataset as it is stored, and maximum number of its cells.",
    )
    max_expansion: int = Field(
        default=200,
        ge=1,
        description="A dataset as it is stored, and a decompressed upload, may have this many "
        "times the bytes that were sent, plus 64 MiB.",
    )
    max_read_seconds: Seconds = Field(
        default=900, gt=0, description="Maximum processor time for reading an upload, in seconds."
    )
    max_read_memory_bytes: int = Field(
        default=1024 * MIB,
        gt=0,
        description="Maximum memory for reading a Parquet or Arrow file, which a child process of "
        "the API process does.",
    )
    upload_expiry_seconds: Seconds = Field(
        default=86_400,
        gt=0,
        description="A resumable upload expires this long after its last part.",
    )
    upload_part_bytes: int = Field(
        default=16 * MIB,
        gt=0,
        description="Size of the parts in which a resumable upload is stored.",
    )
    max_body_bytes: int = Field(
        default=16 * MIB, gt=0, description="Maximum size of a JSON body or a table to predict."
    )
    max_json_bytes: int = Field(
        default=MIB,
        gt=0,
        description="Maximum size of a JSON body without rows or weights, such as a job's request.",
    )
    max_columns: int = Field(
        default=10_000, gt=0, description="Maximum number of columns per dataset."
    )
    max_job_memory_bytes: int = Field(
        default=4096 * MIB,
        gt=0,
        description="Maximum memory per job: one whose estimate exceeds it is rejected, one that "
        "reaches it nevertheless fails as `out_of_memory`.",
    )
    max_resident_data_bytes: int = Field(
        default=256 * MIB,
        ge=0,
        description="Prepared data up to this size are kept in memory, larger data in files.",
    )

    slice_seconds: Seconds = Field(
        default=30,
        gt=0,
        description="Maximum time slice of a job before its worker may take another.",
    )
    lease_seconds: Seconds = Field(
        default=20, gt=0, description="A worker without a heartbeat for this long loses its job."
    )
    heartbeat_seconds: Seconds = Field(
        default=5, gt=0, description="Interval between lease renewals; at most half of the lease."
    )
    watch_seconds: Seconds = Field(
        default=0.5, gt=0, description="Interval at which a worker checks for a cancel or pause."
    )
    sweep_seconds: Seconds = Field(
        default=5, gt=0, description="Interval between sweeps for lost jobs and expired data."
    )
    record_seconds: Seconds = Field(
        default=0.5, ge=0, description="Interval at which the losses of short epochs are stored."
    )
    checkpoint_seconds: Seconds = Field(
        default=10,
        ge=0,
        description="Interval between checkpoints, the most training that a lost worker costs; "
        "longer if checkpoints would take more than 5 % of the time; 0: after every step.",
    )
    milestone_bytes: int = Field(
        default=64 * MIB,
        ge=0,
        description="Maximum total size of the up to 16 earlier checkpoints per training that are "
        "kept, also after its end, so that any of its steps can be explained; 0: none are kept.",
    )
    redispatch_seconds: Seconds = Field(
        default=2,
        gt=0,
        description="Seconds after which a queued job is published to the broker again.",
    )
    max_worker_losses: int = Field(
        default=3, ge=1, description="Number of consecutive worker losses after which a job fails."
    )

    max_unfinished_jobs: int = Field(
        default=10_000,
        ge=1,
        description="Maximum queued, running and paused jobs per owner; beyond: 429.",
    )
    max_running_jobs: int | None = Field(
        default=None,
        ge=1,
        description="Maximum running jobs per owner; further jobs stay in the queue.",
    )
    max_stored_bytes: int | None = Field(
        default=None,
        ge=1,
        description="Maximum total size of everything stored per owner: datasets, received parts "
        "of uploads, models, checkpoints, records of jobs, answers, deliveries; beyond: 429.",
    )
    max_unfinished_uploads: int = Field(
        default=1_000,
        ge=1,
        description="Maximum resumable uploads per owner that have neither become a dataset nor "
        "expired; beyond: 429.",
    )
    idempotency_seconds: Seconds = Field(
        default=86_400, gt=0, description="How long the response to an Idempotency-Key is kept."
    )
    client_timeout_seconds: Seconds = Field(
        default=10,
        gt=0,
        description="A client that stalls within a request for this long is disconnected.",
    )
    min_transfer_rate: int = Field(
        default=1_024,
        ge=0,
        description="Bytes per second that a client must send of a body, and read of a response "
        "that waits for it; slower ones are disconnected. 0: any rate.",
    )
    transfer_window_seconds: Seconds = Field(
        default=30, gt=0, description="Time over which the rate of a client is measured."
    )
    max_connections: int = Field(
        default=4_096,
        ge=1,
        description="Maximum connections per API process; beyond: 503.",
    )
    max_buffered_bytes: int | None = Field(
        default=None,
        ge=1,
        description="Maximum total size of request bodies that an API process holds in memory, and "
        "as much again of answers that clients have not read; default: 128 MiB, or twice "
        "BACKPROPD_MAX_BODY_BYTES if that is more. Beyond: 503 for the body that has been arriving "
        "for the longest time; a reset for the client that has not read for the longest time.",
    )

    allowed_hosts: Texts = Field(
        default=(),
        description="Names and addresses in the URLs of clients, separated by commas, besides "
        "those of loopback and the address that is listened on; `*`: any.",
    )
    allowed_origins: Texts = Field(
        default=(),
        description="Origins of pages that may send changes besides the service's own, such as "
        "`https://app.example.com`, separated by commas.",
    )

    webhook_private_addresses: bool = Field(
        default=False, description="Whether webhooks may call non-public addresses."
    )
    webhook_timeout_seconds: Seconds = Field(
        default=10, gt=0, description="Timeout of a webhook request."
    )
    webhook_retry_seconds: Seconds = Field(
        default=86_400, gt=0, description="How long a failed delivery is retried."
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_from_data_dir(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Default the database and blob URLs to the data directory."""
        data = Path(values.get("data_dir") or "data").absolute()
        values["data_dir"] = data
        if not values.get("database_url"):
            values["database_url"] = f"sqlite:///{data / 'backpropd.sqlite3'}"
        if not values.get("blob_url"):
            values["blob_url"] = f"file://{data / 'blobs'}"
        return values

    @field_validator("allowed_hosts", "allowed_origins", mode="before")
    @classmethod
    def _split_at_commas(cls, values: Any) -> Any:  # noqa: ANN401 - of any type before validation
        if isinstance(values, str):
            return tuple(part for value in values.split(",") if (part := value.strip()))
        return values

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not _HOST.fullmatch(host):
                msg = f"{host!r} is not a name or an address, without scheme and port, or *"
                raise ValueError(msg)
        return hosts

    @field_validator("allowed_origins")
    @classmethod
    def _origins_are_complete(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                msg = f"{origin!r} is not https://name or http://name:port, without a path"
                raise ValueError(msg)
        return origins

    @field_validator("broker_url")
    @classmethod
    def _broker_url_can_work(cls, url: str | None) -> str | None:
        if url is None or _is_broker_url(url):
            return url
        msg = f"must be {_BROKER_URLS}"  # without the value: it may contain a password
        raise ValueError(msg)

    @field_validator("blob_url")
    @classmethod
    def _blob_url_is_known(cls, url: str) -> str:
        if _is_blob_url(url):
            return url
        msg = "must be file:///folder or s3://bucket/prefix"
        raise ValueError(msg)

    @field_validator("blob_endpoint")
    @classmethod
    def _endpoint_is_a_url(cls, url: str | None) -> str | None:
        if url is not None and not _is_web_url(url):
            msg = "must be http://host:port or https://host:port"
            raise ValueError(msg)
        return url

    @model_validator(mode="after")
    def _lease_outlives_heartbeat(self) -> Self:
        if self.heartbeat_seconds * 2 > self.lease_seconds:
            msg = "lease_seconds must be at least twice heartbeat_seconds"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _a_body_fits_into_memory(self) -> Self:
        if self.body_memory_bytes < self.max_body_bytes:
            msg = "max_buffered_bytes must be at least max_body_bytes"
            raise ValueError(msg)
        return self

    @property
    def body_memory_bytes(self) -> int:
        """`max_buffered_bytes`, or its default."""
        if self.max_buffered_bytes is not None:
            return self.max_buffered_bytes
        return max(128 * MIB, 2 * self.max_body_bytes)

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give a child process the same settings."""
        return {
            f"{PREFIX}{name.upper()}": _revealed(value)
            for name, value in self.model_dump().items()
            if value is not None
        }


def _is_broker_url(url: str) -> bool:
    """Whether a broker can have the URL."""
    parts = _split(url)
    match parts.scheme:
        case "redis" | "rediss":
            number = parts.path.strip("/")
            return bool(parts.hostname) and (not number or number.isdecimal())
        case "redis+socket" | "filesystem":
            return bool(parts.path.strip("/"))
        case scheme:
            return scheme in _OTHER_BROKERS


def _is_blob_url(url: str) -> bool:
    """Whether it is file:///folder or s3://bucket/prefix."""
    parts = _split(url)
    match parts.scheme:
        case "file":
            return not parts.netloc and bool(parts.path)
        case "s3":
            return bool(parts.netloc)
        case _:
            return False


def _is_web_url(url: str) -> bool:
    """Whether it is http or https, with a host and, if any, a port that is a number."""
    parts = _split(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0


def _split(url: str) -> SplitResult:
    """Return the parts; empty ones if the host is malformed or the port is not a number."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts


def _revealed(value: Any) -> str:  # noqa: ANN401 - each setting has its own type
    match value:
        case SecretStr():
            return value.get_secret_value()
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - each setting has its own type
    """Read the settings from the environment; overrides that are None are ignored."""
    stated = {name: value for name, value in overrides.items() if value is not None}
    return Settings(**{**_renamed_settings(), **stated})


def _renamed_settings() -> dict[str, str]:
    """Return settings set under their previous names; a new name takes precedence."""
    found: dict[str, str] = {}
    for variable, setting in RENAMED_VARIABLES.items():
        renamed = f"{PREFIX}{setting.upper()}"
        if variable in os.environ and renamed not in os.environ:
            logger.warning("%s is now %s; the next release ignores the old one", variable, renamed)
            found[setting] = os.environ[variable]
    return found
