"""Online, silent, offline: by lines and by intervals."""

from __future__ import annotations

from twin.core.origin import Origin
from twin.live.lines import LineBook
from twin.store.rows import DeviceState, DeviceStatus


def state(
    mn: str = "A", status: DeviceStatus = DeviceStatus.NEVER, seen_ms: int | None = None
) -> DeviceState:
    return DeviceState(
        mn=mn,
        sensor_id="S",
        station_id="T",
        status=status,
        last_seen_ms=seen_ms,
        interval_s=10.0,
        origin=Origin.SIMULATED,
    )


def statuses(book: LineBook, now_ms: int) -> dict[str, str]:
    changes = {row.mn: row.status.value for row in book.changes(now_ms)}
    book.written()
    return changes


def test_a_device_lives() -> None:
    book = LineBook([state()])
    assert statuses(book, 0) == {}
    book.opened("A", "p1")
    book.heard("A", "p1", 1_000)
    assert statuses(book, 1_001) == {"A": "online"}
    assert statuses(book, 31_000) == {}, "three intervals exactly are not too long"
    assert statuses(book, 31_001) == {"A": "silent"}
    book.heard("A", "p1", 40_000)
    assert statuses(book, 40_001) == {"A": "online"}
    book.closed("A", "p1")
    assert statuses(book, 40_002) == {"A": "offline"}
    assert statuses(book, 999_999) == {}


def test_a_reconnect_before_the_old_line_is_given_up_stays_online() -> None:
    book = LineBook([state()])
    book.opened("A", "p1")
    book.heard("A", "p1", 0)
    book.opened("A", "p2")
    book.heard("A", "p2", 10)
    book.closed("A", "p1")
    assert statuses(book, 20) == {"A": "online"}
    book.closed("A", "p2")
    assert statuses(book, 30) == {"A": "offline"}


def test_a_late_frame_of_a_closed_line_does_not_revive() -> None:
    book = LineBook([state()])
    book.opened("A", "p1")
    book.closed("A", "p1")
    book.heard("A", "p1", 5)
    assert statuses(book, 6) == {"A": "offline"}


def test_after_a_restart_nobody_is_online() -> None:
    book = LineBook([state("A", DeviceStatus.ONLINE, 5), state("B", DeviceStatus.SILENT, 5), state("C")])
    assert statuses(book, 6) == {"A": "offline", "B": "offline"}


def test_changes_are_told_until_they_are_written() -> None:
    book = LineBook([state()])
    book.opened("A", "p1")
    book.heard("A", "p1", 1)
    assert [row.status for row in book.changes(2)] == [DeviceStatus.ONLINE]
    assert [row.status for row in book.changes(3)] == [DeviceStatus.ONLINE]
    book.written()
    assert book.changes(4) == []


def test_strangers_are_ignored() -> None:
    book = LineBook([state()])
    book.opened("X", "p1")
    book.heard("X", "p1", 1)
    book.closed("X", "p1")
    assert book.changes(2) == []
