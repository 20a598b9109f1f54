"""JSON records of instruments: over MQTT, or uploaded.

One record, or several under ``records`` (at most 10,000)::

    {"time": "2026-11-22T10:15:00+08:00", "interval_s": 0,
     "values": {"hf": 0.031, "nh3": {"value": 1.2, "unit": "mg/m3", "mark": "N"}, "so2": null}}

``time``: ms since 1970 UTC, ISO 8601 with its zone, or 14 digits in the park's zone (HJ 212 DataTime); of
means the start of the interval. ``values``: factor code -> number (or its text), null where there is none,
or an object; a ``unit`` must be one of the house and fit the factor, without it the record's is meant.
``mark`` is a data mark of HJ 212, of one value or of the whole record. ``id`` and ``mn`` may stand
beside; ``mn`` must then be the device's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sensors.contract import LineEventKind
from sensors.hj212.codec import Problem
from sensors.hj212.decode import Decoded, stamp_ms
from sensors.quality import number
from sensors.readings import Moment, Reading, moment, nothing, observation
from twin.core.clock import from_datetime
from twin.core.device import Device, Factor
from twin.core.errors import BadRequestError, UnitError
from twin.core.observation import Check, Mark, Observation, RawFrame
from twin.core.units import unit

RECORDS_MAX = 10_000
_INTERVAL_MAX_S = 366 * 86_400.0
_RECORD_KEYS = frozenset({"time", "interval_s", "values", "mark", "id", "mn"})
_VALUE_KEYS = frozenset({"value", "unit", "mark"})
_SMALLEST_MS = 100_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record taken apart; times in ms."""

    time_ms: int
    interval_ms: int
    mark: str | None
    values: Mapping[str, Any]


def decode(frame: RawFrame, device: Device, utc_offset_h: float) -> Decoded:
    """Observations of a JSON body; what is wrong with one record harms no other."""
    try:
        rows = list(records(frame.segment, device.mn, utc_offset_h))
    except BadRequestError as error:
        return nothing(LineEventKind.BAD_PAYLOAD, error.message)
    found: list[Observation] = []
    problems: list[Problem] = []
    unknown: dict[str, None] = {}
    for row in rows:
        if isinstance(row, BadRequestError):
            problems.append(Problem(kind=LineEventKind.BAD_PAYLOAD, detail=row.message))
            continue
        when, doubts = moment(row.time_ms, frame.received_ms, interval_ms=row.interval_ms)
        problems += doubts
        for code, told in row.values.items():
            factor = device.factor(code)
            if factor is None:
                unknown[code] = None
            else:
                found.append(_observation(device, factor, told, row.mark, when))
    return Decoded(observations=tuple(found), problems=tuple(problems), unknown_codes=tuple(unknown))


def first_time_ms(segment: bytes, mn: str, utc_offset_h: float) -> int:
    """Time of the first good record. Raises BadRequestError when there is none."""
    last: BadRequestError | None = None
    for row in records(segment, mn, utc_offset_h):
        if isinstance(row, Record):
            return row.time_ms
        last = row
    raise last or _bad("none", "records", "at least one record", "至少一条记录")


def records(segment: bytes, mn: str, utc_offset_h: float) -> Iterator[Record | BadRequestError]:
    """Records of a body, each good or with its error. Raises BadRequestError for a body that is none."""
    body = parse_json(segment)
    if not isinstance(body, dict):
        raise _bad(body, "body", "an object", "一个 JSON 对象")
    if "records" not in body:
        yield _record(body, mn, utc_offset_h)
        return
    rows = body["records"]
    if not isinstance(rows, list) or len(rows) > RECORDS_MAX or set(body) - {"records", "mn", "id"}:
        raise _bad(
            rows, "records", f"a list of at most {RECORDS_MAX} records", f"至多 {RECORDS_MAX} 条记录的列表"
        )
    if body.get("mn", mn) != mn:
        raise _bad(body["mn"], "mn", mn, mn)
    for row in rows:
        yield _record(row, mn, utc_offset_h)


