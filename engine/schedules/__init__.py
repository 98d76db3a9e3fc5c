"""Schedules: the learning rate of each step, one family a file."""

from engine.schedules.build import build_schedule

__all__ = ["build_schedule"]
