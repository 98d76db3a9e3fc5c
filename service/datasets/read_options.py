"""From what a client states of its file to options for reading it."""

from collections.abc import Iterator
from typing import cast

from engine.data.table import ColumnKind
from service.http.errors import InvalidQueryError
from service.schemas.common import FieldProblem
from service.schemas.intake import UploadQuery
from store.intake.options import Format, Quote, ReadOptions

OF_CSV = ("delimiter", "quote", "decimal", "header")


def stated_options(query: UploadQuery) -> ReadOptions:
    """What is stated, None where nothing is. Raises InvalidQueryError if it contradicts itself."""
    kinds, problems = _kinds(query.kind)
    problems = [*problems, *_contradictions(query)]
    if problems:
        raise InvalidQueryError(problems)
    return ReadOptions(
        format=query.format,
        compression=query.compression,
        encoding=query.encoding,
        delimiter=query.delimiter,
        quote=cast("Quote | None", query.quote),
        decimal=query.decimal,
        header=query.header,
        # An empty cell is missing anyhow.
        missing=tuple(text for text in query.missing if text) if query.missing else None,
        kinds=kinds,
    )


def _kinds(stated: list[str]) -> tuple[dict[str, ColumnKind], list[FieldProblem]]:
    kinds: dict[str, ColumnKind] = {}
    problems = []
    for text in stated:
        name, _, kind = text.rpartition(":")
        if kinds.setdefault(name, cast("ColumnKind", kind)) != kind:
            detail = f"the column {name[:80]!r} is stated to be {kinds[name]} and {kind}"
            problems.append(_problem("kind", "contradiction", detail))
    return kinds, problems


def _contradictions(query: UploadQuery) -> Iterator[FieldProblem]:
    if query.delimiter == "," == query.decimal:
        detail = "cells and decimals cannot both be marked by a comma"
        yield _problem("decimal", "contradiction", detail)
    for name in _not_of(query.format):
        if getattr(query, name) is not None:
            detail = f"a file of format {query.format} has no {name}"
            yield _problem(name, "contradiction", detail)


def _not_of(file_format: Format | None) -> tuple[str, ...]:
    """Options that a file of this format cannot have."""
    match file_format:
        case None | "csv":
            return ()
        case "json_lines" | "json":
            return OF_CSV
        case _:
            return ("encoding", *OF_CSV)


def _problem(parameter: str, code: str, detail: str) -> FieldProblem:
    return FieldProblem(location="query", pointer=f"/{parameter}", code=code, detail=detail)
