"""Every address of docs/wire.md over a real ledger."""

from __future__ import annotations

import gzip

import pytest
from flask.testing import FlaskClient

from tests.support.arrivals import frame
from tests.support.small_park import mn_of
from tests.support.synthetic import BEAM, BUNDLE, NAME, T0_MS, WIND, Writer
from twin.store.ledger import Arrival, Batch
from web.services import EXTENSION

pytestmark = pytest.mark.usefixtures("filled")
LAST_MS = T0_MS + 590_000


def test_park_says_where_the_scene_lies(client: FlaskClient) -> None:
    park = client.get("/api/v1/park").json
    assert park["scene_url"] == f"/scene/{BUNDLE}/scene.json"
    assert park["name"] == NAME
    assert park["has_simulated"] is True
    assert client.get(park["scene_url"]).json["park_id"] == park["park_id"]


def test_state_of_now(client: FlaskClient) -> None:
    state = client.get("/api/v1/state").json
    values = {row["s"]: row for row in state["values"]}
    assert values[WIND] == {
        "s": WIND, "t": LAST_MS, "v": 2.59, "q": "good", "m": "N", "c": 0, "o": "simulated",
    }  # fmt: skip
    assert values[BEAM]["v"] is None
    assert values[BEAM]["q"] == "missing"
    assert state["data_ms"] == LAST_MS
    assert state["at"] is None
    assert state["span"] == {"from_ms": T0_MS, "to_ms": LAST_MS}
    assert {row["substance"] for row in state["plumes"]} == {"hf", "nh3"}
    assert state["watertable"]["t"] == T0_MS + 300_000


def test_state_of_the_past_holds_nothing_newer(client: FlaskClient) -> None:
    at = T0_MS + 215_000
    state = client.get(f"/api/v1/state?at={at}").json
    assert state["at"] == at
    assert {row["t"] for row in state["values"]} == {T0_MS + 210_000}
    assert [row["t"] for row in state["plumes"]] == [T0_MS + 200_000]
    assert state["watertable"]["t"] == T0_MS


def test_cursor_of_the_state_counts_both_ledgers(client: FlaskClient, filled: Writer) -> None:
    before = client.get("/api/v1/state").json["cursor"]
    filled.plume(99, T0_MS)
    after = client.get("/api/v1/state").json["cursor"]
    ledger, result = (int(part) for part in before.split("."))
    assert after == f"{ledger}.{result + 1}"


