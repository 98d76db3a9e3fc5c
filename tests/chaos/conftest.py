"""Fixtures of the suites: sizes, database, and the results of undisturbed runs."""

import os
import random
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.chaos.campaign import Campaign, campaign
from tests.chaos.checker import Undisturbed
from tests.chaos.figures import VARIABLE, Figures, append_figures
from tests.chaos.fleet import DatabaseKind
from tests.chaos.sizes import Sizes, find_sizes
from tests.chaos.undisturbed import find_undisturbed

Begin = Callable[..., AbstractContextManager[Campaign]]

_FIGURES = pytest.StashKey[Figures]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run suites with `database_kind` on both databases; in `./run test`, on only one of them.

    That one is the module's REDUCED_DATABASE, SQLite by default.
    """
    if "database_kind" in metafunc.fixturenames:
        reduced = getattr(metafunc.module, "REDUCED_DATABASE", "sqlite")
        metafunc.parametrize("database_kind", find_sizes().databases or (reduced,))


@pytest.fixture(scope="session")
def sizes() -> Sizes:
    return find_sizes()


@pytest.fixture
def rng(sizes: Sizes, request: pytest.FixtureRequest) -> random.Random:
    """Random generator of a suite; it depends only on the seed and the suite's name."""
    return random.Random(f"{sizes.seed} {request.node.name}")


@pytest.fixture
def database_url(database_kind: DatabaseKind, request: pytest.FixtureRequest) -> str | None:
    """An empty database on a server that no suite kills; None for SQLite."""
    if database_kind == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_database_url")
    return url


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Undisturbed]:
    base = tmp_path_factory.getbasetemp()
    # pytest-xdist's workers have sibling folders.
    return find_undisturbed(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture
def begin(
    tmp_path: Path,
    database_kind: DatabaseKind,
    database_url: str | None,
    undisturbed: dict[str, Undisturbed],
) -> Begin:
    """Start a campaign on the suite's database, with additional settings."""
    return partial(campaign, tmp_path, database_kind, undisturbed, database_url=database_url)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Figures that the suite fills in; stored if a report is requested."""
    return _figures_of(request.node)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record the result of each suite, including suites without figures."""
    report = yield
    path = os.environ.get(VARIABLE)
    if path is not None and (call.when == "call" or report.failed) and not report.skipped:
        found = _figures_of(item)
        found.seconds, found.passed = report.duration, report.passed
        if report.failed and not found.complaints:
            found.complaints.append(str(call.excinfo and call.excinfo.exconly())[:300])
        append_figures(Path(path), found)
    return report


def _figures_of(item: pytest.Item) -> Figures:
    if _FIGURES not in item.stash:
        spec = getattr(item, "callspec", None)
        database = "-" if spec is None else spec.params.get("database_kind", "-")
        name = getattr(item, "originalname", item.name).removeprefix("test_")
        item.stash[_FIGURES] = Figures(name.replace("_", " "), database, find_sizes().seed)
    return item.stash[_FIGURES]
