"""Formulas of learning-rate schedules."""

from engine.explain.formulas.schedules.rate import learning_rate
from engine.explain.formulas.schedules.schedule_step import ScheduleStep

__all__ = ["ScheduleStep", "learning_rate"]
