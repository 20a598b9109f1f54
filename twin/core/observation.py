"""Raw frames and observations: what an instrument said, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag, StrEnum

from twin.core.origin import Origin


class Mark(StrEnum):
    """Data mark set by the device (HJ 212-2017, table of data marks)."""

    NORMAL = "N"
    STOPPED = "F"
    MAINTENANCE = "M"
    BY_HAND = "S"
    FAULT = "D"
    CALIBRATION = "C"
    OVER_RANGE = "T"
    NO_LINK = "B"


class Check(IntFlag):
    """Marks that the platform puts on a value. Nothing is removed because of them.

    ``REJECTED`` and ``CONFIRMED`` are people's decisions (a version of its own, with who, when and
    why); all others come from rules.
    """

    NONE = 0
    NOT_A_NUMBER = 1
    OUT_OF_RANGE = 2
    TIME_OUT_OF_WINDOW = 4
    CLOCK_DRIFT = 8
    LATE = 16
    UNKNOWN_MARK = 32
    RATE = 64
    FIXED_VALUE = 128
    NO_MARK = 256
    CORRELATION = 512
    DUAL_SENSOR = 1024
    DUPLICATE = 2048
    UNIT_DOUBTED = 4096
    REJECTED = 8192
    CONFIRMED = 16384


class Quality(StrEnum):
    """What a reader needs to know of a value at a glance."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    NOT_MEASURING = "not_measuring"
    MISSING = "missing"


# Plain numbers: this is asked for every value that comes in, and flags cost a microsecond each.
# A fast change, an odd correlation and two sensors that disagree ask for a review but take nothing
# from the models: a leak looks exactly like that.
_DOUBTS = int(
    Check.NOT_A_NUMBER
    | Check.OUT_OF_RANGE
    | Check.TIME_OUT_OF_WINDOW
    | Check.FIXED_VALUE
    | Check.UNKNOWN_MARK
)
_REJECTED, _CONFIRMED = int(Check.REJECTED), int(Check.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFrame:
    """One frame as it arrived. ``segment`` is the data segment, undecoded."""

    received_ms: int
    peer: str
    segment: bytes
    mn: str
    st: str
    cn: str
    qn: str
    pno: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One value of one series, in SI. ``value`` is None where the device sent no number.

    ``time_ms`` is the moment (real-time data) or the start of the interval (means);
    ``interval_ms`` is 0 for a moment.
    """

    sensor_id: str
    quantity: str
    time_ms: int
    interval_ms: int
    value: float | None
    raw_text: str
    mark: Mark
    checks: Check
    origin: Origin

    @property
    def quality(self) -> Quality:
        """Quality at a glance, from the device's mark and our own checks."""
        return quality_of(self.value, self.mark, self.checks)

    @property
    def usable(self) -> bool:
        """Whether a model may eat this value."""
        return self.quality is Quality.GOOD


def quality_of(value: float | None, mark: Mark, checks: Check) -> Quality:
    """Quality from a value, the device's mark and the automatic marks.

    >>> quality_of(1.0, Mark.CALIBRATION, Check.NONE)
    <Quality.NOT_MEASURING: 'not_measuring'>
    """
    if value is None:
        return Quality.MISSING
    if mark not in (Mark.NORMAL, Mark.BY_HAND):
        return Quality.NOT_MEASURING
    bits = int(checks)
    if bits & _REJECTED or (bits & _DOUBTS and not bits & _CONFIRMED):
        return Quality.DOUBTFUL
    return Quality.GOOD
