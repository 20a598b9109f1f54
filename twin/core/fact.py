"""What an instrument says besides values of series: states, running hours, logs, parameters, alarms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FactKind(StrEnum):
    """Kinds of facts. Values are stable and machine-readable."""

    STATE = "state"
    RUNNING_HOURS = "running_hours"
    LOG = "log"
    PARAMETER = "parameter"
    ALARM = "alarm"
    STANDARD_CHECK = "standard_check"
    RESTART = "restart"
    SAMPLE = "sample"
    DEVICE_MARK = "device_mark"
    RAW_DATA = "raw_data"
    INCOMPLETE = "incomplete"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing said.

    ``code`` is what it is about (a facility, a factor; empty: the logger itself), ``field`` which of
    its properties, ``text`` what was said, ``value`` the number in it, if it is one. ``time_ms`` is the
    time that the message names (the moment, or the start of the interval).
    """

    kind: FactKind
    time_ms: int
    code: str
    field: str
    text: str
    value: float | None = None
    mark: str = ""
