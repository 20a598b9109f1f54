"""The addresses of the groundwater, over rows that the live process's own code has made."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient

from models.water.now import LEADS_S
from tests.support.synthetic import Writer
from tests.support.water_cast import NOW_MS, now_cast_parcel
from twin.core.origin import Origin
from twin.stage.encode import decode_grid, decode_plume
from twin.store.rows import WaterKind, WaterRow

ROW, FILES = now_cast_parcel()
BAND = {"low": 1.0, "median": 2.0, "high": 3.0}
NAME = {"zh": "抽水", "en": "Pump"}
COMPARISON = WaterRow(
    run="water-1",
    k=1,
    kind=WaterKind.COMPARISON,
    time_ms=NOW_MS,
    origin=Origin.SIMULATED,
    solver="water twin",
    exercise=True,
    body={
        "substance": "f",
        "baseline": "do_nothing",
        "options": [
            {
                "id": "pump",
                "name": NAME,
                "kind": "pump",
                "cost_cny": BAND,
                "agent": None,
                "amount": {"value": 80.0, "unit": "m3/d"},
                "area": [[[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]],
                "leads": [
                    {
                        "lead_s": 0.0,
                        "mass_kg": BAND,
                        "area_m2": BAND,
                        "max_kg_m3": BAND,
                        "risk_targets": ["river"],
                    }
                ],
                "fronts": [],
                "volumes": [],
            }
        ],
        "best": "pump",
        "why": NAME,
        "notes": [],
    },
)
WARNING = WaterRow(
    run="water-1",
    k=2,
    kind=WaterKind.EVENT,
    time_ms=NOW_MS,
    origin=Origin.SIMULATED,
    solver="water twin",
    body={
        "subject": "river",
        "kind": "target",
        "name": NAME,
        "substance": "f",
        "state": "raised",
        "risk": "medium",
        "response": "II",
        "text": NAME,
        "nowcast": "water-1/0",
    },
)


@pytest.fixture
def client(filled: Writer, client: FlaskClient) -> FlaskClient:
    filled.results.add_water(ROW, FILES)
    filled.results.add_water(COMPARISON)
    filled.results.add_water(WARNING)
    return client


def test_the_newest_now_cast_is_the_row_that_was_stored(client: FlaskClient) -> None:
    (cast,) = client.get("/api/v1/water/nowcasts").json["nowcasts"]
    assert cast == {"cpu_s": None} | json.loads(json.dumps(replace(ROW, files=tuple(FILES)).payload()))
    assert (cast["origin"], cast["t"], cast["members"]) == ("simulated", NOW_MS, 24)
    assert [row["lead_s"] for row in cast["fronts"]] == list(LEADS_S)
    assert cast["fronts"][0]["class"] == "GB/T 14848 III"
    assert cast["wells"][0]["measured_conc"] == {"f": 1e-3}
    read = cast["wells"][0]["measured"]["f"]
    assert (read["value"], read["t"], read["origin"], read["fresh"]) == (
        1e-3,
        NOW_MS - 1000,
        "simulated",
        True,
    )
    assert cast["wells"][1]["measured_level"] is None
    assert cast["targets"][0]["response"] == "II"
    assert client.get("/api/v1/water/nowcasts/water-1/0").json == cast
    assert client.get(f"/api/v1/water/nowcasts?from=0&to={NOW_MS}").json["nowcasts"] == []
    assert client.get(f"/api/v1/water/nowcasts?from=0&to={NOW_MS + 1}").json["nowcasts"] == [cast]


def test_files_lie_behind_the_addresses_and_never_change(client: FlaskClient) -> None:
    (cast,) = client.get("/api/v1/water/nowcasts").json["nowcasts"]
    volume = next(row for row in cast["volumes"] if row["band"] == "p975" and row["lead_s"] == 0.0)
    answer = client.get(volume["url"])
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(volume["url"], headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    decoded = decode_plume(answer.data)
    assert decoded.conc_kg_m3.shape[0] == 25
    assert decoded.conc_kg_m3.max() == pytest.approx(volume["max_kg_m3"], rel=0.03)
    # The plume lies in the ten metres that have cells: the five uppermost slices of 2 m.
    assert np.flatnonzero(decoded.conc_kg_m3.max(axis=(1, 2))).tolist() == [20, 21, 22, 23, 24]
    heads = decode_grid(client.get(cast["heads_url"]).data)
    assert heads.bands.shape == (3, cast["grid"]["ny"], cast["grid"]["nx"])
    assert heads.bands[0, 0, 0] == pytest.approx(14.9, abs=0.01)
    flow = decode_grid(client.get(cast["flow_url"]).data)
    assert flow.bands[0].mean() == pytest.approx(3e-6 * 365.25 * 86_400.0, rel=1e-3)


def test_comparisons_say_whether_they_are_an_exercise(client: FlaskClient) -> None:
    (row,) = client.get("/api/v1/water/comparisons").json["comparisons"]
    assert row["exercise"] is True
    assert row["options"][0]["leads"][0]["risk_targets"] == ["river"]


def test_warnings_are_listed(client: FlaskClient) -> None:
    told = client.get("/api/v1/water/warnings").json
    (row,) = told["warnings"]
    assert (row["subject"], row["state"], row["response"]) == ("river", "raised", "II")
    assert told["standing"] == [row]


def test_what_stands_is_listed_however_old_until_it_ends(filled: Writer, client: FlaskClient) -> None:
    month_ms = 31 * 86_400_000
    for k, (subject, state, response, days) in enumerate(
        [("river", "raised", "III", 0), ("well", "raised", "I", 1), ("gone", "raised", "I", 2),
         ("gone", "ended", None, 3), ("well", "unknown", "I", 4), ("intake", "raised", "II", 90)]
    ):  # fmt: skip
        body = WARNING.body | {"subject": subject, "state": state, "response": response}
        filled.results.add_water(replace(WARNING, k=10 + k, time_ms=NOW_MS + days * 86_400_000, body=body))
    told = client.get("/api/v1/water/warnings").json
    assert [row["subject"] for row in told["warnings"]] == ["intake"]
    assert [(row["subject"], row["state"]) for row in told["standing"]] == [
        ("well", "unknown"), ("intake", "raised"), ("river", "raised"),
    ]  # fmt: skip
    assert told["standing"][2]["t"] < told["standing"][1]["t"] - month_ms


def test_one_kind_is_not_taken_for_another(client: FlaskClient) -> None:
    assert client.get("/api/v1/water/nowcasts/water-1/1").status_code == 404
    assert client.get("/api/v1/water/nowcasts/water-1/9").status_code == 404
    assert client.get("/api/v1/water/files/water-1/0/passwords.toml").status_code == 422
    assert client.get("/api/v1/water/files/water-1/0/other.twg").status_code == 404


def test_contaminants_by_text(client: FlaskClient) -> None:
    everything = client.get("/api/v1/water/contaminants").json["contaminants"]
    assert len(everything) >= 200
    found = client.get("/api/v1/water/contaminants?q=71-43-2").json
    assert [row["cas"] for row in found["contaminants"]] == ["71-43-2"]
    named = {source for number in found["contaminants"][0]["numbers"] for source in number["sources"]}
    assert named == set(found["sources"])
    assert client.get("/api/v1/water/contaminants?q=no-such-thing").json["contaminants"] == []


@pytest.mark.parametrize(("form", "begins"), [("docx", b"PK"), ("pdf", b"%PDF")])
def test_the_report_is_made_of_the_newest_now_cast(client: FlaskClient, form: str, begins: bytes) -> None:
    answer = client.get(f"/api/v1/water/report.{form}")
    assert answer.status_code == 200
    assert answer.data.startswith(begins)


def test_without_results_everything_is_empty(app) -> None:
    bare = app.test_client()
    assert bare.get("/api/v1/water/nowcasts").json == {"nowcasts": [], "truncated": False}
    assert bare.get("/api/v1/water/comparisons").json == {"comparisons": [], "truncated": False}
    assert bare.get("/api/v1/water/warnings").json == {"warnings": [], "truncated": False, "standing": []}
    assert bare.post("/api/v1/water/what-if", json={}).status_code == 401
    assert bare.get("/api/v1/water/report.pdf").status_code in (404, 503)
