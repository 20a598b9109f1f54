"""Frames as data: a case of a conformance set through the very session that the server runs.

A case holds ``chunks`` (reads of one line, in order) and ``options``; the answer says which frames were
delivered, which errors were reported, which answers are due, what would be stored, and what the
values mean. ``expect`` is never looked at, except for the names of the options in ``with_option``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sensors.contract import LineEvent, LineEventKind, LineLimits
from sensors.hj212.codec import Message
from sensors.hj212.decode import decode, factor_fields, stamp_ms
from sensors.hj212.edition import PROFILES, command
from sensors.hj212.findings import FindingKind, FindingTally
from sensors.hj212.join import PackageJoiner, is_package
from sensors.hj212.session import Delivery, LineSession, Outcome
from sensors.hj212.sm4 import KEY_LEN, key_of
from sensors.quality import mark_of, number, value_checks
from twin.core.device import CrcMode, Device, Edition, Factor
from twin.core.errors import BadRequestError, ParkTwinError
from twin.core.observation import Check, Mark
from twin.core.origin import Origin

Case = Mapping[str, Any]
Answer = dict[str, Any]

# The errors that the set knows; the line's own events (connect, a Flag of another edition) are none.
_FIRST, _LAST = LineEventKind.GARBAGE, LineEventKind.SPLIT_INCOMPLETE
_ORDER = tuple(LineEventKind)
KINDS = frozenset(_ORDER[_ORDER.index(_FIRST) : _ORDER.index(_LAST) + 1])
VERSIONS = {0: "HJ/T 212-2005", 1: "HJ 212-2017", 2: "HJ 212-2025"}
_VALUE_FIELDS = ("Rtd", "Avg", "Min", "Max", "Cou", "ZsRtd", "ZsAvg", "ZsMin", "ZsMax", "Data", "RT")
_QUALITY = (
    (Check.NOT_A_NUMBER, "not_a_number"),
    (Check.OUT_OF_RANGE, "out_of_range"),
    (Check.UNKNOWN_MARK, "flag_unknown"),
    (Check.NO_MARK, "flag_missing"),
)
_EXPECTED = frozenset(
    {"frames", "errors", "acks", "stored_frames", "values", "messages_complete", "crc_variant"}
)
_KEY_NAMES = ("sm4_key", "sm4_keys", "key", "keys")
_BASE64_KEY_LEN = 24
_UTC_OFFSET_H = 8.0
_LIMIT_BYTES = 16_000_000


def decode_cases(data: object) -> Answer:
    """Answer to one case; ``{"results": [{"id", "output"}]}`` to ``{"cases": [...]}`` or a list of them.

    Raises BadRequestError where ``data`` is none of these; a case that cannot be understood has its
    own ``error`` and does not stop the others.
    """
    if isinstance(data, dict) and "cases" not in data:
        return decode_case(data)
    cases = data["cases"] if isinstance(data, dict) else data
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise _bad(name="cases", value=data, expected="a list of cases")
    return {"results": [_result(case) for case in cases]}


def decode_case(case: Case) -> Answer:
    """Answer to one case; with ``with_option`` also what the named options give. Raises BadRequestError."""
    options = dict(case.get("options") or {})
    options |= {name: case[name] for name in _KEY_NAMES if name in case}
    answer = _Play(case, options).answer()
    expect = case.get("expect")
    named = expect.get("with_option") if isinstance(expect, dict) else case.get("with_option")
    if isinstance(named, dict):
        more = {name: value for name, value in named.items() if name not in _EXPECTED}
        answer["with_option"] = _Play(case, options | more).answer()
    return answer


def view(message: Message) -> Answer:
    """A message in the set's own words."""
    flag = None
    if message.flag is not None:
        bits = message.flag >> 2
        flag = {
            "raw": message.flag,
            "version_bits": bits,
            "version": VERSIONS.get(bits),
            "split": message.is_split,
            "ack": message.wants_answer,
        }
    return {
        "QN": message.qn,
        "ST": message.st,
        "CN": message.cn,
        "PW": message.pw,
        "MN": message.mn,
        "Flag": flag,
        "PNUM": message.pnum,
        "PNO": message.pno,
        "DataTime": message.data_time,
        "cp_groups": [[list(pair) for pair in group] for group in message.groups],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _CaseRegistry:
    """Registry of a case: the numbers it lists, or every one with any password."""

    stated: Mapping[str, str] | None
    crc_mode: CrcMode
    edition: Edition
    keys: tuple[bytes, ...]
    keys_by_mn: Mapping[str, tuple[bytes, ...]]
    ranges: Mapping[str, tuple[float | None, float | None]]

    def device(self, mn: str) -> Device | None:
        """A device with this number and the factors of the case."""
        if not mn or (self.stated is not None and mn not in self.stated):
            return None
        return Device(
            mn=mn,
            sensor_id="X",
            station_id="S",
            st="31",
            origin=Origin.EXERCISE,
            edition=self.edition,
            crc_mode=self.crc_mode,
            interval_s=60.0,
            factors=(),
        )

    def password(self, mn: str) -> str | None:
        """Password that the case states."""
        return None if self.stated is None else self.stated[mn] or None

    def passwords(self, mn: str) -> tuple[str, ...]:
        """The same where the case states one."""
        word = self.password(mn)
        return () if word is None else (word,)

    def sm4_key(self, mn: str) -> bytes | None:
        """First key that the case states."""
        return next(iter(self.sm4_keys(mn)), None)

    def sm4_keys(self, mn: str) -> tuple[bytes, ...]:
        """Keys that the case states, for this number or for all."""
        return self.keys_by_mn.get(mn, self.keys)


@dataclass(slots=True)
class _Heard:
    """What came out of a session."""

    frames: list[Answer] = field(default_factory=list)
    kinds: set[LineEventKind] = field(default_factory=set)
    acks: list[str] = field(default_factory=list)
    stored: set[tuple[object, ...]] = field(default_factory=set)
    values: list[Answer] = field(default_factory=list)
    complete: int = 0


class _Play:
    """One case with one set of options."""

    def __init__(self, case: Case, options: Mapping[str, Any]) -> None:
        self._case = case
        self._options = options
        self._chunks = [_bytes(chunk) for chunk in _list(case, "chunks")]
        self._now_ms = _now_ms(options)
        self._registry = _registry(options)
        self._tally = FindingTally()
        self._joiner = PackageJoiner()
        self._heard = _Heard()

    def answer(self) -> Answer:
        """Play the case."""
        limits = _limits(self._options)
        session = LineSession("case", self._registry, limits, None, self._tally)
        clock_ms = 0
        step_ms = round(1000 * _float(self._options, "clock_step_before_last_chunk_s", 0.0))
        for k, chunk in enumerate(self._chunks):
            clock_ms += step_ms if k == len(self._chunks) - 1 else 0
            self._take(session.read(chunk, clock_ms))
        if self._case.get("class") == "split" or self._options.get("after_timeout"):
            clock_ms += round(limits.split_timeout_s * 1000) + 1
            self._take(session.tick(clock_ms))
        self._take(session.close(clock_ms))
        return self._told()

    def _told(self) -> Answer:
        heard = self._heard
        wrong = [row.what for row in self._tally.take() if row.kind == FindingKind.CRC_WRONG]
        return {
            "frames": heard.frames,
            "errors": sorted(kind.value for kind in heard.kinds),
            "acks": heard.acks,
            "stored_frames": len(heard.stored),
            "values": heard.values,
            "messages_complete": heard.complete,
            "crc_variant": next((what for what in wrong if what), None),
        }

    def _take(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, LineEvent):
                if outcome.kind in KINDS:
                    self._heard.kinds.add(outcome.kind)
            elif outcome.reason is not LineEventKind.CANNOT_DECRYPT:
                self._frame(outcome)

    def _frame(self, delivery: Delivery) -> None:
        heard, message, frame = self._heard, delivery.message, delivery.frame
        heard.frames.append(view(message))
        if delivery.reason is not None:
            return
        heard.stored.add((frame.mn, frame.st, frame.cn, frame.qn, frame.pno, frame.sha256))
        if delivery.answer is not None:
            heard.acks.append(delivery.answer.decode("utf-8", "backslashreplace"))
        if is_package(message) and self._joiner.offer(frame, message) is not None:
            heard.complete += 1
        device = self._registry.device(frame.mn)
        if device is None:
            return
        now_ms = self._now_ms
        if now_ms is None:
            now_ms = stamp_ms(message.data_time or "", _UTC_OFFSET_H) or 0
        said = decode(message, device, now_ms, _UTC_OFFSET_H)
        heard.kinds |= {problem.kind for problem in said.problems}
        heard.values += _values(message, device, self._registry.ranges)


def _values(message: Message, device: Device, ranges: Mapping[str, tuple[Any, Any]]) -> list[Answer]:
    """Number and quality word of every value of a message, in the unit sent."""
    if not command(message.cn or "").fields:
        return []
    marks = PROFILES[device.edition].marks_for(message.st or "")
    rows = []
    for code, fields in factor_fields(message.groups).items():
        low, high = ranges.get(code, (None, None))
        factor = Factor(code=code, quantity="", unit="", low=low, high=high)
        mark, mark_checks = mark_of(fields.get("Flag"), marks)
        for name in _VALUE_FIELDS:
            if name in fields:
                value = number(fields[name])
                checks = mark_checks | value_checks(value, factor)
                word = _quality(mark, checks)
                rows.append({"code": code, "field": name, "number": value, "quality": word})
    return rows


def _quality(mark: Mark, checks: Check) -> str:
    for check, word in _QUALITY:
        if checks & check:
            return word
    return "ok" if mark is Mark.NORMAL else f"flag_{mark.value}"


def _result(case: Case) -> Answer:
    try:
        return {"id": case.get("id"), "output": decode_case(case)}
    except ParkTwinError as error:
        return {"id": case.get("id"), "error": {"field": error.field, "message": error.message}}


def _bytes(chunk: object) -> bytes:
    """Bytes of a chunk: ``text``, ``b64``, ``hex``, or ``parts`` that may be repeated."""
    if not isinstance(chunk, dict):
        raise _bad(name="chunks", value=chunk, expected="objects with text, b64, hex or parts")
    if "parts" in chunk:
        data = b"".join(_bytes(part) * _times(part) for part in _list(chunk, "parts"))
    elif isinstance(chunk.get("text"), str):
        data = chunk["text"].encode("utf-8", "surrogatepass")
    else:
        data = _binary(chunk)
    if len(data) > _LIMIT_BYTES:
        raise _bad(name="chunks", value=f"{len(data)} bytes", expected=f"{_LIMIT_BYTES} bytes at most")
    return data


def _times(part: object) -> int:
    times = part.get("times", 1) if isinstance(part, dict) else 1
    if not isinstance(times, int) or not 0 <= times <= 1_000_000:
        raise _bad(name="times", value=times, expected="0 to 1000000")
    return times


def _binary(chunk: Mapping[str, Any]) -> bytes:
    try:
        if "b64" in chunk:
            return base64.b64decode(chunk["b64"], validate=True)
        return bytes.fromhex(chunk["hex"])
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise _bad(name="chunks", value=sorted(chunk), expected="text, b64, hex or parts") from None


def _registry(options: Mapping[str, Any]) -> _CaseRegistry:
    # Sets call it differently: every option that speaks of a key or of SM4 is taken for one.
    named = (name for name in options if "key" in name.lower() or "sm4" in name.lower())
    given = next((options[name] for name in named if options[name]), None)
    by_mn = {mn: _keys(rows) for mn, rows in given.items()} if isinstance(given, dict) else {}
    try:
        return _CaseRegistry(
            stated=_passwords(options.get("registry")),
            crc_mode=CrcMode(options.get("crc_mode", "hj212")),
            edition=Edition(str(options.get("edition", "2017"))),
            keys=() if given is None or isinstance(given, dict) else _keys(given),
            keys_by_mn=by_mn,
            ranges={code: tuple(pair) for code, pair in (options.get("factor_range") or {}).items()},
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise _bad(name="options", value=options, expected=f"options as documented ({error})") from None


def _passwords(given: object) -> Mapping[str, str] | None:
    if isinstance(given, dict):
        return {str(mn): str(pw or "") for mn, pw in given.items()}
    return None


def _keys(given: object) -> tuple[bytes, ...]:
    rows = given if isinstance(given, list) else [given]
    return tuple(_key(str(row)) for row in rows)


def _key(text: str) -> bytes:
    """Key from 16 characters, 32 hexadecimal digits or base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    return raw if len(text) == _BASE64_KEY_LEN and len(raw) == KEY_LEN else key_of(text)


def _limits(options: Mapping[str, Any]) -> LineLimits:
    usual = LineLimits()
    return LineLimits(
        max_data_len=int(_float(options, "max_data_len", usual.max_data_len)),
        frame_timeout_s=_float(options, "frame_timeout_s", usual.frame_timeout_s),
        split_timeout_s=_float(options, "split_timeout_s", usual.split_timeout_s),
        max_events_per_minute=1_000_000,
    )


def _now_ms(options: Mapping[str, Any]) -> int | None:
    text = options.get("now")
    if text is None:
        return None
    try:
        return round(datetime.fromisoformat(str(text)).timestamp() * 1000)
    except ValueError:
        raise _bad(name="now", value=text, expected="a time as 2026-11-22T10:15:02+08:00") from None


def _float(options: Mapping[str, Any], name: str, usual: float) -> float:
    value = options.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(name=name, value=value, expected="a number")
    return float(value)


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    value = row.get(name)
    if not isinstance(value, list):
        raise _bad(name=name, value=value, expected="a list")
    return value


def _bad(*, name: str, value: object, expected: str) -> BadRequestError:
    return BadRequestError(
        f"{name}: expected {expected}",
        message_zh=f"{name}：应为 {expected}",
        field=name,
        value=str(value)[:100],
    )
