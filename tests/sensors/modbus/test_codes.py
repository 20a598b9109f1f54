"""Factor codes, the plan of questions, and a poll's canonical bytes."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.lines.contract import frame_of
from sensors.modbus.codes import BITS, Block, Code, code_of, loop_value, plan, value_of
from sensors.modbus.poll import TIMEOUT, Poll, decode, poll_of, segment_of
from tests.sensors.lines.way_doubles import NOW_MS, way_device
from twin.core.device import Factor
from twin.core.errors import BadRequestError
from twin.core.observation import Check, Mark

KINDS = ("u16", "s16", "u32", "s32", "f32", "u64", "s64", "f64")


@st.composite
def codes(draw: st.DrawFn) -> Code:
    function = draw(st.integers(1, 4))
    kind = "bit" if function in BITS else draw(st.sampled_from(KINDS))
    return code_of(f"{function}:{draw(st.integers(0, 1000))}:{kind}")


@pytest.mark.parametrize(
    "bad",
    ["", "3", "3:1", "5:1:u16", "3:x:u16", "3:1:u8", "3:1:bit", "1:1:u16", "3:65535:f32", "3:1:u16:ma:1",
     "3:1:u16:xx", "3:1:u16:off:a", "3:١:u16"],
)  # fmt: skip
def test_a_code_that_is_none_is_named(bad: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        code_of(bad)
    assert caught.value.value == bad


@pytest.mark.parametrize("order", ["be", "le", "bes", "les"])
@given(value=st.floats(width=32, allow_nan=False, allow_infinity=False))
@settings(max_examples=20, deadline=None)
def test_floats_in_every_order(order: str, value: float) -> None:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    words = [high, low] if order in ("be", "bes") else [low, high]
    if order in ("bes", "les"):
        words = [(word >> 8) | (word & 0xFF) << 8 for word in words]
    assert value_of(code_of(f"3:0:f32{order}"), words) == value
    assert value_of(code_of(f"3:0:f32:{order}"), words) == value


def test_no_number_is_no_value() -> None:
    assert value_of(code_of("3:0:f32"), [0x7FC0, 0]) is None
    assert value_of(code_of("3:0:f32"), [0x7F80, 0]) is None
    assert value_of(code_of("3:0:s16"), [0xFFFF]) == -1.0


@given(rows=st.lists(codes(), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_every_value_lies_in_one_question_and_none_is_too_long(rows: list[Code]) -> None:
    blocks = plan(rows)
    for code in rows:
        around = [
            row
            for row in blocks
            if row.function == code.function
            and row.address <= code.address
            and code.address + code.count <= row.address + row.count
        ]
        assert around, code
    assert all(row.count <= (2000 if row.function in BITS else 125) for row in blocks)
    assert len(blocks) <= len({(code.function, code.address, code.count) for code in rows})


def test_neighbours_are_read_at_once_and_far_ones_are_not() -> None:
    near = [code_of(f"3:{at}:u16") for at in range(0, 250)]
    assert plan(near) == (Block(3, 0, 125), Block(3, 125, 125))
    assert plan([code_of("3:0:u16"), code_of("3:500:u16"), code_of("4:0:u16")]) == (
        Block(3, 0, 1),
        Block(3, 500, 1),
        Block(4, 0, 1),
    )


@pytest.mark.parametrize(
    ("current_ma", "value"),
    [(4.0, 0.0), (20.0, 60.0), (12.0, 30.0), (3.8, -0.75), (3.5, None), (0.0, None), (21.5, None)],
)  # fmt: skip
def test_a_loop_below_its_live_zero_is_open(current_ma: float, value: float | None) -> None:
    got = loop_value(code_of("4:1:u16:ma:0:60"), current_ma)
    assert got == (None if value is None else pytest.approx(value))


answers = st.one_of(
    st.sampled_from([TIMEOUT, "2", "4", "11"]), st.lists(st.integers(0, 0xFFFF), min_size=9, max_size=9)
)


@given(
    rows=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 60_000), answers), max_size=5),
    unit=st.integers(0, 247),
)
@settings(max_examples=60, deadline=None)
def test_canonical_bytes_say_everything(rows: list[tuple[int, int, list[int] | str]], unit: int) -> None:
    told: dict[Block, tuple[int, ...] | str] = {}
    for function, address, answer in rows:
        words = answer if isinstance(answer, str) else tuple(w % 2 if function in BITS else w for w in answer)
        told[Block(function, address, 9)] = words
    poll = Poll(unit=unit, time_ms=NOW_MS, answers=told)
    assert poll_of(segment_of(poll)) == poll


@given(data=st.binary(max_size=80))
@settings(max_examples=60, deadline=None)
def test_other_bytes_are_no_poll(data: bytes) -> None:
    for segment in (data, b"MODBUS/1;unit=1;time=1;3:0:2=" + data):
        poll = poll_of(segment)
        assert poll is None or segment_of(poll) is not None


def test_what_a_poll_means() -> None:
    factors = (
        Factor(code="3:0:u16", quantity="wind_speed", unit="m/s", scale=0.01, low=0.0, high=60.0),
        Factor(code="3:1:u16", quantity="wind_from", unit="deg", low=0.0, high=360.0),
        Factor(
            code="3:2:s16:off:-0.5", quantity="air_temperature", unit="degC", scale=0.1, low=-40.0, high=80.0
        ),
        Factor(code="4:9:u16:ma:0:100", quantity="relative_humidity", unit="%", scale=0.01),
        Factor(code="3:50:f32", quantity="air_pressure", unit="hPa"),
        Factor(code="4:40:u16", quantity="conc:hf", unit="mg/m3"),
        Factor(code="4:60:u32", quantity="conc:nh3", unit="mg/m3"),
    )
    device = way_device(0, "modbus", factors)
    answers: dict[Block, tuple[int, ...] | str] = {
        Block(3, 0, 3): (345, 361, 0xFFFF),
        Block(4, 9, 1): (350,),  # 3.5 mA
        Block(3, 50, 2): TIMEOUT,
        Block(4, 40, 1): "2",
        Block(4, 60, 2): (0xFFFF, 0xFFFF),
    }
    segment = segment_of(Poll(unit=7, time_ms=NOW_MS, answers=answers))
    said = decode(frame_of(device, segment, received_ms=NOW_MS + 9, peer="x"), device, 8.0)
    rows = {row.quantity: row for row in said.observations}
    assert rows["wind_speed"].value == pytest.approx(3.45)
    assert rows["wind_from"].checks & Check.OUT_OF_RANGE
    assert rows["air_temperature"].value == pytest.approx(273.15 - 0.1 - 0.5)
    assert (rows["relative_humidity"].value, rows["relative_humidity"].mark) == (None, Mark.FAULT)
    assert (rows["air_pressure"].value, rows["air_pressure"].mark) == (None, Mark.NO_LINK)
    assert (rows["conc:hf"].value, rows["conc:hf"].mark) == (None, Mark.FAULT)
    assert (rows["conc:nh3"].value, rows["conc:nh3"].raw_text) == (None, "FFFF FFFF")
    assert {row.time_ms for row in said.observations} == {NOW_MS}
    assert all(row.value is None or math.isfinite(row.value) for row in said.observations)
