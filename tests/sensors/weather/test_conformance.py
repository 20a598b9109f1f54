"""The conformance set of weather frames, class by class, and the laws behind it."""

from __future__ import annotations

import json
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.modbus.rtu import crc16
from sensors.weather import umb, vaisala
from sensors.weather.cases import decode_case, decode_cases
from twin.core.errors import BadRequestError

SET = Path(__file__).resolve().parents[4] / "shared" / "data" / "sensing" / "weather_frames.json"
COUNTS = {
    "vaisala-ascii": 5,
    "vaisala-ascii-crc": 4,
    "nmea0183": 4,
    "modbus-rtu": 4,
    "lufft-umb": 1,
}


def cases() -> list[dict[str, Any]]:
    return json.loads(SET.read_text(encoding="utf-8"))["cases"] if SET.is_file() else []


def test_the_set_is_the_one_we_know() -> None:
    if not SET.is_file():
        pytest.skip(f"{SET} is not there")
    kinds = [case["protocol"] for case in cases()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == COUNTS


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case['protocol']}:{case['id']}")
def test_case(case: dict[str, Any]) -> None:
    got = decode_case(case)
    for name, wanted in case["expect"].items():
        if isinstance(wanted, float):
            assert got[name] == pytest.approx(wanted, abs=0.01), name
        else:
            assert got[name] == wanted, name


def text(protocol: str, line: str, **more: Any) -> dict[str, Any]:
    return decode_case({"protocol": protocol, "data": {"text": line, **more}})


def nmea(body: str) -> str:
    return f"${body}*{reduce(xor, body.encode(), 0):02X}\r\n"


def test_a_unit_letter_that_says_invalid_gives_no_value() -> None:
    got = text("vaisala-ascii", "0R1,Dm=182#,Sm=4.1#\r\n")
    assert got == {"wind_dir_deg": None, "wind_speed_ms": None}


@pytest.mark.parametrize(
    ("letter", "metres"), [("M", 10.0), ("K", 10 / 3.6), ("N", 10 * 1852 / 3600), ("S", 4.4704)]
)
def test_speeds_in_all_units(letter: str, metres: float) -> None:
    assert text("vaisala-ascii", f"0R1,Sm=10.0{letter}")["wind_speed_ms"] == pytest.approx(metres, abs=1e-4)
    sentence = nmea(f"WIMWV,10,R,10.0,{letter},A")
    assert text("nmea0183", sentence)["wind_speed_ms"] == pytest.approx(metres, abs=1e-4)


@pytest.mark.parametrize(
    ("said", "hectopascal"),
    [("1013.2H", 1013.2), ("101320P", 1013.2), ("1.0132B", 1013.2), ("29.92I", 1013.21), ("760.0M", 1013.25)],
)
def test_pressures_in_all_units(said: str, hectopascal: float) -> None:
    assert text("vaisala-ascii", f"0R2,Pa={said}")["pressure_hpa"] == pytest.approx(hectopascal, abs=0.01)


def test_fahrenheit_is_not_celsius() -> None:
    assert text("vaisala-ascii", "0R2,Ta=74.5F")["air_temp_c"] == pytest.approx(23.611, abs=0.001)


def test_a_status_v_means_no_wind() -> None:
    got = text("nmea0183", nmea("WIMWV,282,R,0.1,M,V"))
    assert got == {"wind_dir_deg": None, "wind_speed_ms": None}


def test_any_talker_and_the_mean_of_three() -> None:
    sentence = "XXXDR,A,302,D,0,A,320,D,1,A,330,D,2,S,0.1,M,0,S,0.2,M,1,S,0.3,M,2"
    got = text("nmea0183", nmea(sentence))
    assert got == {"wind_dir_deg": 320.0, "wind_speed_ms": 0.2, "wind_gust_ms": 0.3}


def test_mda_with_all_its_fields() -> None:
    body = "WIMDA,29.92,I,1.0132,B,22.5,C,,C,31.5,,4.9,C,200.0,T,197.0,M,3.9,N,2.0,M"
    got = text("nmea0183", nmea(body))
    assert got["wind_dir_deg"] == 200.0
    assert got["wind_speed_ms"] == 2.0
    assert got["pressure_hpa"] == pytest.approx(1013.2)


@pytest.mark.parametrize("line", ["$WIMWV,282,R,0.1,M,A\r\n", "$WIMWV,282,R,0.1,M,A*\r\n"])
def test_a_sentence_without_its_sum_is_not_believed(line: str) -> None:
    assert text("nmea0183", line) == {"error": "bad_checksum"}


def test_a_wrong_check_character_is_seen() -> None:
    got = text("vaisala-ascii-crc", "0r2,Ta=22.7C,Ua=55.5P,Pa=1004.7H@Fo\r\n")
    assert got == {"crc_ok": False, "error": "bad_checksum"}


