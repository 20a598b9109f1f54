"""Rules of data quality: pure functions, each with its source. ``gate`` is asked for every value."""

from sensors.quality.gate import TimeRules, mark_of, number, time_checks, value_checks

__all__ = ["TimeRules", "mark_of", "number", "time_checks", "value_checks"]
