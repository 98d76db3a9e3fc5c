"""Database triggers that record forbidden writes of any client.

A stale worker's write may leave no trace for the checker, because the lease holder overwrites it
with the same values. Triggers detect it: on PostgreSQL each connection has its worker's name.
"""

from collections.abc import Iterator

from sqlalchemy import text

from store.db.database import Database
from tests.work.counting_store import TABLES

_TABLE = "CREATE TABLE chaos_violations (rule TEXT NOT NULL, job_id TEXT NOT NULL, detail TEXT)"
_ENDED = "('succeeded', 'failed', 'cancelled')"
_HELD = "('running', 'pausing', 'cancelling')"
_WRITTEN = ("losses", "checkpoints", *TABLES)


def install_witness(database: Database) -> None:
    """Create the triggers. The suites do not retry jobs, so an ended job must stay ended."""
    dialect = database.engine.dialect.name
    with database.writing() as session:
        session.execute(text(_TABLE))
        for statement in _on_postgresql() if dialect == "postgresql" else _on_sqlite():
            session.execute(text(statement))


def list_violations(database: Database) -> list[str]:
    """Return the recorded violations."""
    with database.reading() as session:
        rows = session.execute(text("SELECT rule, job_id, detail FROM chaos_violations"))
        return [f"{rule}: {job_id}: {detail}" for rule, job_id, detail in rows]


def _on_sqlite() -> Iterator[str]:
    yield f"""
        CREATE TRIGGER chaos_jobs AFTER UPDATE ON jobs
        WHEN (OLD.status IN {_ENDED} AND (NEW.status <> OLD.status OR NEW.token <> OLD.token))
            OR NEW.token < OLD.token
        BEGIN
            INSERT INTO chaos_violations
            VALUES ('ended or back', NEW.id, OLD.status || ' ' || OLD.token || ' became '
                || NEW.status || ' ' || NEW.token);
        END"""
    for table in _WRITTEN:
        yield f"""
            CREATE TRIGGER chaos_{table} AFTER INSERT ON {table}
            WHEN NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id
                AND status IN {_HELD} AND lease_expires_at IS NOT NULL)
            BEGIN
                INSERT INTO chaos_violations VALUES ('not held', NEW.job_id, '{table}');
            END"""


def _on_postgresql() -> Iterator[str]:
    yield f"""
        CREATE FUNCTION chaos_jobs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF (OLD.status IN {_ENDED} AND (NEW.status <> OLD.status OR NEW.token <> OLD.token))
                OR NEW.token < OLD.token
            THEN
                INSERT INTO chaos_violations VALUES ('ended or back', NEW.id, OLD.status || ' '
                    || OLD.token || ' became ' || NEW.status || ' ' || NEW.token);
            END IF;
            RETURN NEW;
        END $$"""
    yield """
        CREATE TRIGGER chaos_jobs AFTER UPDATE ON jobs
        FOR EACH ROW EXECUTE FUNCTION chaos_jobs()"""
    yield f"""
        CREATE FUNCTION chaos_writes() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            holder TEXT;
            writer TEXT := current_setting('application_name');
        BEGIN
            SELECT worker INTO holder FROM jobs WHERE id = NEW.job_id
                AND status IN {_HELD} AND lease_expires_at IS NOT NULL;
            IF holder IS DISTINCT FROM writer THEN
                INSERT INTO chaos_violations VALUES ('not held', NEW.job_id, TG_TABLE_NAME
                    || ' by ' || writer || ', held by ' || coalesce(holder, 'no worker'));
            END IF;
            RETURN NEW;
        END $$"""
    for table in _WRITTEN:
        yield f"""
            CREATE TRIGGER chaos_{table} AFTER INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION chaos_writes()"""