def test_minus_a_tenth_of_a_degree_is_not_a_lost_sensor() -> None:
    body = bytes.fromhex("01030a0159010effff01f42727")
    data = (body + crc16(body).to_bytes(2, "little")).hex()
    got = decode_case({"protocol": "modbus-rtu", "data": {"hex": data}})
    assert got["air_temp_c"] == pytest.approx(-0.1)


def test_an_exception_and_a_wrong_sum_of_modbus() -> None:
    body = bytes.fromhex("018302")
    good = (body + crc16(body).to_bytes(2, "little")).hex()
    assert decode_case({"protocol": "modbus-rtu", "data": {"hex": good}}) == {"error": "exception_answer"}
    assert decode_case({"protocol": "modbus-rtu", "data": {"hex": "0183020000"}}) == {"error": "bad_crc"}


@pytest.mark.parametrize(("status", "value"), [(0, 12.5), (0x24, None), (0x50, None)])
def test_umb_says_why_there_is_no_value(status: int, value: float | None) -> None:
    body = bytes([0x23, 0x10, status, 0x64, 0x00, 0x16]) + bytes.fromhex("00004841")
    answer = umb.framed(umb.MASTER, 0x7001, body)
    got = decode_case({"protocol": "lufft-umb", "data": {"hex": answer.hex()}})
    assert (got["status"], got["channel"], got["value"]) == (status, 100, value)


def test_umb_answer_of_several_channels() -> None:
    rows = bytes.fromhex("08 00 6400 16 00004841".replace(" ", "")) + bytes.fromhex("0455c80010")
    answer = umb.framed(umb.MASTER, 0x7001, bytes([0x2F, 0x10, 0x00, 2]) + rows)
    read = umb.parse(answer)
    assert [(row.channel, row.status, row.value) for row in read.channels] == [
        (100, 0, 12.5),
        (200, 0x55, None),
    ]


def test_maximet_reads_the_fields_that_the_user_has_set() -> None:
    body = b"Q,041,001.2,1013.5,047.3,+021.4,,0000,"
    line = f"\x02{body.decode()}\x03{reduce(xor, body, 0):02X}\r\n"
    names = ["NODE", "DIR", "SPEED", "PRESS", "RH", "TEMP", "GSPEED", "STATUS"]
    got = text("gill-maximet", line, fields=names)
    assert got == {
        "wind_dir_deg": 41.0,
        "wind_speed_ms": 1.2,
        "pressure_hpa": 1013.5,
        "rh_pct": 47.3,
        "air_temp_c": 21.4,
        "wind_gust_ms": None,
    }
    assert text("gill-maximet", line.replace("041", "042"), fields=names) == {"error": "bad_checksum"}
    assert text("gill-maximet", line[:-6], fields=names) == {"error": "truncated"}


def test_a_set_a_list_and_one_case_are_taken() -> None:
    case = {"id": "a", "protocol": "vaisala-ascii", "data": {"text": "0R1,Dm=009D"}}
    wanted = {"results": [{"id": "a", "output": {"wind_dir_deg": 9.0}}]}
    assert decode_cases({"cases": [case]}) == decode_cases([case]) == wanted
    assert decode_cases(case) == {"wind_dir_deg": 9.0}
    two = decode_cases([{"id": "b", "protocol": "none"}, case])["results"]
    assert two[0]["error"]["field"] == "protocol"
    assert two[1] == wanted["results"][0]
    for bad in ({"protocol": "none", "data": {"text": ""}}, {"protocol": "nmea0183"}, [1], "x"):
        with pytest.raises(BadRequestError):
            decode_cases(bad)


PROTOCOLS = ["vaisala-ascii", "vaisala-ascii-crc", "nmea0183", "modbus-rtu", "lufft-umb", "gill-maximet"]


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=60), protocol=st.sampled_from(PROTOCOLS))
def test_any_bytes_give_an_answer(data: bytes, protocol: str) -> None:
    head = {"lufft-umb": b"\x01", "nmea0183": b"$", "gill-maximet": b"\x02", "vaisala-ascii": b"0R1,"}
    for text_bytes in (data, head.get(protocol, b"0r1,") + data):
        got = decode_case(
            {"protocol": protocol, "data": {"hex": text_bytes.hex(), "fields": ["DIR", "SPEED"]}}
        )
        assert isinstance(got, dict)


@settings(max_examples=60, deadline=None)
@given(
    body=st.text("0123456789.,=DMSTaxm", max_size=30), at=st.integers(0, 40), to=st.characters(codec="ascii")
)
def test_no_single_changed_character_passes_the_vaisala_check(body: str, at: int, to: str) -> None:
    line = f"0r1,{body}"
    line += vaisala.crc_text(line.encode())
    changed = line[: at % len(line)] + to + line[at % len(line) + 1 :]
    fits = vaisala.crc_text(changed[:-3].encode()) == changed[-3:]
    assert fits == (changed == line)
