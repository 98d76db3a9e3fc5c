"""Celery workers: claim a job, run the engine, record what it yields."""