def parse_json(segment: bytes) -> Any:
    """JSON of UTF-8 bytes, without NaN, infinities and endless nesting. Raises BadRequestError."""
    try:
        return json.loads(segment.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _bad(error, "body", "JSON in UTF-8", "UTF-8 编码的 JSON") from None


def view(segment: bytes) -> tuple[tuple[str, str], ...]:
    """A body for people: its first record."""
    try:
        body = parse_json(segment)
    except BadRequestError:
        return ()
    rows = body.get("records") if isinstance(body, dict) else None
    first = rows[0] if isinstance(rows, list) and rows else body
    return tuple((key, json.dumps(value, ensure_ascii=False)[:200]) for key, value in _pairs(first))


def time_ms_of(told: object, utc_offset_h: float) -> int | None:
    """Time of a record, or None where it is none.

    >>> time_ms_of("19700101080000", 8), time_ms_of("1970-01-01T00:00:00Z", 8), time_ms_of("noon", 8)
    (0, 0, None)
    """
    if isinstance(told, bool) or told is None:
        return None
    if isinstance(told, int):
        return told if told >= _SMALLEST_MS else None
    if not isinstance(told, str):
        return None
    digits = stamp_ms(told, utc_offset_h)
    if digits is not None:
        return digits
    try:
        when = datetime.fromisoformat(told)
        return None if when.tzinfo is None else from_datetime(when)
    except (ValueError, OverflowError):
        return None


def mark_of_text(text: str | None) -> tuple[Mark, Check]:
    """Mark of a letter; without one the value is good, an unknown letter makes it doubtful."""
    if not text:
        return Mark.NORMAL, Check.NONE
    try:
        return Mark(text), Check.NONE
    except ValueError:
        return Mark.NORMAL, Check.UNKNOWN_MARK


def _pairs(row: object) -> list[tuple[str, Any]]:
    if not isinstance(row, dict):
        return []
    values = row.get("values")
    return [
        *((k, v) for k, v in row.items() if k != "values"),
        *(values.items() if isinstance(values, dict) else ()),
    ]


def _record(row: object, mn: str, utc_offset_h: float) -> Record | BadRequestError:
    if not isinstance(row, dict) or set(row) - _RECORD_KEYS:
        return _bad(row, "record", f"an object with {', '.join(sorted(_RECORD_KEYS))}", "只含规定键的对象")
    time_ms = time_ms_of(row.get("time"), utc_offset_h)
    if time_ms is None:
        return _bad(
            row.get("time"),
            "time",
            "ms, ISO 8601 with a zone, or 14 digits",
            "毫秒、带时区的 ISO 8601 或 14 位数字",
        )
    interval = row.get("interval_s", 0)
    if (
        isinstance(interval, bool)
        or not isinstance(interval, int | float)
        or not 0 <= interval <= _INTERVAL_MAX_S
    ):
        return _bad(interval, "interval_s", "seconds, 0 for a moment", "秒数，瞬时值为 0")
    values = row.get("values")
    if not isinstance(values, dict):
        return _bad(values, "values", "an object: code -> value", "对象：因子编码 -> 值")
    if row.get("mn", mn) != mn:
        return _bad(row["mn"], "mn", mn, mn)
    mark = row.get("mark")
    if mark is not None and not isinstance(mark, str):
        return _bad(mark, "mark", "a letter", "一个字母")
    return Record(time_ms=time_ms, interval_ms=round(interval * 1000), mark=mark, values=values)


def _observation(
    device: Device, factor: Factor, told: object, mark_text: str | None, when: Moment
) -> Observation:
    row = told if isinstance(told, dict) else {"value": told}
    text = row.get("value")
    own = row.get("mark", mark_text)
    mark, checks = mark_of_text(own if isinstance(own, str) else None)
    value = _number(text)
    said = str(row.get("unit") or "")
    if set(row) - _VALUE_KEYS or (said and not _fits(said, factor)):
        value, checks = None, checks | Check.UNIT_DOUBTED
    if value is None and text is not None:
        checks |= Check.NOT_A_NUMBER
    reading = Reading(
        code=factor.code,
        value=value,
        text="" if text is None else str(text),
        unit=said if value is not None else "",
        mark=mark,
        checks=checks,
    )
    return observation(device, factor, reading, when)


def _number(told: object) -> float | None:
    if isinstance(told, bool):
        return None
    if isinstance(told, int | float):
        return number(repr(told))
    return number(told) if isinstance(told, str) else None


def _fits(name: str, factor: Factor) -> bool:
    try:
        return unit(name).dimension == unit(factor.unit).dimension
    except UnitError:
        return False


def _no_constant(text: str) -> None:
    msg = f"{text} is no number"
    raise ValueError(msg)


def _bad(value: object, field: str, expected: str, expected_zh: str) -> BadRequestError:
    shown = str(value)[:80]
    return BadRequestError(
        f"{field}: {shown!r}; expected {expected}",
        message_zh=f"{field}：{shown!r}；应为{expected_zh}",
        field=field,
        value=shown,
    )
