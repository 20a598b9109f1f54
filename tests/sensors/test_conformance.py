"""Every case of the shared HJ 212 conformance set, through the session that the server runs."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sensors.contract import LineEvent, LineEventKind, LineLimits
from sensors.hj212.codec import Message
from sensors.hj212.decode import decode, stamp_ms
from sensors.hj212.session import Delivery, LineSession, Outcome
from tests.sensors.line_doubles import OpenRegistry
from tests.sensors.tiny_park import factors, make_device
from twin.core.device import CrcMode, Device
from twin.core.observation import Check, Mark, Observation

SET = Path(__file__).resolve().parents[3] / "shared" / "data" / "sensing" / "hj212_frames.json"
CASES: list[dict[str, Any]] = json.loads(SET.read_text())["cases"] if SET.exists() else []
VERSIONS = {0: "HJ/T 212-2005", 1: "HJ 212-2017", 2: "HJ 212-2025"}
# Reported by the line itself, not asked for by the set.
OURS = {LineEventKind.CONNECT, LineEventKind.DISCONNECT, LineEventKind.EDITION_DIFFERS}

needs_set = pytest.mark.skipif(not CASES, reason="shared conformance set is not here")


def chunk_bytes(chunk: dict[str, Any]) -> bytes:
    if "parts" in chunk:
        return b"".join(chunk_bytes(part) * part.get("times", 1) for part in chunk["parts"])
    return chunk["text"].encode() if "text" in chunk else base64.b64decode(chunk["b64"])


def case_device(case: dict[str, Any]) -> Device:
    low, high = case.get("options", {}).get("factor_range", {}).get("a21018", (None, None))
    rows = factors((("a21018", "conc:hf", "mg/m3", low, high),))
    return make_device("ANY", "X", "S", rows)


@dataclass
class Result:
    messages: list[Message] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    acks: list[str] = field(default_factory=list)
    stored: int = 0
    observations: list[Observation] = field(default_factory=list)


def case_now_ms(case: dict[str, Any], message: Message | None) -> int:
    """The server's clock: as the case says, else the moment that the frame names."""
    text = case.get("options", {}).get("now")
    if text:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    if message is None or message.data_time is None:
        return 0
    return stamp_ms(message.data_time, 8) or 0


def play(case: dict[str, Any], **options: Any) -> Result:
    options = case.get("options", {}) | options
    registry = OpenRegistry(
        passwords=options.get("registry"), crc_mode=CrcMode(options.get("crc_mode", "hj212"))
    )
    limits = LineLimits(max_data_len=options.get("max_data_len", 4096))
    session = LineSession("test", registry, limits)
    result = Result()
    now_ms = 0
    last = len(case["chunks"]) - 1
    for k, chunk in enumerate(case["chunks"]):
        now_ms += 1000 * options.get("clock_step_before_last_chunk_s", 0) if k == last else 0
        take(result, case, session.read(chunk_bytes(chunk), now_ms))
    if case["class"] == "split":  # the set means: after the time-out
        take(result, case, session.tick(now_ms + round(limits.split_timeout_s * 1000) + 1))
    take(result, case, session.close(now_ms))
    return result


def take(result: Result, case: dict[str, Any], outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, LineEvent):
            result.kinds |= {outcome.kind.value} if outcome.kind not in OURS else set()
            continue
        take_frame(result, case, outcome)


def take_frame(result: Result, case: dict[str, Any], delivery: Delivery) -> None:
    if delivery.reason is LineEventKind.CANNOT_DECRYPT:
        return  # kept apart for the day the key comes
    result.messages.append(delivery.message)
    if delivery.reason is not None:
        return
    result.stored += 1
    if delivery.answer is not None:
        result.acks.append(delivery.answer.decode())
    now_ms = case_now_ms(case, delivery.message)
    decoded = decode(delivery.message, case_device(case), now_ms, 8.0)
    result.observations += decoded.observations
    result.kinds |= {problem.kind.value for problem in decoded.problems}


def view(message: Message) -> dict[str, Any]:
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


def quality_word(row: Observation) -> str:
    """The set's word for the quality of a value."""
    words = {
        Check.NOT_A_NUMBER: "not_a_number",
        Check.OUT_OF_RANGE: "out_of_range",
        Check.UNKNOWN_MARK: "flag_unknown",
        Check.NO_MARK: "flag_missing",
    }
    for check, word in words.items():
        if row.checks & check:
            return word
    return "ok" if row.mark is Mark.NORMAL else f"flag_{row.mark.value}"


@needs_set
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: dict[str, Any]):
    expect = case["expect"]
    result = play(case)
    assert [view(message) for message in result.messages] == expect["frames"]
    if expect["errors"]:
        assert set(expect["errors"]) <= result.kinds
    else:
        assert result.kinds == set()
    # Where the set reports an error and names no answers it leaves them open; ours: stored = answered.
    if "acks" in expect or not expect["errors"]:
        assert result.acks == expect.get("acks", [])
    if "stored_frames" in expect:
        assert result.stored == expect["stored_frames"]
    for wanted in expect.get("values", []):
        rows = [row for row in result.observations if row.quantity == "conc:hf"]
        assert [row.value for row in rows] == [
            None if wanted["number"] is None else pytest.approx(wanted["number"] * 1e-6)
        ]
        assert quality_word(rows[0]) == wanted["quality"]


@needs_set
@pytest.mark.parametrize("case", [c for c in CASES if c["class"] == "other_crc"], ids=lambda c: c["id"])
def test_other_check_sums(case: dict[str, Any]):
    """The refused frame names the variant; with the device's mode set it is read."""
    expect = case["expect"]
    registry = OpenRegistry()
    limits = LineLimits(max_data_len=case.get("options", {}).get("max_data_len", 4096))
    session = LineSession("test", registry, limits)
    outcomes = [row for chunk in case["chunks"] for row in session.read(chunk_bytes(chunk), 0)]
    details = " ".join(row.detail for row in outcomes if isinstance(row, LineEvent))
    assert details.endswith(f"seems to compute {expect['crc_variant']}")
    with_option = expect["with_option"]
    result = play(case, crc_mode=with_option["crc_mode"])
    assert [view(message) for message in result.messages] == with_option["frames"]


@needs_set
def test_untrusted_time_is_not_used():
    """A value dated 2099 is kept, marked, and not placed at the time that it claims."""
    case = next(row for row in CASES if row["id"] == "time-future")
    (row,) = play(case).observations
    assert row.checks & Check.TIME_OUT_OF_WINDOW
    assert not row.usable
    assert row.time_ms == case_now_ms(case, None)
