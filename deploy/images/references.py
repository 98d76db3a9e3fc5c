"""References to images in Dockerfile and docker-compose.yml: name, tag and digest."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = ("Dockerfile", "docker-compose.yml")
# The image that is built here; it is in no registry.
OWN = "backpropd"
DOCKER_HUB = "registry-1.docker.io"

_LINE = re.compile(r"^(?P<before>FROM |\s+image: )(?P<reference>\S+)(?P<after>.*)$", re.MULTILINE)
_REFERENCE = re.compile(
    r"(?:(?P<registry>[a-z0-9.-]+(?:\.[a-z]+|:\d+))/)?(?P<name>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
    r":(?P<tag>\w[\w.-]{0,127})(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class Reference:
    """An image with a tag; the digest is that of the tag at the time of pinning."""

    registry: str
    name: str
    tag: str
    digest: str | None = None

    def __str__(self) -> str:
        host = "" if self.registry == DOCKER_HUB else f"{self.registry}/"
        digest = "" if self.digest is None else f"@{self.digest}"
        return f"{host}{self.name}:{self.tag}{digest}"


def parse_reference(text: str) -> Reference:
    """Read a reference. Raises ValueError without an explicit tag, or with a malformed digest."""
    found = _REFERENCE.fullmatch(text)
    if found is None or found["tag"] == "latest":
        msg = f"{text} is not name:tag or name:tag@sha256:…, with a tag other than latest"
        raise ValueError(msg)
    return Reference(found["registry"] or DOCKER_HUB, found["name"], found["tag"], found["digest"])


def find_references(text: str) -> list[Reference]:
    """Return the images of a file, in order. Raises ValueError."""
    found = (line["reference"] for line in _LINE.finditer(text))
    return [parse_reference(reference) for reference in found if reference != OWN]


def replace_references(text: str, pin: Callable[[Reference], Reference]) -> str:
    """Return the text with each image replaced. Raises ValueError, or what `pin` raises."""

    def replace(line: re.Match[str]) -> str:
        if line["reference"] == OWN:
            return line[0]
        return f"{line['before']}{pin(parse_reference(line['reference']))}{line['after']}"

    return _LINE.sub(replace, text)
