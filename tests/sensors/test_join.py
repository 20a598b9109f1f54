"""Split messages: joined in any order, given up in time, the same again from the raw store."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.hj212.codec import Message, parse
from sensors.hj212.join import TIMEOUT_MS, PackageJoiner, is_package
from twin.core.observation import RawFrame

TIME = "20261122100000"


def package(no: int, total: int, body: str, *, at_ms: int = 0, qn: int = 0, time: str | None = TIME):
    data_time = f"DataTime={time};" if time else ""
    segment = (
        f"QN=2026112211{qn:02d}0{no:04d};ST=31;CN=2061;PW=1;MN=A1;Flag=7;PNUM={total};PNO={no};CP=&&"
        f"{data_time}{body}&&"
    ).encode()
    message = parse(segment)
    frame = RawFrame(
        received_ms=at_ms,
        peer="p",
        segment=segment,
        mn="A1",
        st="31",
        cn="2061",
        qn=message.qn or "",
        pno=no,
        sha256=hashlib.sha256(segment).hexdigest(),
    )
    return frame, message


def keys(message: Message) -> list[str]:
    return [key for group in message.groups for key, _ in group]


@given(st.permutations([1, 2, 3, 4]))
@settings(deadline=None, max_examples=24)
def test_packages_in_any_order_are_one_message(order: list[int]) -> None:
    joiner = PackageJoiner()
    results = [joiner.offer(*package(no, 4, f"f{no}-Avg={no}")) for no in order]
    assert results[:-1] == [None, None, None]
    assert results[-1] is not None
    assert keys(results[-1]) == ["DataTime", "f1-Avg", "f2-Avg", "f3-Avg", "f4-Avg"]
    assert joiner.expire(10**9) == []


def test_a_factor_cut_between_packages_is_whole_again() -> None:
    joiner = PackageJoiner()
    joiner.offer(*package(2, 2, "a21018-Flag=D"))
    joined = joiner.offer(*package(1, 2, "a21018-Avg=0.03"))
    assert joined is not None
    assert joined.groups[1:] == ((("a21018-Avg", "0.03"),), (("a21018-Flag", "D"),))


def test_what_is_incomplete_in_time_is_told_with_what_came() -> None:
    joiner = PackageJoiner()
    joiner.offer(*package(1, 3, "x-Avg=1", at_ms=1_000))
    joiner.offer(*package(3, 3, "y-Avg=2", at_ms=2_000))
    assert joiner.expire(1_000 + TIMEOUT_MS) == []
    (left,) = joiner.expire(1_001 + TIMEOUT_MS)
    assert (left.came, left.total, left.frame.received_ms) == (2, 3, 2_000)
    assert keys(left.message) == ["DataTime", "x-Avg", "y-Avg"]


def test_what_comes_too_late_is_read_together_with_what_is_known() -> None:
    joiner = PackageJoiner()
    joiner.offer(*package(1, 2, "a-Avg=1"))
    joiner.expire(TIMEOUT_MS + 1)
    late = joiner.offer(*package(2, 2, "a-Flag=D", at_ms=TIMEOUT_MS + 5))
    assert late is not None
    assert keys(late) == ["DataTime", "a-Avg", "a-Flag"]


def test_a_package_sent_again_changes_nothing_a_new_body_counts() -> None:
    joiner = PackageJoiner()
    first = package(1, 2, "a-Avg=1")
    assert joiner.offer(*first) is None
    assert joiner.offer(*first) is None
    whole = joiner.offer(*package(2, 2, "b-Avg=2"))
    assert joiner.offer(*first) == whole
    changed = joiner.offer(*package(1, 2, "a-Avg=9", qn=1))
    assert changed is not None
    assert changed.value("a-Avg") == "9"
    assert changed.value("b-Avg") == "2"


def test_a_package_without_time_belongs_to_the_message_that_lacks_it() -> None:
    joiner = PackageJoiner()
    joiner.offer(*package(1, 2, "a-Avg=1"))
    joined = joiner.offer(*package(2, 2, "b-Avg=2", time=None))
    assert joined is not None
    assert joined.data_time == TIME


def test_open_messages_are_bounded() -> None:
    joiner = PackageJoiner()
    for k in range(5_000):
        joiner.offer(*package(1, 2, "a-Avg=1", time=f"2026{k:010d}"))
    assert len(joiner.expire(0)) == 5_000 - 4_096


def test_believable_numbers_only() -> None:
    assert is_package(package(1, 1, "")[1])
    assert not is_package(package(3, 2, "")[1])
    assert not is_package(package(0, 2, "")[1])
