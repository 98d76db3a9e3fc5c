"""The application factory."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, get_args

from anyio import to_thread
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute

from engine.health_checks.run_checks import HealthCheck
from engine.numerics.blas import warm_up_products
from service.api_document import ApiDocument
from service.common_responses import add_common_responses
from service.context import Context
from service.explain.answers import ANSWERS
from service.http.prefixes import use_prefixes
from service.http.problems import add_error_handlers
from service.http.redirects import use_relative_redirects
from service.page.page import load_page
from service.prefixes import declare_prefixes
from service.routes import (
    dataset_rows,
    datasets,
    diagnostics,
    explain,
    explanations,
    health,
    inference,
    job_commands,
    job_events,
    job_steps,
    jobs,
    models,
    page,
    predictions,
    reference,
    replays,
    uploads,
    webhooks,
)
from service.runtime.compute_pool import ComputePool
from service.runtime.event_broadcast import EventBroadcaster
from service.runtime.file_readers import FileReaders
from service.runtime.job_notifier import JobNotifier
from service.runtime.model_cache import ModelCache
from service.runtime.polling import Polls
from service.schemas.common import Problem
from service.schemas.dataclass_descriptions import describe_dataclasses
from service.schemas.imports import ImportRequest
from service.schemas.inference import InferenceRequestView
from service.schemas.predictions import PredictRequest
from service.uploads.temp_folders import sweep_incoming
from service.version import VERSION
from service.webhooks.deliverer import Deliverer
from store.blobs.blobs import open_blobs
from store.broker import Broker
from store.db.database import Database
from store.db.migrate import check_schema
from store.settings import Settings

# Imported by the processes that compute for requests when they start.
COMPUTE_MODULES = (
    "service.explain.counterfactual",
    "service.explain.distributions",
    "service.explain.given_step",
    "service.explain.gradient_check",
    "service.explain.job_step",
    "service.explain.rate_sweep",
    "service.jobs.health_checks",
)
DESCRIPTION = """Train neural networks over HTTP: upload a dataset, create a job, poll it, predict.

Errors are `application/problem+json` (RFC 9457) and name the invalid fields.
Lists use cursor pagination. Times are RFC 3339 in UTC.

Requests for other hosts than this service's are 421, changes sent by pages of other origins 403.
A request that does not arrive in time is 408; one without a body that sends another than `{}` is
422."""


def create_app(settings: Settings) -> FastAPI:
    """Create the application. Raises SchemaError, StoreUnavailableError.

    The database must have the schema of this version.
    """
    database = Database(settings.database_url)
    check_schema(database)
    # Provides the files of Swagger UI, so that the reference works offline.
    app: FastAPI = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        title="backpropd",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=_lifespan,
        telemetry=_configure_telemetry(),
    )
    app.state.context = _build_context(settings, database)
    routes: list[BaseRoute] = []
    # As the application's own, routes are found several times as fast as those of included routers:
    # the framework looks into each of these for every request. The first are found fastest.
    for router in (
        predictions.router,
        inference.fast_router,
        datasets.router,
        dataset_rows.router,
        uploads.router,
        jobs.router,
        diagnostics.router,
        job_events.router,
        job_commands.router,
        models.router,
        explain.router,
        job_steps.router,
        explanations.router,
        replays.router,
        webhooks.router,
        inference.router,
        health.router,
        page.router,
        reference.router,
    ):
        routes += router.routes
    app.router.routes[:0] = routes
    add_error_handlers(app)
    use_prefixes(app, declare_prefixes(settings))
    use_relative_redirects(app)
    _publish_schemas(app)
    app.state.document = ApiDocument(app.openapi)
    return app


def _configure_telemetry() -> TelemetryConfig | None:
    """Return FastAPI's OpenTelemetry configuration: off unless the environment configures it.

    FastAPI looks for providers in every request, which takes a twelfth of a small prediction.
    """
    if any(name.startswith(("OTEL_", "FASTAPI_OTEL_")) for name in os.environ):
        return None
    return {"tracing": False, "metrics": False, "logs": False}


def _build_context(settings: Settings, database: Database) -> Context:
    broker = None if settings.broker_url is None else Broker(settings.broker_url)
    feeds = EventBroadcaster(database)
    return Context(
        settings=settings,
        database=database,
        blobs=open_blobs(settings),
        broker=broker,
        job_notifier=None if broker is None else JobNotifier(database, broker),
        served=ModelCache(database, settings.model_cache_bytes),
        feeds=feeds,
        polls=Polls(database, feeds),
        compute=ComputePool(settings, COMPUTE_MODULES),
        readers=FileReaders(settings),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    await to_thread.run_sync(sweep_incoming, context.settings.data_dir)
    await to_thread.run_sync(load_page)
    # Predictions use matrix products.
    warm_up_products()
    if context.job_notifier is not None:
        context.job_notifier.start()
    deliverer = Deliverer(context.settings, context.database)
    deliverer.start()
    context.feeds.start()
    yield
    await to_thread.run_sync(context.compute.stop)
    await to_thread.run_sync(context.readers.stop)
    await context.feeds.stop()
    await deliverer.stop()
    if context.job_notifier is not None:
        context.job_notifier.stop()
    context.database.close()


def _publish_schemas(app: FastAPI) -> None:
    """Add what routes do not describe to the OpenAPI document: schemas by name, common errors."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document["components"]["schemas"]
        for model in (Problem, ImportRequest, InferenceRequestView, PredictRequest):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        add_common_responses(document["paths"], app.state.prefixes)
        describe_dataclasses(schemas, *ANSWERS, *get_args(HealthCheck))
        return document

    app.openapi = openapi  # type: ignore[method-assign]
