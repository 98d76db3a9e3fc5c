"""Digests of images, as a registry serves them (the OCI distribution protocol)."""

import hashlib
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from email.message import Message

from deploy.images.references import DOCKER_HUB, Reference

TIMEOUT_SECONDS = 30
MAX_BYTES = 4 * 2**20
# An index of several platforms before a manifest of one: the digest must hold on all of them.
_MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class RegistryError(Exception):
    """The registry cannot be reached, or does not have the image."""


def find_digest(image: Reference, scheme: str = "https") -> str:
    """Return the digest of the image's tag, computed from the manifest. Raises RegistryError."""
    # Docker Hub's own images are below library/.
    is_official = image.registry == DOCKER_HUB and "/" not in image.name
    name = f"library/{image.name}" if is_official else image.name
    url = f"{scheme}://{image.registry}/v2/{name}/manifests/{image.tag}"
    try:
        manifest, stated = _fetch_manifest(url)
    except (OSError, ValueError) as error:
        msg = f"{image}: {url} does not answer ({error})"
        raise RegistryError(msg) from error
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    if stated is not None and stated != digest:
        msg = f"{image}: the registry states {stated}, the manifest that it sends is {digest}"
        raise RegistryError(msg)
    return digest


def _fetch_manifest(url: str) -> tuple[bytes, str | None]:
    """Return the manifest, and the digest that the registry states."""
    headers = {"Accept": ", ".join(_MEDIA_TYPES)}
    try:
        return _get(url, headers)
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise
        challenge = _read_challenge(error.headers)
    token = _fetch_token(challenge)
    return _get(url, {**headers, "Authorization": f"Bearer {token}"})


def _read_challenge(headers: Message) -> dict[str, str]:
    """Return the parameters of a Bearer challenge. Raises ValueError."""
    challenge = headers.get("WWW-Authenticate", "")
    found = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not challenge.lower().startswith("bearer ") or "realm" not in found:
        msg = f"it asks for {challenge or 'nothing'}, not for a token"
        raise ValueError(msg)
    return found


def _fetch_token(challenge: dict[str, str]) -> str:
    """Return a token for anonymous reading."""
    query: dict[str, str] = {
        name: value for name, value in challenge.items() if name in {"service", "scope"}
    }
    body, _ = _get(f"{challenge['realm']}?{urllib.parse.urlencode(query)}", {})
    answer = json.loads(body)
    return str(answer.get("token") or answer["access_token"])


def _get(url: str, headers: dict[str, str]) -> tuple[bytes, str | None]:
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        msg = f"{url} is not http"
        raise ValueError(msg)
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked above
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        body = answer.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            msg = f"it sends more than {MAX_BYTES} bytes"
            raise ValueError(msg)
        return body, answer.headers.get("Docker-Content-Digest")
