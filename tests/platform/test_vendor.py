"""The page's libraries are unchanged copies from the locked npm packages."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from deploy.vendoring.__main__ import main
from deploy.vendoring.copies import FILES, FOLDER, MANIFEST, VENDOR, Copy, read_lock, write_copies
from deploy.vendoring.install import find_npm, install_packages

COPIES: list[Copy] = json.loads((VENDOR / MANIFEST).read_text(encoding="utf-8"))


def _read_files(vendor: Path) -> dict[str, bytes]:
    return {
        path.relative_to(vendor).as_posix(): path.read_bytes()
        for path in vendor.rglob("*")
        if path.is_file()
    }


def test_every_copy_has_the_hash_of_the_manifest() -> None:
    """If this fails, `./run vendor` copies the files again."""
    files = _read_files(VENDOR)
    del files[MANIFEST]
    assert {path: hashlib.sha256(content).hexdigest() for path, content in files.items()} == {
        copy["path"]: copy["sha256"] for copy in COPIES
    }


def test_the_manifest_names_the_locked_packages() -> None:
    lock = read_lock()
    for copy in COPIES:
        locked = lock[copy["package"]]
        assert (copy["version"], copy["integrity"]) == (locked["version"], locked["integrity"])
        assert copy["path"].split("/")[0].endswith(f"-{copy['version']}")
    named = [(copy["package"], copy["path"].split("/", 1)[1]) for copy in COPIES]
    assert named == [
        (package, name.removeprefix("dist/")) for package, names in FILES.items() for name in names
    ]


def test_versions_are_exact_and_locked() -> None:
    wanted = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert wanted.keys() == FILES.keys()
    lock = read_lock()
    assert wanted == {package: lock[package]["version"] for package in wanted}
    assert all(entry["integrity"].startswith("sha512-") for entry in lock.values())


@pytest.mark.parametrize("package", FILES)
def test_every_package_has_its_licence(package: str) -> None:
    (path,) = [
        copy["path"]
        for copy in COPIES
        if copy["package"] == package and copy["path"].endswith("/LICENSE")
    ]
    assert "copyright" in (VENDOR / path).read_text(encoding="utf-8").lower()


def test_the_lock_names_only_the_public_registry() -> None:
    text = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    resolved = [package["resolved"] for path, package in packages.items() if path]
    assert resolved
    for url in resolved:
        assert url.startswith("https://registry.npmjs.org/")
    hosts = set(re.findall(r"[a-z+]+://[^/\"\s]*", text))
    # The second is a link of npm's about who pays for a package.
    assert hosts <= {"https://registry.npmjs.org", "https://opencollective.com"}


def test_without_npm_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main() == 1
    assert "vendor needs npm" in capsys.readouterr().err


@pytest.mark.conformance
def test_npm_installs_the_same_files(tmp_path: Path) -> None:
    npm = find_npm()
    if npm is None:
        pytest.skip("npm is not installed: the copies were not compared with the packages")
    copies = write_copies(install_packages(npm, tmp_path), tmp_path / "vendor")
    assert copies == COPIES
    assert _read_files(tmp_path / "vendor") == _read_files(VENDOR)
