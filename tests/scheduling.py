"""Distribution of the tests over the processes of pytest-xdist: by file, the longest first.

A file's tests stay together, so that what its fixtures start is started once. Files that take long
go first: at the end, when no other process has work left, only short ones remain.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Whose tests share nothing costly, so that each may run anywhere.
APART = (
    "tests/workers/test_celery.py",
    "tests/cli/test_up.py",
    "tests/e2e/test_restart.py",
    "tests/cli/test_api_and_worker.py",
    "tests/platform/test_run.py",
)
# Files whose tests share a session's service.
TOGETHER = {
    "tests/docs/test_readme.py": "shared service",
    "tests/docs/test_data.py": "shared service",
    "tests/docs/test_events.py": "shared service",
    "tests/cli/demo/test_demo.py": "shared service",
}
# In the order of how long they take. Another file may be missing here: it only goes later.
LONGEST = (
    "tests/docs/test_readme.py",
    "tests/docs/test_data.py",
    "tests/docs/test_events.py",
    "tests/cli/demo/test_demo.py",
    "tests/service/test_openapi.py",
    "tests/workers/test_larger_than_memory.py",
    "tests/chaos/test_state_machine.py",
    "tests/chaos/test_workers.py",
    "tests/chaos/test_api.py",
    "tests/workers/test_celery.py",
    "tests/e2e/test_restart.py",
    "tests/cli/test_up.py",
    "tests/cli/test_api_and_worker.py",
    "tests/store/jobs/test_commands.py",
    "tests/workers/test_prepared_data.py",
    "tests/service/uploads/test_resumable.py",
    "tests/service/datasets/test_hostile_uploads.py",
    "tests/workers/test_slices.py",
    "tests/service/jobs/test_kinds.py",
    "tests/service/datasets/test_real_tables.py",
    "tests/service/models/test_models.py",
    "tests/store/jobs/test_leases.py",
    "tests/platform/test_run.py",
    "tests/service/models/test_predictions.py",
    "tests/store/intake/csv/test_csv.py",
    "tests/store/jobs/test_jobs.py",
    "tests/service/uploads/test_flat_memory.py",
    "tests/service/uploads/test_uploads.py",
)
# All tests of the page share a service and a browser. They take the longest.
PAGE = "tests/browser/"
_RANKS = {path: rank for rank, path in enumerate(LONGEST)}


class LongestFirst(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Hands out whole files, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path.startswith(PAGE):
            return PAGE
        return nodeid if path in APART else TOGETHER.get(path, path)


def make_scheduler(config: pytest.Config, log: Producer) -> LongestFirst | None:
    """The scheduler, unless the command line asks for another one."""
    if config.getoption("dist") != "load":
        return None
    config.option.loadscopereorder = False
    return LongestFirst(config, log)


def sort_longest_first(items: list[pytest.Item]) -> None:
    """Order the collected tests by how long their files take."""
    items.sort(key=lambda item: _rank(item.nodeid.partition("::")[0]))


def _rank(path: str) -> int:
    return -1 if path.startswith(PAGE) else _RANKS.get(path, len(_RANKS))
