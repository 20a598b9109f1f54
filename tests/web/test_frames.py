"""Raw frames over the API: filters, pages, one frame in full, errors of the lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from tests.support import arrivals as made
from tests.support.small_park import mn_of
from tests.support.synthetic import BEAM, T0_MS, Writer, open_writer
from twin.core.clock import FixedClock
from twin.core.observation import Check, Mark, Observation, RawFrame
from twin.core.origin import Origin
from twin.live.settings import load_settings
from twin.store.ledger import Arrival, Batch
from twin.store.rows import LineErrorCount
from web.app import create_app
from web.services import EXTENSION

SECRET = "hunter2"
STAMP = "20261122080000"  # park time; 2026-11-22T00:00Z
STAMP_MS = 1_795_305_600_000


def _body(cn: str = "2011", value: str = "1.2") -> str:
    head = f"ST=22;CN={cn};PW={SECRET};MN={mn_of(1)};Flag=5"
    return f"{head};CP=&&DataTime={STAMP};a21018-Rtd={value},a21018-Flag=N&&"


def frame(qn: str, body: str, *, mn: str, received_ms: int, cn: str = "2011") -> RawFrame:
    return replace(made.frame(qn, body, mn=mn, received_ms=received_ms), cn=cn)


def _fill(writer: Writer, count: int = 12) -> None:
    """Frames a second apart, every third a 2051, every fifth with a fault; one is held apart."""
    arrivals = [
        Arrival(
            frame=frame(
                f"q{i}",
                _body("2051" if i % 3 == 0 else "2011", str(i)),
                cn="2051" if i % 3 == 0 else "2011",
                mn=mn_of(1 + 2 * (i % 2)),
                received_ms=T0_MS + 1000 * i,
            ),
            fault="bad_time" if i % 5 == 0 else "",
        )
        for i in range(count)
    ]
    stranger = (frame("x", _body(), mn="STRANGER", received_ms=T0_MS + 500), "unknown_device")
    writer.ledger.write(Batch(arrivals=arrivals, quarantined=[stranger]), T0_MS + 1000 * count)


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Client over a ledger that no test of this module changes."""
    settings = load_settings(data_dir=tmp_path_factory.mktemp("frames") / "data")
    writer = open_writer(settings)
    _fill(writer)
    app = create_app(settings, clock=FixedClock(T0_MS + 60_000))
    yield app.test_client()
    own = app.extensions[EXTENSION]
    own.stop()
    own.ledger.close()
    own.results.close()
    writer.close()


def _seconds(client: FlaskClient, query: str) -> list[int]:
    answer = client.get(f"/api/v1/frames?status=stored&{query}")
    assert answer.status_code == 200, answer.json
    return [(row["received_ms"] - T0_MS) // 1000 for row in answer.json["frames"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=3", [11, 10, 9]),
        ("cn=2051", [9, 6, 3, 0]),
        (f"mn={mn_of(3)}&limit=2", [11, 9]),
        (f"mn={mn_of(3)}&cn=2051", [9, 3]),
        ("fault=any", [10, 5, 0]),
        ("fault=bad_time&cn=2011", [10, 5]),
        ("fault=bad_crc", []),
        (f"from={T0_MS + 4000}&to={T0_MS + 7000}", [6, 5, 4]),
        (f"from={T0_MS + 11_000}", [11]),
        (f"to={T0_MS}", []),
        (f"to={T0_MS + 1}", [0]),
    ],
)
def test_each_condition_narrows_the_list(reading: FlaskClient, query: str, expected: list[int]) -> None:
    assert _seconds(reading, query) == expected


def test_pages_meet_without_a_gap_and_without_an_overlap(reading: FlaskClient) -> None:
    seen, before = [], ""
    for _ in range(10):
        page = reading.get(f"/api/v1/frames?status=stored&limit=5{before}").json
        seen += [row["seq"] for row in page["frames"]]
        if page["before"] is None:
            break
        before = f"&before={page['before']}"
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 12


def test_frames_held_apart_have_a_list_of_their_own(reading: FlaskClient) -> None:
    page = reading.get("/api/v1/frames?status=quarantined").json
    assert [(row["mn"], row["reason"]) for row in page["frames"]] == [("STRANGER", "unknown_device")]
    assert reading.get("/api/v1/frames?status=quarantined&fault=wrong_password").json["frames"] == []
    mixed = reading.get("/api/v1/frames?limit=500").json
    assert {row["status"] for row in mixed["frames"]} == {"stored", "quarantined"}
    assert mixed["before"] is None


