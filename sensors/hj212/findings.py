"""What was noticed about each device, counted: standing diagnoses for whoever commissions it.

Events of a line are folded and forgotten; these counts stay. Nothing here does input or output: a
server's lines share one tally, somebody takes what has changed from time to time and stores it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """Kinds of diagnoses. Values are stable and machine-readable.

    ``what`` of a finding: the check sum's name (``crc_right``, ``crc_wrong``; empty when no known
    algorithm fits), the edition that Flag claims, the command that came unencrypted, whether a clock
    is ``ahead`` or ``behind``.
    """

    CRC_RIGHT = "crc_right"
    CRC_WRONG = "crc_wrong"
    EDITION_DIFFERS = "edition_differs"
    CANNOT_DECRYPT = "cannot_decrypt"
    NOT_ENCRYPTED = "not_encrypted"
    UNKNOWN_FACTOR = "unknown_factor"
    UNIT_DOUBTED = "unit_doubted"
    SPLIT_INCOMPLETE = "split_incomplete"
    CLOCK_DRIFT = "clock_drift"
    CLOCK_BREACH = "clock_breach"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCount:
    """How often something was noticed about a device, first and last time (ms since 1970 UTC)."""

    mn: str
    kind: str
    what: str
    count: int
    first_ms: int
    last_ms: int
    detail: str = ""

    def plus(self, other: FindingCount) -> FindingCount:
        """Both together; the later detail is kept."""
        return FindingCount(
            mn=self.mn,
            kind=self.kind,
            what=self.what,
            count=self.count + other.count,
            first_ms=min(self.first_ms, other.first_ms),
            last_ms=max(self.last_ms, other.last_ms),
            detail=other.detail or self.detail,
        )


_Key = tuple[str, str, str]
_CRC_RIGHT = FindingKind.CRC_RIGHT.value


class FindingTally:
    """Counts since they were last taken. Bounded: beyond ``most`` different ones nothing new is added."""

    def __init__(self, most: int = 5_000) -> None:
        self._most = most
        self._rows: dict[_Key, list[int]] = {}
        self._details: dict[_Key, str] = {}

    def add(self, mn: str, kind: FindingKind, what: str, now_ms: int, detail: str = "") -> None:
        """Note something once more."""
        key = (mn, kind.value, what)
        self._count(key, now_ms)
        if detail and key in self._rows:
            self._details[key] = detail

    def right(self, mn: str, mode: str, now_ms: int) -> None:
        """Note a frame whose check sum is right; this runs for every frame."""
        self._count((mn, _CRC_RIGHT, mode), now_ms)

    def _count(self, key: _Key, now_ms: int) -> None:
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= self._most:
                return
            self._rows[key] = row = [0, now_ms, now_ms]
        row[0] += 1
        row[2] = now_ms

    def take(self) -> tuple[FindingCount, ...]:
        """What was counted since the last time."""
        rows, self._rows = self._rows, {}
        details, self._details = self._details, {}
        return tuple(
            FindingCount(
                mn=key[0],
                kind=key[1],
                what=key[2],
                count=row[0],
                first_ms=row[1],
                last_ms=row[2],
                detail=details.get(key, ""),
            )
            for key, row in rows.items()
        )
