"""Messages that come in several packages.

Each package has its own QN, so packages are joined on (MN, CN, PNUM, DataTime) and may come in any
order. Every package is stored and answered on its own; this only tells which messages stayed
incomplete.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sensors.hj212.codec import Message

_MAX_OPEN = 64


@dataclass(slots=True)
class _Open:
    """Packages seen of one message."""

    mn: str
    since_ms: int
    total: int
    seen: set[int] = field(default_factory=set)


class SplitTracker:
    """Packages of one server. At most 64 messages are open; the oldest gives way."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._open: dict[tuple[str, str, int, str], _Open] = {}

    def add(self, message: Message, now_ms: int) -> bool:
        """Note a package; True when it completes its message."""
        if not message.is_split or message.pnum is None or message.pno is None:
            return False
        if not 1 <= message.pno <= message.pnum:
            return False
        key = (message.mn or "", message.cn or "", message.pnum, message.data_time or "")
        if key not in self._open and len(self._open) >= _MAX_OPEN:
            del self._open[next(iter(self._open))]
        entry = self._open.setdefault(key, _Open(mn=key[0], since_ms=now_ms, total=message.pnum))
        entry.seen.add(message.pno)
        if len(entry.seen) < entry.total:
            return False
        del self._open[key]
        return True

    def expire(self, now_ms: int) -> list[tuple[str, str]]:
        """(MN, what is missing) of messages that stayed incomplete for too long."""
        late = [key for key, entry in self._open.items() if now_ms - entry.since_ms > self._timeout_ms]
        return [self._drop(key) for key in late]

    def _drop(self, key: tuple[str, str, int, str]) -> tuple[str, str]:
        entry = self._open.pop(key)
        return entry.mn, f"CN {key[1]} of {key[3]}: {len(entry.seen)} of {entry.total} packages came"
