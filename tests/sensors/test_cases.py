"""``park-twin hj212 decode``: the shared set through the command line, and what its classes imply."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sensors.hj212 import sm4
from sensors.hj212.cases import decode_case, decode_cases
from sensors.hj212.crc import hj212_crc
from sensors.hj212.frame import frame
from tests.sensors.test_conformance import CASES, SET, needs_set
from twin.core.errors import BadRequestError

ROOT = Path(__file__).resolve().parents[2]
KEY = "0000000000000000"
MN = "010000A8900016F000169DC0"
HEAD = f"QN=20240520210600001;ST=31;CN=2011;PW=123456;MN={MN};Flag=9;CP=&&"
PLAIN = f"{HEAD}DataTime=20240520210600;a34013-Rtd=12.34,a34013-Flag=N&&".encode()


def encrypted(plain: bytes = PLAIN, key: str = KEY) -> bytes:
    """Whole frame: the data area encrypted, the sum over the plain segment."""
    segment = sm4.encrypt(plain, sm4.key_of(key))
    return b"##%04d%b%04X\r\n" % (len(segment), segment, hj212_crc(plain))


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def differences(output: dict[str, Any], expect: dict[str, Any]) -> list[str]:
    wrong = [
        name
        for name in ("frames", "stored_frames", "messages_complete", "crc_variant")
        if name in expect and output[name] != expect[name]
    ]
    if not set(expect["errors"]) <= set(output["errors"]) or (output["errors"] and not expect["errors"]):
        wrong.append("errors")
    if ("acks" in expect or not expect["errors"]) and output["acks"] != expect.get("acks", []):
        wrong.append("acks")
    wrong += [f"value {row}" for row in expect.get("values", []) if row not in output["values"]]
    named = expect.get("with_option")
    if named and output["with_option"]["frames"] != named["frames"]:
        wrong.append("with_option")
    return wrong


@needs_set
def test_the_whole_set_through_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "web.cli", "hj212", "decode", str(SET)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    results = json.loads(done.stdout)["results"]
    assert [row["id"] for row in results] == [case["id"] for case in CASES]
    wrong = {
        case["id"]: differences(row["output"], case["expect"])
        for row, case in zip(results, CASES, strict=True)
    }
    assert {name: rows for name, rows in wrong.items() if rows} == {}


@needs_set
def test_the_library_says_what_the_command_says() -> None:
    results = decode_cases({"cases": CASES})["results"]
    assert not [row["id"] for row in results if "error" in row]


def test_an_encrypted_frame_with_its_key_is_read_and_answered() -> None:
    case = {"chunks": [b64(encrypted())], "options": {"sm4_key": KEY}}
    output = decode_case(case)
    assert output["errors"] == []
    assert output["frames"][0]["cp_groups"][1] == [["a34013-Rtd", "12.34"], ["a34013-Flag", "N"]]
    assert output["values"] == [{"code": "a34013", "field": "Rtd", "number": 12.34, "quality": "ok"}]
    assert len(output["acks"]) == 1
    for key in (KEY.encode().hex(), {MN: KEY}, ["1" * 16, KEY], base64.b64encode(KEY.encode()).decode()):
        assert decode_case(case | {"options": {"keys": key}}) == output
    assert (
        decode_case(case | {"options": {}, "expect": {"with_option": {"key": KEY}}})["with_option"] == output
    )


def test_without_its_key_it_is_neither_delivered_nor_answered() -> None:
    for options in ({}, {"sm4_key": "1" * 16}):
        output = decode_case({"chunks": [b64(encrypted())], "options": options})
        assert (output["frames"], output["acks"], output["stored_frames"]) == ([], [], 0)
        assert output["errors"] == ["cannot_decrypt"]


def test_a_frame_sent_again_is_one_row_and_two_answers() -> None:
    good = frame(PLAIN).decode()
    output = decode_case({"chunks": [{"text": good + good}]})
    assert (output["stored_frames"], len(output["acks"]), len(output["frames"])) == (1, 2, 2)


def test_packages_in_any_order_make_one_message() -> None:
    def package(no: int, body: str) -> dict[str, str]:
        head = f"QN=2026112211000000{no};ST=31;CN=2061;PW=123456;MN={MN};Flag=7;PNUM=2;PNO={no};CP=&&"
        return {"text": frame(f"{head}DataTime=20261122100000;{body}&&".encode()).decode()}

    parts = [package(1, "a21018-Avg=0.03"), package(2, "a21018-Flag=N")]
    for chunks in (parts, parts[::-1]):
        output = decode_case({"class": "split", "chunks": chunks})
        assert (output["messages_complete"], output["errors"], len(output["acks"])) == (1, [], 2)


def test_a_clock_ahead_and_values_out_of_range() -> None:
    options = {"now": "2024-05-20T21:05:00+08:00", "factor_range": {"a34013": [0, 10]}}
    output = decode_case({"chunks": [{"text": frame(PLAIN).decode()}], "options": options})
    assert output["errors"] == ["clock_ahead"]
    assert output["values"][0]["quality"] == "out_of_range"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("text", "cases"),
        ({"cases": 5}, "cases"),
        ({}, "chunks"),
        ({"chunks": ["x"]}, "chunks"),
        ({"chunks": [{"b64": "?"}]}, "chunks"),
        ({"chunks": [], "options": {"now": "soon"}}, "now"),
        ({"chunks": [], "options": {"crc_mode": "none"}}, "options"),
        ({"chunks": [], "options": {"max_data_len": "much"}}, "max_data_len"),
    ],
)
def test_what_is_no_case_names_what_is_wrong(data: object, field: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        decode_cases(data)
    assert caught.value.field == field


def test_a_bad_case_does_not_stop_the_others() -> None:
    results = decode_cases([{"id": "bad"}, {"id": "good", "chunks": []}])["results"]
    assert [("error" in row, row["id"]) for row in results] == [(True, "bad"), (False, "good")]
