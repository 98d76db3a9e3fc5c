"""Schemas of read options: those a client specifies, and those used to read the file."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from engine.data.table import ColumnKind
from service.schemas.common import Name, View, id_validator, storable
from store.intake.options import Compression, Format, Quote

DELIMITER_NAMES = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
KINDS = get_args(ColumnKind)
MAX_REPEATS = 1000


def _parse_delimiter(text: str) -> str:
    delimiter = DELIMITER_NAMES.get(text.lower(), text)
    fits = len(delimiter) == 1 and delimiter.isascii() and not delimiter.isalnum()
    if not fits or not (delimiter.isprintable() or delimiter == "\t") or delimiter in "\"'.":
        names = ", ".join(DELIMITER_NAMES)
        message = f"must be one ASCII punctuation character, such as ;, or one of {names}"
        raise PydanticCustomError("delimiter", message)
    return delimiter


def _parse_quote(text: str) -> str:
    quote = "" if text.lower() == "none" else text
    if quote not in get_args(Quote):
        raise PydanticCustomError("quote", "must be one of \", ' and none")
    return quote


def _check_column_kind(text: str) -> str:
    name, _, kind = text.rpartition(":")
    if not name or kind not in KINDS:
        message = f"must be NAME:KIND, where KIND is one of {', '.join(KINDS)}"
        raise PydanticCustomError("stated_kind", message)
    return storable(text)


DelimiterParameter = Annotated[
    str, StringConstraints(max_length=16), AfterValidator(_parse_delimiter)
]
QuoteParameter = Annotated[str, StringConstraints(max_length=4), AfterValidator(_parse_quote)]
KindParameter = Annotated[
    str, StringConstraints(max_length=1100), AfterValidator(_check_column_kind)
]
Marker = Annotated[str, StringConstraints(max_length=64), AfterValidator(storable)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]


class UploadQuery(BaseModel):
    """Options for reading an uploaded file; options left out are detected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = Field(None, description="Default: the file's name.", examples=["houses"])
    upload: Annotated[str, AfterValidator(id_validator("upload", "up_"))] | None = Field(
        None,
        description="Id of a finished resumable upload, sent instead of a body.",
        examples=["up_…"],
    )
    sha256: Sha256 | None = Field(
        None,
        description="Expected SHA-256 of the uploaded bytes; a mismatch is rejected.",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )
    format: Format | None = Field(
        None,
        description="File format. Default: from the media type, then the file name, then the "
        "content. TSV is csv.",
        examples=["csv"],
    )
    compression: Compression | None = Field(
        None, description="Compression of the file. Default: detected.", examples=["gzip"]
    )
    encoding: Annotated[str, StringConstraints(max_length=32)] | None = Field(
        None,
        description="Encoding of a text file. Default: detected.",
        examples=["utf-8", "cp1252"],
    )
    delimiter: DelimiterParameter | None = Field(
        None,
        description="Delimiter of a CSV file: one ASCII punctuation character, or tab, comma, "
        "semicolon, pipe, space. Default: detected.",
        examples=["semicolon"],
    )
    quote: QuoteParameter | None = Field(
        None,
        description="Quote character of a CSV file: \", ' or none. Default: detected.",
        examples=['"', "none"],
    )
    decimal: Literal[".", ","] | None = Field(
        None,
        description="Decimal separator of a CSV file. Default: detected.",
        examples=[","],
    )
    header: bool | None = Field(
        None,
        description="Whether the first line of a CSV file names its columns. Default: detected.",
        examples=[True],
    )
    missing: list[Marker] = Field(
        [],
        max_length=MAX_REPEATS,
        description="A text that denotes a missing value, besides an empty cell; repeatable. "
        "A text that is a number, such as -999, also denotes one among numbers. "
        "A single empty value means that there are no others. Default: detected.",
        examples=[["NA", "-"]],
    )
    kind: list[KindParameter] = Field(
        [],
        max_length=MAX_REPEATS,
        description="Kind of a column as NAME:KIND, split at the last colon; repeatable. "
        f"Kinds: {', '.join(KINDS)}. Default: detected.",
        examples=[["zip code:categorical"]],
    )


class OptionsView(View):
    """The options used to read a file; null where not applicable."""

    format: str | None = None
    compression: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    decimal: str | None = None
    header: bool | None = None
    missing: list[str] | None = None
    kinds: dict[str, ColumnKind] = Field({}, description="Requested kinds by column name.")


class NoticeView(View):
    """A change made while reading, or an uncertainty; column is null for the whole file."""

    code: str
    detail: str
    column: str | None
