"""Requests of the platform: rows, bounds, editions, numbers, frames that a station reads back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.hj212.codec import parse
from sensors.hj212.commands import (
    COMMAND_ROWS,
    HIDDEN,
    ArgumentKind,
    ExchangeNumbers,
    commands_of,
    make_request,
    segment_of_request,
)
from sensors.hj212.frame import Framer, Segment, frame
from tests.support.small_park import device
from twin.core.device import CrcMode, Device, Edition
from twin.core.errors import BadRequestError

NOW_MS = 1_795_000_000_000
GOOD = {
    "over_time_s": 5,
    "recount": 3,
    "interval_s": 60,
    "interval_min": 10,
    "password": "abc123",
    "key": "0123456789abcdef",
    "mn": "0" * 24,
    "factor": "a21018",
    "info": "i13001",
    "value": "1.25",
    "start": "083000",
    "period_h": 2,
    "from_ms": NOW_MS - 3_600_000,
    "to_ms": NOW_MS,
    "time_ms": NOW_MS,
}


def of_edition(edition: Edition) -> Device:
    return replace(device(1), edition=edition)


def test_every_command_of_an_edition_makes_a_frame_that_says_what_was_meant():
    for edition in Edition:
        for row in commands_of(edition):
            told = {one.name: GOOD[one.name] for one in row.arguments}
            asked = of_edition(edition)
            request = make_request(asked, row.cn, told, 8.0)
            segment = segment_of_request(request, asked, qn="20261122101500001", password="secret")
            pieces = Framer().feed(frame(segment), 0)
            assert [type(piece) for piece in pieces] == [Segment]
            message = parse(segment)
            assert (message.cn, message.mn, message.pw, message.st) == (row.cn, asked.mn, "secret", "22")
            assert message.version_bits == {"2005": 0, "2017": 1, "2025": 2}[edition.value]
            assert message.wants_answer
            assert not message.problems
            assert tuple(pair for group in message.groups for pair in group) == request.fields


def test_the_standards_own_request_comes_out():
    """HJ 212-2017, annex A: the request 1062 whose frame has the sum 1C80."""
    asked = replace(device(1), mn="010000A8900016F000169DC0", st="32")
    request = make_request(asked, "1062", {"interval_s": 30}, 8.0)
    segment = segment_of_request(request, asked, qn="20160801085857223", password="100000")
    whole = frame(segment, CrcMode.HJ212)
    expected = (
        b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
        b"CP=&&RtdInterval=30&&1C80\r\n"
    )
    assert whole == expected


def test_an_edition_that_does_not_know_a_command_is_not_sent_it():
    with pytest.raises(BadRequestError, match="no command of edition 2005") as caught:
        make_request(of_edition(Edition.HJ2005), "3020", {"info": "i12001"}, 8.0)
    assert caught.value.field == "cn"
    assert "3022" not in {row.cn for row in commands_of(Edition.HJ2017)}
    assert {"1001", "1014", "3022", "3024"} <= {row.cn for row in commands_of(Edition.HJ2025)}


BAD = [
    ("1062", {"interval_s": 29}, "30 to 3600 s"),
    ("1062", {"interval_s": 3601}, "30 to 3600 s"),
    ("1062", {"interval_s": "60"}, "whole number"),
    ("1062", {"interval_s": True}, "whole number"),
    ("1062", {}, "a value"),
    ("1062", {"interval_s": 60, "more": 1}, "an argument of 1062"),
    ("1064", {"interval_min": 7}, "one of 1, 2"),
    ("2051", {"from_ms": NOW_MS, "to_ms": NOW_MS}, "later"),
    ("2051", {"from_ms": 0, "to_ms": NOW_MS}, "1970"),
    ("3011", {"factor": "a21018;CN=9014"}, "letters and digits"),
    ("3016", {"factor": "a21018", "start": "250000", "period_h": 1}, "hhmmss"),
    ("3021", {"factor": "a21018", "info": "i13001", "value": "1&&"}, "without"),
    ("3021", {"factor": "a21018", "info": "i13001", "value": "1\r\n##"}, "without"),
]


@pytest.mark.parametrize(("cn", "args", "expected"), BAD)
def test_bad_arguments_are_named(cn: str, args: dict[str, object], expected: str):
    with pytest.raises(BadRequestError, match=expected) as caught:
        make_request(device(1), cn, args, 8.0)
    assert caught.value.message_zh != caught.value.message


def test_secrets_are_in_the_frame_and_nowhere_else():
    for cn, name, edition in (("1072", "password", Edition.HJ2017), ("1014", "key", Edition.HJ2025)):
        asked = of_edition(edition)
        request = make_request(asked, cn, {name: GOOD[name]}, 8.0)
        assert request.told() == {name: HIDDEN}
        assert str(GOOD[name]).encode() in segment_of_request(request, asked, qn="1", password="x")
        with pytest.raises(BadRequestError) as caught:
            make_request(asked, cn, {name: "hush;CN=1"}, 8.0)
        assert "hush" not in f"{caught.value.message}{caught.value.message_zh}{caught.value.value}"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=200))
def test_numbers_never_repeat_and_never_go_back(pauses: list[int]):
    numbers, now_ms, seen = ExchangeNumbers(8.0), NOW_MS, []
    for pause in pauses:
        now_ms += pause
        seen.append(numbers.next(now_ms))
    assert seen == sorted(set(seen))
    assert all(len(row) == 17 and row.isdigit() for row in seen)


def test_rows_are_whole():
    for row in COMMAND_ROWS.values():
        assert row.text.zh != row.text.en
        assert row.role in ("operator", "engineer")
        for one in row.arguments:
            assert one.low <= one.high
            assert bool(one.choices) == (one.kind is ArgumentKind.CHOICE)