def test_series_raw(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/series?key={BEAM}&from={T0_MS}&to={T0_MS + 100_000}").json
    assert answer["t"] == [T0_MS + i * 10_000 for i in range(10)]
    assert answer["v"][3] == pytest.approx(3e-8)
    assert answer["v"][9] is None
    assert answer["q"][9] == "missing"
    assert (answer["si_unit"], answer["origin"], answer["truncated"]) == ("kg/m3", "simulated", False)
    assert answer["low"] is answer["high"] is answer["n"] is None


def test_series_of_the_last_hour_by_default(client: FlaskClient) -> None:
    assert len(client.get(f"/api/v1/series?key={WIND}").json["t"]) == 60


def test_minute_means_are_means_of_the_good_values(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/series?key={WIND}&from={T0_MS}&step=minute").json
    start = answer["t"].index(T0_MS // 60_000 * 60_000 + 60_000)
    first = (answer["t"][start] - T0_MS + 9_999) // 10_000
    inside = [2.0 + i / 100 for i in range(first, first + 6)]
    assert answer["n"][start] == 6
    assert answer["v"][start] == pytest.approx(sum(inside) / 6)
    assert answer["low"][start] == pytest.approx(min(inside))
    assert answer["high"][start] == pytest.approx(max(inside))


def test_unknown_series_is_not_found(client: FlaskClient) -> None:
    answer = client.get("/api/v1/series?key=B9/conc:hf")
    assert answer.status_code == 404
    assert answer.json["field"] == "key"


def test_plumes_and_their_frames(client: FlaskClient) -> None:
    rows = client.get("/api/v1/plumes?substance=hf").json["plumes"]
    assert [row["k"] for row in rows] == [0, 1]
    assert rows[0]["sources"] == [{"unit": "U-1", "rate_kg_s": 0.01, "low_kg_s": 0.005, "high_kg_s": 0.02}]
    assert rows[0]["beams"] == {"B1": 1.1e-6}
    answer = client.get(rows[0]["url"], headers={"Accept-Encoding": "gzip"})
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == client.get(rows[0]["url"]).data
    assert len(client.get(rows[0]["url"]).data) == rows[0]["bytes"]


def test_plumes_of_a_span_include_its_start_and_exclude_its_end(client: FlaskClient) -> None:
    at = T0_MS + 200_000
    inside = client.get(f"/api/v1/plumes?from={at}&to={at + 1}").json["plumes"]
    assert [row["t"] for row in inside] == [at]
    assert client.get(f"/api/v1/plumes?from={at - 9}&to={at}").json["plumes"] == []


def test_water_tables(client: FlaskClient) -> None:
    rows = client.get(f"/api/v1/watertables?from={T0_MS}").json["watertables"]
    assert [row["k"] for row in rows] == [0, 1]
    assert client.get(rows[1]["url"]).data.startswith(b"TWG1")


def test_devices(client: FlaskClient) -> None:
    rows = {row["mn"]: row for row in client.get("/api/v1/devices").json["devices"]}
    assert rows[mn_of(1)]["state"] == "online"
    assert rows[mn_of(1)]["last_seen_ms"] == LAST_MS
    assert rows[mn_of(3)] == {
        "mn": mn_of(3), "sensor": "B3", "station": "S1", "state": "never", "last_seen_ms": None,
        "interval_s": 5.0, "origin": "simulated",
    }  # fmt: skip


def test_frames_come_newest_first_with_what_stands_in_them(client: FlaskClient) -> None:
    rows = client.get("/api/v1/frames?limit=5").json["frames"]
    assert [row["seq"] for row in rows] == sorted((row["seq"] for row in rows), reverse=True)
    assert len(rows) == 5
    assert {"key": "a21018-Rtd", "text": "1.2"} in rows[0]["fields"]
    only = client.get(f"/api/v1/frames?mn={mn_of(0)}").json["frames"]
    assert {row["mn"] for row in only} == {mn_of(0)}


def test_frames_are_shown_without_passwords(client: FlaskClient, filled: Writer) -> None:
    body = "ST=22;CN=2011;PW=s3cret;MN=M9;Flag=5;CP=&&DataTime=20261122080000;a-Rtd=1&&"
    filled.ledger.write(
        Batch(arrivals=[Arrival(frame=frame("p1", body, received_ms=LAST_MS + 1))],
              quarantined=[(frame("p2", body, received_ms=LAST_MS + 2), "wrong_password")]),
        LAST_MS + 2,
    )  # fmt: skip
    answer = client.get("/api/v1/frames?limit=2")
    assert "s3cret" not in answer.text
    assert [row["status"] for row in answer.json["frames"]] == ["quarantined", "stored"]
    assert all("PW=******;MN=M9" in row["segment"] for row in answer.json["frames"])


def test_a_file_that_goes_away_is_not_found(
    client: FlaskClient, filled: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plume is thinned between the look at its file and the reading of it."""
    url = client.get("/api/v1/plumes?substance=hf").json["plumes"][0]["url"]
    gone = filled.results.folder / "frames" / url.split("/")[-2] / "99.twv"
    monkeypatch.setattr(type(client.application.extensions[EXTENSION].results), "plume_file", lambda *_: gone)
    assert client.get(url).status_code == 404


def test_sight_and_strata(client: FlaskClient) -> None:
    (row,) = client.get("/api/v1/sight").json["rows"]
    assert (row["beam"], row["clear"], row["clearance_m"]) == ("B1", False, -2.5)
    assert (row["blocker_kind"], row["blocker_id"], row["needed_platform_height_m"]) == ("tank", "T-01", 31.5)
    strata = client.get("/api/v1/strata").json
    assert strata["boreholes"] == 12
    (layer,) = strata["layers"]
    told = {key: layer[key] for key in ("loo_rmse_m", "loo_z_mean", "loo_z_sd", "sd_mean_m")}
    assert told == {"loo_rmse_m": 0.42, "loo_z_mean": -0.1, "loo_z_sd": None, "sd_mean_m": 0.5}


def test_health_says_what_is_wrong(client: FlaskClient, app) -> None:
    answer = client.get("/health")
    parts = {row["name"]: row for row in answer.json["parts"]}
    assert answer.status_code == 503  # the follower is not started in this app
    assert parts["stream"]["ok"] is False
    assert parts["ingest"]["ok"] is parts["worker"]["ok"] is parts["bundle"]["ok"] is True
    app.extensions["park_twin"].start()
    assert client.get("/health").status_code == 200


def test_a_large_answer_is_compressed_for_those_who_can_read_it(client: FlaskClient) -> None:
    plain = client.get(f"/api/v1/series?key={WIND}")
    packed = client.get(f"/api/v1/series?key={WIND}", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
