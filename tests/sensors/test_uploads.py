"""Every upload of the standard keeps its meaning: series, statistics, facts, times, marks."""

from __future__ import annotations

import pytest

from sensors.hj212.codec import parse
from sensors.hj212.decode import Decoded, decode, stamp_ms
from tests.sensors.tiny_park import make_device
from twin.core.device import Edition, Factor
from twin.core.fact import FactKind
from twin.core.observation import Check, Mark

HF = Factor(code="a21018", quantity="conc:hf", unit="mg/m3", low=0.0, high=50.0)
PRESSURE = Factor(code="a01006", quantity="air_pressure", unit="kPa", low=30.0, high=110.0)
NOW_MS = stamp_ms("20261122101502", 8) or 0


def ms(text: str) -> int:
    found = stamp_ms(text, 8)
    assert found is not None
    return found


def said(
    cn: str, cp: str, *, st: str = "31", header: str = "", now_ms: int = NOW_MS, **changes: object
) -> Decoded:
    segment = f"QN=20261122101500001;ST={st};CN={cn};PW=1;MN=A;Flag=5;{header}CP=&&{cp}&&".encode()
    device = make_device("A", "B1", "S1", (HF, PRESSURE), **({"st": st} | changes))
    return decode(parse(segment), device, now_ms, 8.0)


def test_statistics_and_amounts_are_series_of_their_own() -> None:
    cp = (
        "DataTime=20261122090000;a21018-Cou=10.5,a21018-Min=1,a21018-Avg=2,a21018-Max=3,"
        "a21018-ZsAvg=4,a21018-Flag=C"
    )
    rows = said("2061", cp).observations
    values = {row.quantity: row.value for row in rows}
    assert values == pytest.approx(
        {
            "conc:hf": 2e-6,
            "conc:hf@cou": 10.5,
            "conc:hf@min": 1e-6,
            "conc:hf@max": 3e-6,
            "conc:hf@zs": 4e-6,
        }
    )
    assert {row.mark for row in rows} == {Mark.CALIBRATION}
    assert {row.interval_ms for row in rows} == {3_600_000}


def test_an_amount_of_what_has_none_is_a_fact() -> None:
    decoded = said("2061", "DataTime=20261122090000;a01006-Avg=100,a01006-Cou=5,a01006-Flag=N")
    assert [row.quantity for row in decoded.observations] == ["air_pressure"]
    assert [(row.code, row.field, row.value) for row in decoded.facts] == [("a01006", "Cou", 5.0)]


def test_minute_data_have_the_length_that_the_device_was_set_to() -> None:
    (row,) = said(
        "2051", "DataTime=20261122100000;a21018-Avg=2,a21018-Flag=N", minute_interval_s=300.0
    ).observations
    assert row.interval_ms == 300_000


@pytest.mark.parametrize(
    ("cn", "data_time", "expected"),
    [
        ("2011", "20261122101500", "20261122084712"),
        ("2061", "20261122090000", "20261122080000"),
        ("2031", "20261122000000", "20261122000000"),
    ],
)
def test_a_late_result_belongs_to_its_sample(cn: str, data_time: str, expected: str) -> None:
    field = "Rtd" if cn == "2011" else "Avg"
    value = f"a21018-{field}=2,a21018-Flag=N,a21018-EFlag=A01"
    cp = f"DataTime={data_time};a21018-SampleTime=20261122084712,{value}"
    decoded = said(cn, cp)
    assert [row.time_ms for row in decoded.observations] == [ms(expected)]
    assert [(row.kind, row.field, row.text) for row in decoded.facts] == [
        (FactKind.DEVICE_MARK, "EFlag", "A01")
    ]


def test_raw_readings_are_not_real_time_data() -> None:
    cp = (
        "DataTime=20261122101500;a21018-SampleTime=20261122100500,a21018-CompleteTime=20261122100900,"
        "a21018-SampleType=1,a21018-Avg=2,a21018-Flag=N"
    )
    decoded = said("2013", cp)
    assert [(row.quantity, row.time_ms) for row in decoded.observations] == [
        ("conc:hf@raw", ms("20261122100500"))
    ]
    assert {(row.field, row.text) for row in decoded.facts} == {
        ("CompleteTime", "20261122100900"),
        ("SampleType", "1"),
    }


@pytest.mark.parametrize("header", ["RF=1;", ""])
def test_back_filled_data_say_so(header: str) -> None:
    cp = "DataTime=20261122101500;a21018-Rtd=2,a21018-Flag=N" + ("" if header else ";RF=1")
    (row,) = said("2011", cp, header=header, edition=Edition.HJ2025).observations
    assert row.checks == Check.LATE
    assert row.usable


