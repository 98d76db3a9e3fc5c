"""The workers' application with the tests' kind of work in its registry."""

from tests.work.counting import CountingKind
from tests.work.counting_store import COUNTING
from workers.app import app
from workers.registry import KINDS

__all__ = ["app"]

KINDS[COUNTING] = CountingKind()
