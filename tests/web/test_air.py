"""The addresses of the air, over rows that the now-cast itself has made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from models.air.puff import GaussianPuff
from tests.support.air_park import air_park, air_site
from tests.support.leaking_park import NOW, memory_of, state_of
from tests.support.synthetic import T0_MS, Writer
from twin.core.substance import Threshold
from twin.core.text import Text
from twin.live.deduce import deduce
from twin.live.nowcast import now_cast
from twin.live.outlook import outlook
from twin.stage.encode import decode_plume
from twin.store.rows import AirKind, AirRow


@pytest.fixture(scope="module")
def made() -> list[tuple[AirKind, AirRow, bytes]]:
    """A now-cast and a forecast of a leak."""
    name = Text(zh="一级", en="level 1")
    level = Threshold(substance_id="hf", level=1, name=name, conc_kg_m3=1e-7, source="test")
    park = replace(air_park(), thresholds=(level,))
    state = state_of(memory_of({"U1": 2e-3}))
    result = deduce(park, air_site(), state, "hf", GaussianPuff())
    ahead = outlook(park, state, result)
    assert ahead is not None
    rows = []
    for k, (kind, part) in enumerate(
        [(AirKind.NOW_CAST, now_cast(park, state, result, with_map=True)), (AirKind.FORECAST, ahead)]
    ):
        row = AirRow(
            run="run-1",
            k=100 + k,
            kind=kind,
            substance_id="hf",
            time_ms=NOW,
            size_bytes=0,
            origin=result.plume.origin,
            solver=result.plume.solver,
            body=part.body,
        )
        rows.append((kind, row, part.map))
    return rows


@pytest.fixture
def client(filled: Writer, made: list[tuple[AirKind, AirRow, bytes]], client: FlaskClient) -> FlaskClient:
    for _, row, body in made:
        filled.results.add_air(row, body)
    return client


def test_newest_now_cast_and_its_map(client: FlaskClient) -> None:
    (cast,) = client.get("/api/v1/nowcasts").json["nowcasts"]
    assert (cast["substance"], cast["t"], cast["origin"]) == ("hf", NOW, "simulated")
    assert cast["rates"][0]["unit"] == "U1"
    assert {row["sensor"] for row in cast["beams"]} == {"B1", "B2", "B3", "B4"}
    volume = decode_plume(client.get(cast["url"]).data)
    assert volume.conc_kg_m3.shape == (3, cast["grid"]["ny"], cast["grid"]["nx"])
    assert client.get(f"/api/v1/nowcasts?substance=nh3&from=0&to={NOW + 1}").json["nowcasts"] == []


def test_the_row_that_is_pushed_is_the_one_that_is_served(
    client: FlaskClient, filled: Writer, made: list[tuple[AirKind, AirRow, bytes]]
) -> None:
    (cast,) = client.get("/api/v1/nowcasts").json["nowcasts"]
    _, row, body = made[0]
    assert cast == json.loads(json.dumps(replace(row, size_bytes=len(body)).payload()))


def test_forecast_is_marked_and_has_a_map_of_probabilities(client: FlaskClient) -> None:
    (cone,) = client.get("/api/v1/forecasts?substance=hf").json["forecasts"]
    assert cone["forecast"] is True
    assert "forecast" in cone["notes"]
    assert len(cone["bands"]) == 5
    assert decode_plume(client.get(cone["url"]).data).conc_kg_m3.max() <= 1.0 + 1e-6


def test_predicted_beside_measured_with_residuals(client: FlaskClient) -> None:
    answer = client.get("/api/v1/beams/predicted?substance=hf").json
    assert [row["sensor"] for row in answer["beams"]] == ["B1", "B2", "B3", "B4"]
    assert answer["residuals"]["n"] == 4
    assert answer["origin"] == "simulated"
    one = client.get("/api/v1/beams/predicted?substance=hf&sensor=B3").json
    assert [row["sensor"] for row in one["beams"]] == ["B3"]
    assert one["beams"][0]["residuals"]["fac2"] == 1.0
    assert one["beams"][0]["t"] == [NOW]
    assert client.get("/api/v1/beams/predicted").status_code == 422


def test_maps_of_both_kinds_are_listed(client: FlaskClient) -> None:
    newest = client.get("/api/v1/airmaps").json["maps"]
    assert [row["kind"] for row in newest] == ["forecast", "nowcast"]
    spanned = client.get(f"/api/v1/airmaps?from=0&to={NOW + 1}").json["maps"]
    assert spanned == newest
    assert client.get("/api/v1/airmaps?substance=nh3").json["maps"] == []


def test_spread_as_columns(client: FlaskClient) -> None:
    trend = client.get("/api/v1/air/spread?substance=hf").json
    assert trend["t"] == [NOW]
    assert trend["levels"][0]["level"] == 1
    assert trend["area_m2"][0][0] > 0.0
    assert trend["towards_deg"][0] == pytest.approx(90.0, abs=1.0)
    nothing = client.get("/api/v1/air/spread?substance=nh3").json
    assert (nothing["t"], nothing["arrivals"]) == ([], [])


def test_rose_and_curves_of_the_ledger(client: FlaskClient) -> None:
    rose = client.get("/api/v1/air/rose?sectors=8").json
    assert rose["sectors"] == 8
    assert sum(map(sum, rose["share"])) + rose["calm"] == pytest.approx(1.0 if rose["n"] else 0.0)
    assert client.get("/api/v1/air/rose?sectors=3").status_code == 422
    curve = client.get(f"/api/v1/air/curves?substance=hf&from={T0_MS}&to={T0_MS + 600_000}").json
    assert len(curve["t"]) == len(curve["mean"]) == len(curve["sensor"]) > 0
    assert curve["origin"] == "simulated"


def test_the_table_of_solvers_says_which_one_runs_and_where_it_holds(client: FlaskClient) -> None:
    rows = {row["name"]: row for row in client.get("/api/v1/solvers").json["solvers"]}
    assert rows["gaussian_puff"]["active"] is True
    assert rows["gaussian_puff"]["makes"]["conc"]["units"] == "kg/m3"
    limits = rows["gaussian_puff"]["limits"]
    assert {"wind_speed_m_s", "slope_ratio", "release_richardson"} <= {limit["quantity"] for limit in limits}
    for limit in limits:
        assert limit["why"]["zh"]
        assert limit["why"]["en"]
        assert limit["low"] is not None or limit["high"] is not None


def test_without_results_everything_is_empty(app, tmp_path: Path) -> None:
    bare = app.test_client()
    assert bare.get("/api/v1/nowcasts").json == {"nowcasts": [], "truncated": False}
    assert bare.get("/api/v1/forecasts").json == {"forecasts": [], "truncated": False}
    assert bare.get("/api/v1/airmaps").json == {"maps": [], "truncated": False}