CHECKED = [
    ("standard_check", "w01018", "SampleRd", 10.2),
    ("standard_check", "w01018", "ResultType", 1.0),
]
PARAMETERS = [("parameter", "w01018", "i13001", 1.5), ("parameter", "w21003", "i13001", 2.5)]


@pytest.mark.parametrize(
    ("cn", "cp", "wanted"),
    [
        ("2021", "SB1-RS=1;SB2-RS=0", [("state", "SB1", "RS", 1.0), ("state", "SB2", "RS", 0.0)]),
        ("2041", "SB1-RT=1.1", [("running_hours", "SB1", "RT", 1.1)]),
        ("2062", "w01018-SampleRd=10.2;w01018-ResultType=1", CHECKED),
        ("2071", "a21018-Ala=51.0", [("alarm", "a21018", "Ala", 51.0)]),
        ("2072", "AlarmType=1", [("alarm", "", "AlarmType", 1.0)]),
        ("2081", "RestartTime=20261122101000", [("restart", "", "RestartTime", None)]),
        ("3015", "VaseNo=3", [("sample", "", "VaseNo", 3.0)]),
        ("3019", "PolId=w01018;w01018-SN=X7", [("parameter", "w01018", "SN", None)]),
        ("3020", "PolId=w01018;i12001-Info=2", [("state", "w01018", "i12001", 2.0)]),
        ("3020", "PolId=w01018;i13001-Info=1.5;PolId=w21003;i13001-Info=2.5", PARAMETERS),
        ("1001", "i23005-Info=DL7", [("parameter", "", "i23005", None)]),
    ],
)
def test_what_is_no_value_is_a_fact(cn: str, cp: str, wanted: list[tuple[object, ...]]) -> None:
    decoded = said(cn, f"DataTime=20261122101500;{cp}")
    assert decoded.observations == ()
    assert [(row.kind.value, row.code, row.field, row.value) for row in decoded.facts] == wanted
    assert {row.time_ms for row in decoded.facts} == {ms("20261122101500")}


def test_logs_keep_their_separators_and_their_own_times() -> None:
    cp = "DataTime=20261122090000;i11001-Info=//a;b,c=d//;DataTime=20261122093000;i11001-Info=//清洗//"
    rows = said("3020", cp).facts
    assert [(row.kind, row.text, row.time_ms) for row in rows] == [
        (FactKind.LOG, "a;b,c=d", ms("20261122090000")),
        (FactKind.LOG, "清洗", ms("20261122093000")),
    ]


def test_letters_of_working_conditions_are_states() -> None:
    decoded = said("2011", "DataTime=20261122101500;p99101-Rtd=St,p99101-Flag=N", st="45")
    assert [(row.kind, row.code, row.text, row.mark) for row in decoded.facts] == [
        (FactKind.STATE, "p99101", "St", "N")
    ]


def test_answers_and_heartbeats_say_nothing() -> None:
    for cn in ("9011", "9012", "9013", "9014", "9015"):
        assert said(cn, "ExeRtn=1").facts == ()


def test_pressure_in_the_wrong_unit_is_marked_and_explained() -> None:
    decoded = said("2011", "DataTime=20261122101500;a01006-Rtd=1002,a01006-Flag=N")
    assert decoded.unit_doubts == (("a01006", "hPa"),)
    assert decoded.observations[0].checks == Check.OUT_OF_RANGE | Check.UNIT_DOUBTED
    assert said("2011", "DataTime=20261122101500;a01006-Rtd=100.2,a01006-Flag=N").unit_doubts == ()


def test_numbers_are_scaled_as_the_record_says() -> None:
    factor = Factor(code="a21018", quantity="conc:hf", unit="mg/m3", low=0.0, high=50.0, scale=0.001)
    cp = "DataTime=20261122101500;a21018-Rtd=31,a21018-Max=60,a21018-Flag=N"
    segment = f"ST=31;CN=2011;MN=A;CP=&&{cp}&&".encode()
    rows = decode(parse(segment), make_device("A", "B", "S", (factor,)), NOW_MS, 8.0).observations
    assert [row.value for row in rows] == pytest.approx([0.031e-6, 0.06e-6])
    assert rows[0].raw_text == "31"


@pytest.mark.parametrize(
    ("st", "flag", "mark", "known"),
    [("22", "0", Mark.CALIBRATION, True), ("31", "0", Mark.NORMAL, False), ("31", "P", Mark.FAULT, True)],
)
def test_marks_of_2005_depend_on_the_system(st: str, flag: str, mark: Mark, known: bool) -> None:
    cp = f"DataTime=20261122101500;a21018-Rtd=2,a21018-Flag={flag}"
    (row,) = said("2011", cp, st=st, edition=Edition.HJ2005).observations
    assert row.mark is mark
    assert bool(row.checks & Check.UNKNOWN_MARK) is not known
