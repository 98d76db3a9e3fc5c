"""Learning rate schedules, one family per module."""

from engine.schedules.build import build_schedule

__all__ = ["build_schedule"]
