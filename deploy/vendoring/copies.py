"""The files that are copied from npm packages into the page, and their manifest."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent
VENDOR = ROOT / "service" / "static" / "vendor"
MANIFEST = "manifest.json"
# The files of each package that the page loads, and the licence that covers them.
FILES = {
    "@preact/signals-core": ("LICENSE", "dist/signals-core.module.js"),
    "lit-html": (
        "LICENSE",
        "async-directive.js",
        "directive-helpers.js",
        "directive.js",
        "directives/live.js",
        "directives/ref.js",
        "directives/repeat.js",
        "lit-html.js",
    ),
    # The build for script elements: the build as a module is not minified.
    "uplot": ("LICENSE", "dist/uPlot.iife.min.js", "dist/uPlot.min.css"),
}


class Copy(TypedDict):
    """A copied file: its path below `vendor/`, its hash, and the package that it is from."""

    path: str
    sha256: str
    package: str
    version: str
    integrity: str


class Locked(TypedDict):
    """The version and the integrity of a package in the lock file."""

    version: str
    integrity: str


def read_lock() -> dict[str, Locked]:
    """The locked version and integrity of each package, by name."""
    lock = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    prefix = "node_modules/"
    return {
        path.removeprefix(prefix): Locked(
            version=package["version"], integrity=package["integrity"]
        )
        for path, package in lock["packages"].items()
        if path.startswith(prefix)
    }


def list_copies(installed: Path) -> list[tuple[Path, Copy]]:
    """The files to copy from a `node_modules` folder, each with its line of the manifest."""
    lock = read_lock()
    copies = []
    for package, names in FILES.items():
        version = lock[package]["version"]
        folder = f"{package.rpartition('/')[2]}-{version}"
        for name in names:
            source = installed / package / name
            copy = Copy(
                path=f"{folder}/{name.removeprefix('dist/')}",
                sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
                package=package,
                version=version,
                integrity=lock[package]["integrity"],
            )
            copies.append((source, copy))
    return copies


def write_copies(installed: Path, vendor: Path = VENDOR) -> list[Copy]:
    """Replace the vendor folder by copies from a `node_modules` folder, and write the manifest."""
    copies = list_copies(installed)
    shutil.rmtree(vendor, ignore_errors=True)
    for source, copy in copies:
        target = vendor / copy["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    lines = [copy for _, copy in copies]
    (vendor / MANIFEST).write_text(json.dumps(lines, indent=2) + "\n", encoding="utf-8")
    return lines
