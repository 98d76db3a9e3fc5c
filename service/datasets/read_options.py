"""Query parameters to the options for reading a file."""

from collections.abc import Iterator
from typing import cast

from engine.data.table import ColumnKind
from service.http.errors import InvalidQueryError
from service.schemas.common import FieldProblem
from service.schemas.intake import UploadQuery
from store.intake.options import Format, Quote, ReadOptions

CSV_OPTIONS = ("delimiter", "quote", "decimal", "header")


def parse_read_options(query: UploadQuery) -> ReadOptions:
    """Return the read options, None if unspecified. Raises InvalidQueryError if contradictory."""
    kinds, problems = _parse_kinds(query.kind)
    problems = [*problems, *_find_contradictions(query)]
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
        # An empty cell is always missing.
        missing=tuple(text for text in query.missing if text) if query.missing else None,
        kinds=kinds,
    )


def _parse_kinds(parameters: list[str]) -> tuple[dict[str, ColumnKind], list[FieldProblem]]:
    kinds: dict[str, ColumnKind] = {}
    problems = []
    for text in parameters:
        name, _, kind = text.rpartition(":")
        if kinds.setdefault(name, cast("ColumnKind", kind)) != kind:
            detail = (
                f"the column {name[:80]!r} has two kinds, {kinds[name]} and {kind}: specify one"
            )
            problems.append(_problem("kind", "contradiction", detail))
    return kinds, problems


def _find_contradictions(query: UploadQuery) -> Iterator[FieldProblem]:
    if query.delimiter == "," == query.decimal:
        detail = "delimiter and decimal must not both be a comma"
        yield _problem("decimal", "contradiction", detail)
    for name in _inapplicable_options(query.format):
        if getattr(query, name) is not None:
            detail = f"{name} does not apply to the format {query.format}"
            yield _problem(name, "contradiction", detail)


def _inapplicable_options(file_format: Format | None) -> tuple[str, ...]:
    """Return the options that do not apply to a format."""
    match file_format:
        case None | "csv":
            return ()
        case "json_lines" | "json":
            return CSV_OPTIONS
        case _:
            return ("encoding", *CSV_OPTIONS)


def _problem(parameter: str, code: str, detail: str) -> FieldProblem:
    return FieldProblem(location="query", pointer=f"/{parameter}", code=code, detail=detail)