def test_a_page_of_both_stores_cannot_be_turned(reading: FlaskClient) -> None:
    answer = reading.get("/api/v1/frames?before=5")
    assert (answer.status_code, answer.json["field"]) == (422, "before")


@pytest.mark.parametrize(
    "query", ["cn=20 11", "fault=bad-crc", "status=none", "before=0", "limit=501", "x=1"]
)
def test_bad_conditions_are_named(reading: FlaskClient, query: str) -> None:
    answer = reading.get(
        f"/api/v1/frames?status=stored&{query}" if "status" not in query else f"/api/v1/frames?{query}"
    )
    assert answer.status_code == 422
    assert answer.json["field"] == query.split("=")[0]


def test_one_frame_shows_its_bytes_without_the_password(reading: FlaskClient) -> None:
    newest = reading.get("/api/v1/frames?status=stored&limit=1").json["frames"][0]
    found = reading.get(f"/api/v1/frames/{newest['seq']}").json
    data = bytes.fromhex(found["hex"])
    assert len(data) == found["bytes"]
    assert SECRET.encode() not in data
    assert b"PW=*******;" in data
    assert SECRET not in found["frame"]["segment"]
    assert (found["kind"], found["flag"], found["frame"]["cn"]) == ("data", 5, newest["cn"])
    assert found["sha256"] == "", "six characters are guessed from the hash of them and all the rest"


def test_one_frame_shows_the_values_that_it_wrote(client: FlaskClient, writer: Writer) -> None:
    sensor, quantity = BEAM.split("/")
    observation = Observation(
        sensor_id=sensor,
        quantity=quantity,
        time_ms=STAMP_MS,
        interval_ms=0,
        value=1.2e-6,
        raw_text="1.2",
        mark=Mark.NORMAL,
        checks=Check.RATE,
        origin=Origin.SIMULATED,
    )
    said = frame("v", _body(), cn="2011", mn=mn_of(1), received_ms=STAMP_MS + 700)
    writer.ledger.write(Batch(arrivals=[Arrival(frame=said, observations=(observation,))]), STAMP_MS + 700)
    seq = client.get("/api/v1/frames?status=stored&limit=1").json["frames"][0]["seq"]
    [row] = client.get(f"/api/v1/frames/{seq}").json["values"]
    assert (row["key"], row["sent"], row["value"], row["si_unit"]) == (BEAM, "1.2", 1.2e-6, "kg/m3")
    assert (row["time_ms"], row["checks"], row["origin"]) == (STAMP_MS, int(Check.RATE), "simulated")


@pytest.mark.parametrize("path", ["999999", "quarantined/999999"])
def test_a_frame_that_is_not_there_is_not_found(reading: FlaskClient, path: str) -> None:
    answer = reading.get(f"/api/v1/frames/{path}")
    assert (answer.status_code, answer.json["field"], answer.json["value"]) == (404, "seq", "999999")


def test_a_frame_held_apart_in_full(reading: FlaskClient) -> None:
    seq = reading.get("/api/v1/frames?status=quarantined").json["frames"][0]["seq"]
    found = reading.get(f"/api/v1/frames/quarantined/{seq}").json
    assert (found["frame"]["status"], found["values"]) == ("quarantined", [])
    assert SECRET.encode() not in bytes.fromhex(found["hex"])


def test_errors_of_the_lines_are_counted_by_kind(client: FlaskClient, writer: Writer) -> None:
    note = LineErrorCount(
        kind="bad_crc",
        count=3,
        first_ms=T0_MS,
        last_ms=T0_MS + 9,
        last_peer="10.0.0.7:1",
        last_detail="got 1C80",
    )
    writer.ledger.write(Batch(line_errors=[note]), T0_MS + 9)
    [row] = client.get("/api/v1/line-errors").json["errors"]
    assert row == {
        "kind": "bad_crc",
        "count": 3,
        "first_ms": T0_MS,
        "last_ms": T0_MS + 9,
        "last_peer": "10.0.0.7:1",
        "last_detail": "got 1C80",
    }
