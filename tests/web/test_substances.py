"""Substances over the API: levels by exposure time, marks of what is verified, sources."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from models.substances.table import substance_ids


def levels(body: dict[str, object], kind: str) -> dict[int, dict[str, object]]:
    rows = body["levels"]
    assert isinstance(rows, list)
    return {row["level"]: row for row in rows if row["kind"] == kind}


def test_all_substances_come_with_levels_for_an_hour(client: FlaskClient) -> None:
    answer = client.get("/api/v1/substances")
    assert answer.status_code == 200
    body = answer.get_json()
    assert [row["id"] for row in body["substances"]] == list(substance_ids())
    (hf,) = [row for row in body["substances"] if row["id"] == "hf"]
    assert hf["cas"] == "7664-39-3"
    assert {level: row["conc_ppm"] for level, row in levels(hf, "aegl").items()} == {1: 1.0, 2: 24.0, 3: 44.0}
    assert body["exposure_s"] == 3600.0


def test_ten_minutes_are_judged_by_the_values_for_ten_minutes(client: FlaskClient) -> None:
    body = client.get("/api/v1/substances/7664-39-3?exposure_s=600").get_json()
    found = levels(body, "aegl")
    assert [found[level]["conc_ppm"] for level in (1, 2, 3)] == [1.0, 95.0, 170.0]
    assert found[2]["tabulated"]
    assert levels(body, "idlh")[1]["exposure_s"] == 1800.0
    between = levels(client.get("/api/v1/substances/hf?exposure_s=900").get_json(), "aegl")[2]
    assert 34.0 < between["conc_ppm"] < 95.0  # type: ignore[operator]
    assert not between["tabulated"]


def test_what_is_read_in_one_place_only_is_marked(client: FlaskClient) -> None:
    body = client.get("/api/v1/substances/hf?exposure_s=1800").get_json()
    found = levels(body, "aegl")
    assert found[1]["verified"]
    assert not found[3]["verified"]
    assert "aegl-3 30 min" in body["unverified"]
    cited = {name for number in body["numbers"] for name in number["sources"]}
    assert cited <= {source["id"] for source in body["sources"]}
    assert all(len(source["citation"]) > 10 for source in body["sources"])


@pytest.mark.parametrize("query", ["exposure_s=0", "exposure_s=1.5", "exposure_s=604801", "hours=1"])
def test_a_bad_exposure_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/v1/substances?{query}").status_code == 422


def test_an_unknown_substance_is_not_found(client: FlaskClient) -> None:
    answer = client.get("/api/v1/substances/krypton")
    assert answer.status_code == 404
    assert "krypton" in answer.get_json()["message"]
