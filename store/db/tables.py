"""The tables, as SQLAlchemy Core sees them; migrations/ makes them."""

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

# None is NULL, not the JSON word null.
Json = JSON(none_as_null=True)
# SQLite counts rows up only for a primary key that is declared INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")

datasets = Table(
    "datasets",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", Text, nullable=False),
    # receiving → ready → deleting: only a ready dataset is visible, the others are being
    # written or erased, and a sweep finishes what a crash left behind.
    Column("state", String(16), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("column_count", Integer, nullable=False),
    Column("columns", Json, nullable=False),
    # How the file was read: its format, what was stated or detected, and what was changed.
    Column("format", String(16), nullable=False, server_default="csv"),
    Column("options", Json, nullable=False, server_default="{}"),
    Column("notices", Json, nullable=False, server_default="[]"),
    # The column file; datasets of the same bytes, read in the same way, share it.
    Column("blob", String(128), nullable=False, server_default=""),
    Column("blob_sha256", String(64), nullable=False, server_default=""),
    Column("fingerprint", String(64), nullable=False, server_default="", index=True),
    Column("created_at", Instant, nullable=False),
)

# Files that arrive in several requests (tus); their bytes so far are blobs, one a part.
uploads = Table(
    "uploads",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    # As the client sent it: file name, media type, and whatever else.
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

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", Text, nullable=False),
    # The client's own name for the job, and the digest of what was asked for under it.
    Column("external_id", String(255)),
    Column("request_sha256", String(64)),
    Column("metadata", Json, nullable=False),
    Column("dataset_id", String(64), nullable=False, index=True),
    Column("dataset_sha256", String(64), nullable=False),
    # Whose rows validate, if they are another dataset's.
    Column("validation_dataset_id", String(64), index=True),
    Column("spec", Json, nullable=False),
    # Whose weights it begins with: {"model_id": …}; NULL for new ones.
    Column("start_from", Json),
    Column("priority", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_reason", String(32)),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    # The lease: who may write, until when, and the token that every write of theirs carries.
    Column("lease_expires_at", Instant),
    Column("worker", Text),
    Column("token", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker_losses", Integer, nullable=False),
    Column("claimed_at", Instant),
    Column("dispatched_at", Instant),
    # Since when its lease is known to have run out; NULL while all is well.
    Column("stalled_at", Instant),
    Column("epoch", Integer, nullable=False),
    Column("steps", BigInteger, nullable=False),
    Column("samples_per_second", FiniteFloat("samples_per_second")),
    Column("epochs_since_best", Integer, nullable=False),
    # Cross-validation: folds that are done, and what they came to.
    Column("folds_done", Integer, nullable=False, server_default="0"),
    Column("cross_validation", Json),
    Column("latest_metrics", Json),
    Column("best_metrics", Json),
    Column("preparing_seconds", FiniteFloat("preparing_seconds"), nullable=False),
    Column("training_seconds", FiniteFloat("training_seconds"), nullable=False),
    Column("saving_seconds", FiniteFloat("saving_seconds"), nullable=False),
    Column("environment", Json),
    # Whether all of it was trained on machines with equal fingerprints.
    Column("exact", Boolean, nullable=False, server_default=true()),
    Column("model_id", String(64)),
    Column("error", Json),
    Index("ix_jobs_status", "status", "id"),
    Index(
        "ix_jobs_active",
        "priority",
        "id",
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    Index("ix_jobs_owner_claimed_at", "owner", "claimed_at"),
    Index("ix_jobs_owner_external_id", "owner", "external_id", unique=True),
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
    Column("epoch", Integer, nullable=False),
    Column("numbers", Json, nullable=False),
    # Of the last finished epoch: what a list shows, so that it need not read the numbers.
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
    # A model that was imported has no lineage here.
    Column("job_id", String(64), ForeignKey("jobs.id"), index=True),
    Column("dataset_id", String(64)),
    Column("dataset_sha256", String(64)),
    Column("spec", Json, nullable=False),
    Column("preprocessing", Json, nullable=False),
    Column("metrics", Json, nullable=False),
    Column("cross_validation", Json),
    Column("parameter_count", BigInteger, nullable=False),
    Column("partial", Boolean, nullable=False),
    Column("artifact", String(64), ForeignKey("artifacts.sha256"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# What was answered to requests with an Idempotency-Key; written with what they created.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    # Of method, path and body: the same key with another request is refused.
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

# Who wants to be told of events: of one job, or of all jobs of an owner.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), index=True),
    Column("url", Text, nullable=False),
    # Types of events; NULL for those of a job's way to its end.
    Column("events", Json),
    Column("secret", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("created_at", Instant, nullable=False),
)

_PENDING = text("status = 'pending'")

# The outbox: written in the transaction of the change that it tells of.
deliveries = Table(
    "deliveries",
    metadata,
    # Sent along as `webhook-id`, the same at every try.
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
