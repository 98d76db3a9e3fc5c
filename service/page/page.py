"""The page as it is served: index.html and the files that it loads."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from service.page.files import HASH_DIGITS, File, hash_files, make_file, read_files
from service.page.modules import reach_modules

FOLDER = Path(__file__).parents[1] / "static"
INDEX = "index.html"
MAIN_MODULE = "app.js"
# Stands for the hash of all files in the addresses of index.html.
PLACEHOLDER = "static/HASH/"
HEAD_END = "</head>"


@dataclass(frozen=True)
class Page:
    """The page.

    Attributes:
        version: hash of all files, which is a part of their addresses.
        index: index.html with that hash.
        etag: entity tag of index.html. Weak: compressed or not.
        files: the files by path.
    """

    version: str
    index: File
    etag: str
    files: Mapping[str, File]


@cache
def load_page(folder: Path = FOLDER) -> Page:
    """Read the files of the page, once per process."""
    files = read_files(folder)
    version = hash_files(files)
    index = _fill_index(files, version)
    etag = f'W/"{sha256(index).hexdigest()[:HASH_DIGITS]}"'
    return Page(version, make_file(index, ".html"), etag, files)


def _fill_index(files: Mapping[str, File], version: str) -> bytes:
    """Return index.html with the hash and with links that load all static imports at once.

    Without them the browser finds the imports of a module only after it has loaded the module.
    """
    links = "".join(
        f'<link rel="modulepreload" href="{PLACEHOLDER}{path}">\n'
        for path in reach_modules(files, MAIN_MODULE)
    )
    html = files[INDEX].content.decode().replace(HEAD_END, links + HEAD_END, 1)
    return html.replace(PLACEHOLDER, f"static/{version}/").encode()
