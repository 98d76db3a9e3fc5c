"""A pandas and scikit-learn pipeline, behind a raw body with orjson and behind pydantic models."""

import pickle
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel


class Records(BaseModel):
    """Request: one record per row."""

    rows: list[dict[str, str | int | float | None]]


class Answer(BaseModel):
    """Response: label and probabilities of each row."""

    labels: list[str]
    probabilities: list[list[float]]


def create_app(path: Path) -> FastAPI:
    """Return a service with the pickled pipeline of a file."""
    app, pipeline = FastAPI(), pickle.loads(path.read_bytes())

    @app.post("/raw")
    async def predict_raw(request: Request) -> Response:
        labels, found = _predict(pipeline, orjson.loads(await request.body())["rows"])
        content = orjson.dumps({"labels": labels, "probabilities": found.tolist()})
        return Response(content, media_type="application/json")

    @app.post("/pydantic")
    async def predict(body: Records) -> Answer:
        labels, found = _predict(pipeline, body.rows)
        return Answer(labels=labels, probabilities=found.tolist())

    return app


def _predict(pipeline: Any, records: list[dict[str, Any]]) -> tuple[list[str], Any]:  # noqa: ANN401
    found = pipeline.predict_proba(pd.DataFrame(records))
    return [str(pipeline.classes_[best]) for best in found.argmax(axis=1)], found
