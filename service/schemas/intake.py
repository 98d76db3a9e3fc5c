"""How a client states what its file is, and what is answered of how it was read."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from engine.data.table import ColumnKind
from service.schemas.common import Name, View, _existing, _storable
from store.intake.options import Compression, Format, Quote

DELIMITER_WORDS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
KINDS = get_args(ColumnKind)
MAX_STATED = 1000


def _delimiter(text: str) -> str:
    delimiter = DELIMITER_WORDS.get(text.lower(), text)
    fits = len(delimiter) == 1 and delimiter.isascii() and not delimiter.isalnum()
    if not fits or not (delimiter.isprintable() or delimiter == "\t") or delimiter in "\"'.":
        words = ", ".join(DELIMITER_WORDS)
        message = f"one ASCII sign between cells is expected, such as ; or a word of {words}"
        raise PydanticCustomError("delimiter", message)
    return delimiter


def _quote(text: str) -> str:
    quote = "" if text.lower() == "none" else text
    if quote not in get_args(Quote):
        raise PydanticCustomError("quote", "one of \", ' and none is expected")
    return quote


def _stated_kind(text: str) -> str:
    name, _, kind = text.rpartition(":")
    if not name or kind not in KINDS:
        message = f"NAME:KIND is expected, the kind being one of {', '.join(KINDS)}"
        raise PydanticCustomError("stated_kind", message)
    return _storable(text)


StatedDelimiter = Annotated[str, StringConstraints(max_length=16), AfterValidator(_delimiter)]
StatedQuote = Annotated[str, StringConstraints(max_length=4), AfterValidator(_quote)]
StatedKind = Annotated[str, StringConstraints(max_length=1100), AfterValidator(_stated_kind)]
Marker = Annotated[str, StringConstraints(max_length=64), AfterValidator(_storable)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]


class UploadQuery(BaseModel):
    """What can be stated of a file; what is not is found out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = Field(None, description="Default: the file's name.", examples=["houses"])
    upload: Annotated[str, AfterValidator(_existing("upload", "up_"))] | None = Field(
        None,
        description="A finished resumable upload, instead of a body.",
        examples=["up_…"],
    )
    sha256: Sha256 | None = Field(
        None,
        description="Of the bytes as sent: another one is refused.",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )
    format: Format | None = Field(
        None,
        description="Default: by media type, then file name, then content. TSV is csv.",
        examples=["csv"],
    )
    compression: Compression | None = Field(
        None, description="Around the file. Default: found out.", examples=["gzip"]
    )
    encoding: Annotated[str, StringConstraints(max_length=32)] | None = Field(
        None, description="Of a text file. Default: found out.", examples=["utf-8", "cp1252"]
    )
    delimiter: StatedDelimiter | None = Field(
        None,
        description="Between the cells of a CSV file: one ASCII sign, or tab, comma, semicolon, "
        "pipe, space. Default: found out.",
        examples=["semicolon"],
    )
    quote: StatedQuote | None = Field(
        None,
        description="Around cells of a CSV file: \" or ' or none. Default: found out.",
        examples=['"', "none"],
    )
    decimal: Literal[".", ","] | None = Field(
        None,
        description="Before the fraction of numbers in a CSV file. Default: found out.",
        examples=[","],
    )
    header: bool | None = Field(
        None,
        description="Whether the first line of a CSV file names its columns. Default: found out.",
        examples=[True],
    )
    missing: list[Marker] = Field(
        [],
        max_length=MAX_STATED,
        description="A text that stands for a missing value, besides an empty cell; repeatable. "
        "An empty one alone says that there is no other. Default: found out.",
        examples=[["NA", "-"]],
    )
    kind: list[StatedKind] = Field(
        [],
        max_length=MAX_STATED,
        description="What a column is taken for, as NAME:KIND, split at the last colon; "
        f"repeatable. Kinds: {', '.join(KINDS)}. Default: found out.",
        examples=[["zip code:categorical"]],
    )


class OptionsView(View):
    """How a file was read; null where it does not apply."""

    format: str | None = None
    compression: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    decimal: str | None = None
    header: bool | None = None
    missing: list[str] | None = None
    kinds: dict[str, ColumnKind] = Field({}, description="As stated, by column.")


class NoticeView(View):
    """Something that was changed or is not sure; column is null if it is of the whole file."""

    code: str
    detail: str
    column: str | None
