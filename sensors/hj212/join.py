"""Messages in several packages, joined for decoding.

A package has its own QN, so packages are joined on (MN, CN, PNUM, DataTime), in any order and whatever
line they come on; one without DataTime belongs to the newest open message that lacks it. Every
package is stored and answered by itself; what the message says is decoded once, when it is complete,
or when the rest has not come in time. What comes later still is decoded together with what is known.

The outcome depends on the frames and their times of receipt only, never on the clock: the raw store
read again in its order gives the same.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from sensors.hj212.codec import Group, Message
from twin.core.observation import RawFrame

TIMEOUT_MS = 60_000
_MOST_OPEN = 4096
_MOST_KNOWN = 512

_Key = tuple[str, str, int, str]


@dataclass(slots=True)
class _Packages:
    """Packages of one message by their numbers; ``shas`` are those of all bodies seen."""

    key: _Key
    since_ms: int
    last: RawFrame
    by_no: dict[int, Message] = field(default_factory=dict)
    shas: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        return len(self.by_no) == self.key[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A message whose rest did not come: what there is, and the frame that came last."""

    message: Message
    frame: RawFrame
    came: int
    total: int

    @property
    def detail(self) -> str:
        """For people."""
        return f"CN {self.message.cn} of {self.message.data_time}: {self.came} of {self.total} packages came"


def is_package(message: Message) -> bool:
    """Whether a message is a part of another one: bit D of Flag with believable numbers."""
    return (
        message.is_split
        and message.pnum is not None
        and message.pno is not None
        and 1 <= message.pno <= message.pnum
    )


class PackageJoiner:
    """Packages of all devices. Bounded: the oldest open message gives way as if its time were over."""

    def __init__(self, timeout_ms: int = TIMEOUT_MS) -> None:
        self._timeout_ms = timeout_ms
        self._open: OrderedDict[_Key, _Packages] = OrderedDict()
        self._known: OrderedDict[_Key, _Packages] = OrderedDict()

    def offer(self, frame: RawFrame, message: Message) -> Message | None:
        """Take a package (``is_package``); the message to be decoded now, None where nothing is due."""
        key = self._key_of(message)
        known = self._known.get(key)
        if known is not None:
            # Told once more: where a writer failed, the logger sends again what was not stored.
            _put(known, frame, message)
            return _joined(known)
        packages = self._open.get(key)
        if packages is None:
            packages = self._open[key] = _Packages(key=key, since_ms=frame.received_ms, last=frame)
        _put(packages, frame, message)
        if not packages.is_complete:
            return None
        del self._open[key]
        self._remember(packages)
        return _joined(packages)

    def expire(self, now_ms: int) -> list[Leftover]:
        """Messages that have waited too long at ``now_ms``, oldest first."""
        left = []
        while self._open:
            packages = next(iter(self._open.values()))
            waited_ms = now_ms - packages.since_ms
            if waited_ms <= self._timeout_ms and len(self._open) <= _MOST_OPEN:
                break
            del self._open[packages.key]
            self._remember(packages)
            left.append(
                Leftover(
                    message=_joined(packages),
                    frame=packages.last,
                    came=len(packages.by_no),
                    total=packages.key[2],
                )
            )
        return left

    def _remember(self, packages: _Packages) -> None:
        self._known[packages.key] = packages
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def _key_of(self, message: Message) -> _Key:
        head = (message.mn or "", message.cn or "", message.pnum or 0)
        if message.data_time is None:
            for key, packages in reversed(self._open.items()):
                if key[:3] == head and message.pno not in packages.by_no:
                    return key
        return (*head, message.data_time or "")


def _put(packages: _Packages, frame: RawFrame, message: Message) -> None:
    if frame.sha256 in packages.shas:
        return
    packages.shas.add(frame.sha256)
    packages.by_no[message.pno or 0] = message
    packages.last = frame


def _joined(packages: _Packages) -> Message:
    """One message: the header of the first package, the groups of all in their order."""
    rows = [packages.by_no[no] for no in sorted(packages.by_no)]
    groups: list[Group] = []
    for row in rows:
        groups += [group for group in row.groups if not (groups and _is_time_only(group, packages.key[3]))]
    first = rows[0]
    return Message(
        qn=first.qn,
        st=first.st,
        cn=first.cn,
        pw=first.pw,
        mn=first.mn,
        flag=first.flag,
        pnum=first.pnum,
        pno=first.pno,
        groups=tuple(groups),
        backfilled=any(row.backfilled for row in rows),
    )


def _is_time_only(group: Group, data_time: str) -> bool:
    return group == (("DataTime", data_time),)
