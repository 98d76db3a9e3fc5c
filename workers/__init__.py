"""Celery workers: claim a job, run the engine, record the results."""
