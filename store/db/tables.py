"""Table definitions for SQLAlchemy Core; the migrations create the tables."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
    true,
)

from store.db.clock import Instant
from store.db.finite import FiniteFloat

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# None is NULL, not JSON null.
Json = JSON(none_as_null=True)
# SQLite autoincrements only a primary key declared INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")

datasets = Table(
    "datasets",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", Text, nullable=False),
    # receiving → ready → deleting: only ready datasets are visible; the others are being written
    # or deleted, and a sweep cleans up after a crash.
    Column("state", String(16), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("column_count", Integer, nullable=False),
    Column("columns", Json, nullable=False),
    # Here and below: the version of the stored values, see `engine.stored.versions`.
    Column("spec_version", Integer, nullable=False, server_default="1"),
    # How the file was read: format, stated or detected options, and notices of changes.
    Column("format", String(16), nullable=False, server_default="csv"),
    Column("options", Json, nullable=False, server_default="{}"),
    Column("notices", Json, nullable=False, server_default="[]"),
    # The column file; datasets with equal bytes and options share it.
    Column("blob", String(128), nullable=False, server_default=""),
    Column("blob_sha256", String(64), nullable=False, server_default=""),
    Column("blob_bytes", BigInteger, nullable=False, server_default="0"),
    Column("fingerprint", String(64), nullable=False, server_default="", index=True),
    Column("created_at", Instant, nullable=False),
)

# Bytes stored per owner with a limit, see `store.usage`; `records` are counted by a sweep only.
stored_bytes = Table(
    "stored_bytes",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("datasets", BigInteger, nullable=False, default=0),
    Column("uploads", BigInteger, nullable=False, default=0),
    Column("weights", BigInteger, nullable=False, default=0),
    Column("records", BigInteger, nullable=False, default=0),
    Column("counted_at", Instant, nullable=False),
)

# One row: the id of this database, which blobs that it may delete are marked with.
instance = Table(
    "instance",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("swept_at", Instant, nullable=False),
)

# Files sent in several requests (tus); the received bytes are blobs, one per part.
uploads = Table(
    "uploads",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    # As sent by the client: file name, media type and other keys.
    Column("metadata", Json, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

upload_parts = Table(
    "upload_parts",
    metadata,
    Column("upload_id", String(64), ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("bytes", BigInteger, nullable=False),
    Column("blob", String(128), nullable=False),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
)

artifact_chunks = Table(
    "artifact_chunks",
    metadata,
    Column(
        "sha256", String(64), ForeignKey("artifacts.sha256", ondelete="CASCADE"), primary_key=True
    ),
    Column("position", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

_ACTIVE = text("status IN ('queued', 'running', 'pausing', 'cancelling')")
_HAS_SUBJECT = text("subject_id IS NOT NULL")

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    # The kind of work, see `store.statuses.KINDS`.
    Column("kind", String(32), nullable=False, server_default="training"),
    Column("owner", String(64), nullable=False),
    Column("name", Text, nullable=False),
    # The client's own id of the job, unique per owner and kind, and the digest of its request.
    Column("external_id", String(255)),
    Column("request_sha256", String(64)),
    Column("metadata", Json, nullable=False),
    # The training that a replay or an explanation is about; NULL for trainings.
    Column("subject_id", String(64)),
    # The step and the request that an explanation is for; NULL for others.
    Column("question", Json),
    # The dataset that the work reads; it cannot be deleted until the job has ended.
    Column("dataset_id", String(64), nullable=False, index=True),
    Column("dataset_sha256", String(64), nullable=False),
    # The validation dataset, if it is a separate one.
    Column("validation_dataset_id", String(64), index=True),
    Column("spec", Json, nullable=False),
    Column("spec_version", Integer, nullable=False, server_default="1"),
    # Initial weights: {"model_id": …}; NULL for random ones.
    Column("start_from", Json),
    Column("priority", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_reason", String(32)),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    # The lease: the worker that may write, its expiry, and the fencing token of its writes.
    Column("lease_expires_at", Instant),
    Column("worker", Text),
    # Hash of the environment that its worker must have, see `store.environment`; NULL for any.
    Column("required_environment", String(64)),
    Column("token", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker_losses", Integer, nullable=False),
    Column("claimed_at", Instant),
    Column("dispatched_at", Instant),
    # When the lease was found expired; NULL otherwise.
    Column("stalled_at", Instant),
    Column("steps", BigInteger, nullable=False, default=0),
    # Findings about spec, data and result, see `engine.findings.Finding`.
    Column("findings", Json, nullable=False, server_default="[]"),
    # Result of the work, if it is a few values; NULL before the end.
    Column("result", Json),
    # Only trainings change these columns, down to `digest`.
    Column("epoch", Integer, nullable=False, default=0),
    Column("samples_per_second", FiniteFloat("samples_per_second")),
    Column("epochs_since_best", Integer, nullable=False, default=0),
    # Cross-validation: number of finished folds, and their results.
    Column("folds_done", Integer, nullable=False, server_default="0"),
    Column("cross_validation", Json),
    Column("latest_metrics", Json),
    Column("best_metrics", Json),
    # Metrics of the final weights on the test rows.
    Column("test_metrics", Json),
    # The classes that the outputs stand for, in their order; known once the data are prepared.
    Column("classes", Json),
    # Numbers of rows of the parts, see `engine.preparation.part_rows`; known with the classes.
    Column("rows", Json),
    # Hashes of what a training computes from and of what it computed, see `store.jobs.digest`.
    Column("digest", Json),
    Column("preparing_seconds", FiniteFloat("preparing_seconds"), nullable=False, default=0.0),
    Column("training_seconds", FiniteFloat("training_seconds"), nullable=False, default=0.0),
    Column("saving_seconds", FiniteFloat("saving_seconds"), nullable=False, default=0.0),
    Column("environment", Json),
    # Whether all steps ran in environments with equal fingerprints.
    Column("exact", Boolean, nullable=False, server_default=true()),
    Column("model_id", String(64)),
    Column("error", Json),
    # No index begins with the kind: SQLite would prefer it for claims, and read all past jobs.
    Index("ix_jobs_status", "status", "kind", "id"),
    Index(
        "ix_jobs_active",
        "priority",
        "id",
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    Index(
        "ix_jobs_subject_id",
        "subject_id",
        "kind",
        "id",
        sqlite_where=_HAS_SUBJECT,
        postgresql_where=_HAS_SUBJECT,
    ),
    Index("ix_jobs_owner_claimed_at", "owner", "claimed_at"),
    Index("ix_jobs_owner_external_id", "owner", "kind", "external_id", unique=True),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", String(32)),
    Column("at", Instant, nullable=False),
    Index("ix_transitions_job_id", "job_id", "id"),
)

events = Table(
    "events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("level", String(8), nullable=False),
    Column("type", String(32), nullable=False),
    Column("data", Json, nullable=False),
    Index("ix_events_job_id", "job_id", "id"),
)

losses = Table(
    "losses",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("loss", FiniteFloat("loss"), nullable=False),
    Column("validation_loss", FiniteFloat("validation_loss")),
    Column("metrics", Json, nullable=False),
    Column("learning_rate", FiniteFloat("learning_rate"), nullable=False),
    # Null where it is not finite.
    Column("gradient_norm", FiniteFloat("gradient_norm")),
    Column("seconds", FiniteFloat("seconds"), nullable=False),
    # How each layer is doing, see `engine.training.layer_diagnostics.LayerStats`.
    Column("layers", Json, nullable=False, server_default="[]"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("steps", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False, default=0),
    Column("numbers", Json, nullable=False),
    Column("spec_version", Integer, nullable=False, server_default="1"),
    # Metrics of the last finished epoch, so that lists need not read `numbers`.
    Column("metrics", Json, nullable=False, server_default="{}"),
    # Of the last finished epoch, by the metric that the best is chosen by; lower is better.
    Column("score", FiniteFloat("score")),
    Column("artifact", String(64), ForeignKey("artifacts.sha256"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", Text, nullable=False),
    # NULL for imported models, which have no lineage.
    Column("job_id", String(64), ForeignKey("jobs.id"), index=True),
    Column("dataset_id", String(64)),
    Column("dataset_sha256", String(64)),
    Column("spec", Json, nullable=False),
    Column("preprocessing", Json, nullable=False),
    Column("spec_version", Integer, nullable=False, server_default="1"),
    # Of the weights, by name; `test` has those of the test rows.
    Column("metrics", Json, nullable=False),
    Column("cross_validation", Json),
    Column("parameter_count", BigInteger, nullable=False),
    Column("partial", Boolean, nullable=False),
    Column("artifact", String(64), ForeignKey("artifacts.sha256"), nullable=False, index=True),
    # The version of the bits of its last step; NULL for imported models.
    Column("numerics", Integer),
    Column("created_at", Instant, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    # See `store.environment`; NULL for workers of earlier versions.
    Column("environment", Json),
)

# Responses to requests with an Idempotency-Key, written in the transaction of the request.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    # Hash of method, path and body: the key cannot be reused for a different request.
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

# Subscriptions to the events of one job, or of all jobs of an owner.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), index=True),
    Column("url", Text, nullable=False),
    # Event types; NULL for the default types.
    Column("events", Json),
    Column("secret", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("created_at", Instant, nullable=False),
)

_PENDING = text("status = 'pending'")

# The outbox: deliveries, written in the same transaction as the event.
deliveries = Table(
    "deliveries",
    metadata,
    # Sent as `webhook-id`, the same in every attempt.
    Column("id", String(64), primary_key=True),
    Column("webhook_id", String(64), ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("job_id", String(64)),
    Column("type", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    # pending → delivered | failed.
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Index("ix_deliveries_webhook_id", "webhook_id", "id"),
    Index(
        "ix_deliveries_pending",
        "next_attempt_at",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column(
        "delivery_id",
        String(64),
        ForeignKey("deliveries.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("seconds", FiniteFloat("seconds"), nullable=False),
    Column("response_status", Integer),
    Column("error", Text),
)
