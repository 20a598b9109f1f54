"""Statistics, rates, reviews, conditions and health through the API, over a ledger with known answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from sensors.hj212.factor_codes import NO_LETTERS
from tests.support.arrivals import arrival, value
from tests.support.both_stores import BACK_ENDS, empty_ledger
from tests.support.small_park import device, small_park
from twin.core.clock import FixedClock
from twin.core.device import Device, Factor
from twin.core.judging import HealthLimit, JudgeBook, RefillTank, RunningLink, RunningUnit, UnitKind
from twin.core.observation import Mark
from twin.core.origin import Origin
from twin.core.text import Text
from twin.live.inforce import rules_in_force
from twin.live.judge import StreamJudge
from twin.live.registry import SceneRegistry
from twin.live.roster import ROSTER, roster
from twin.live.settings import Settings, load_settings
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.review_state import KeepRuleBook
from twin.store.snapshots import PutSnapshot
from web.app import create_app

HOUR, MINUTE, DAY = 3_600_000, 60_000, 86_400_000
# Midnight in Beijing.
T0 = 1_795_276_800_000
NOW = T0 + 2 * DAY + 5 * MINUTE
NAME = Text(zh="单元", en="unit")
BOOK = JudgeBook(
    units=(
        RunningUnit(
            id="kiln",
            name=NAME,
            kind=UnitKind.PRODUCTION,
            series_key="P1/current",
            on_above_value=1.0,
            off_below_value=0.5,
        ),
        RunningUnit(
            id="scrubber",
            name=NAME,
            kind=UnitKind.TREATMENT,
            series_key="A1/current",
            on_above_value=1.0,
            off_below_value=0.5,
        ),
    ),
    links=(RunningLink(id="l1", name=NAME, production_ids=("kiln",), treatment_ids=("scrubber",)),),
    limits=(
        HealthLimit(quantity="nitrogen_level", warn_low_value=0.3, alarm_low_value=0.1),
        HealthLimit(quantity="signal_strength", warn_low_value=0.5, alarm_low_value=0.3),
    ),
    tanks=(RefillTank(series_key="H1/nitrogen_level", volume_m3=0.1, reserve_fraction=0.2),),
)


def instrument(sensor: str, quantity: str, unit: str, interval_s: float, **more: Any) -> Device:
    factor = Factor(code="a21018", quantity=quantity, unit=unit, **more)
    return replace(device(1), mn=f"M{sensor}", sensor_id=sensor, interval_s=interval_s, factors=(factor,))


DEVICES = (
    replace(instrument("B1", "conc:hf", "mg/m3", 300.0, detection_limit=0.001), st="32"),
    instrument("F1", "flow", "m3/h", 300.0),
    instrument("P1", "current", "A", 60.0),
    instrument("A1", "current", "A", 60.0),
    instrument("H1", "nitrogen_level", "%", 3600.0),
    instrument("S1", "signal_strength", "%", 3600.0),
    replace(instrument("G1", "flow", "m3/h", 300.0), origin=Origin.MEASURED),
)


def sent() -> Iterator[Arrival]:
    """Two days of HF every five minutes: 10 mg/m3, hour 5 calibrating, hours 30 to 35 absent."""
    for k in range(0, 2 * 24 * 12):
        time_ms, hour = T0 + k * 5 * MINUTE, k // 12
        if not 30 <= hour < 36:
            mark = Mark.CALIBRATION if hour == 5 else Mark.NORMAL
            number = 500e-6 if hour == 5 else 20e-6 if hour == 47 else 10e-6
            yield one("B1", "conc:hf", time_ms, number, mark)
        yield one("F1", "flow", time_ms, 2.0)
        if hour < 12:
            yield one("G1", "flow", time_ms, 3.0, origin=Origin.MEASURED)
    for hour in range(48):
        yield one("H1", "nitrogen_level", T0 + hour * HOUR, 0.9 - 0.01 * hour)
        if hour in (1, 2, 9, 20):
            yield one("H1", "detector_temperature", T0 + hour * HOUR + MINUTE, 80.0, Mark.FAULT)
        yield one("S1", "signal_strength", T0 + hour * HOUR, 0.45)
    for minute in range(-20, 5):
        yield one("P1", "current", T0 + 2 * DAY + minute * MINUTE, 3.0)
        yield one("A1", "current", T0 + 2 * DAY + minute * MINUTE, 0.1)


def one(
    sensor: str,
    quantity: str,
    time_ms: int,
    number: float,
    mark: Mark = Mark.NORMAL,
    origin: Origin = Origin.SIMULATED,
) -> Arrival:
    row = value(time_ms, number, sensor=sensor, quantity=quantity, mark=mark, origin=origin)
    return arrival(f"{sensor}{time_ms}", row, received_ms=time_ms)


@pytest.fixture(scope="module", params=BACK_ENDS)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("figures")
    with empty_ledger(request.param, folder) as url:
        yield from opened(load_settings(data_dir=folder, ledger_url=url))


def opened(settings: Settings) -> Iterator[FlaskClient]:
    park = replace(small_park(), devices=DEVICES, book=BOOK)
    ledger = Ledger(settings.ledger, judge=StreamJudge(BOOK, DEVICES), utc_offset_h=8.0)
    ledger.register(DEVICES)
    told = roster(DEVICES, SceneRegistry(DEVICES, {}), NO_LETTERS, 8.0)
    deeds = [KeepRuleBook(body=rules_in_force(park)), PutSnapshot(name=ROSTER, time_ms=NOW, body=told)]
    ledger.write(Batch(arrivals=list(sent()), deeds=deeds), now_ms=NOW)
    app = create_app(settings, clock=FixedClock(NOW))
    with app.test_client() as ready:
        yield ready
    app.extensions["park_twin"].ledger.close()
    ledger.close()


def get(client: FlaskClient, path: str, **query: object) -> Any:
    answer = client.get(f"/api/v1/{path}", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_hours_follow_the_rule_of_45_minutes(client: FlaskClient) -> None:
    body = get(client, "statistics", key="B1/conc:hf", **{"from": T0, "to": T0 + 2 * DAY})
    assert len(body["t"]) == 48
    assert body["value"][4] == pytest.approx(10e-6)
    assert (body["value"][5], body["valid"][5], body["mark"][5]) == (None, False, "D")
    assert (body["reason"][31], body["n_valid"][31], body["n_expected"][31]) == ("no_data", 0, 60)
    assert body["mark"][4] == "N"
    assert body["substitute"] == [None] * 48
    assert (body["substitute_unit"], body["substitute_rule"]) == ("", "")


def test_days_need_twenty_hours(client: FlaskClient) -> None:
    body = get(client, "statistics", key="B1/conc:hf", step="day", **{"from": T0, "to": T0 + 2 * DAY})
    assert body["t"] == [T0, T0 + DAY]
    assert body["n_valid"] == [23, 18]
    assert body["valid"] == [True, False]
    assert body["value"] == [pytest.approx(10e-6), None]
    assert body["reason"] == ["", "too_few"]


def test_a_month_that_still_runs_is_not_valid(client: FlaskClient) -> None:
    body = get(client, "statistics", key="B1/conc:hf", step="month", **{"from": T0, "to": NOW})
    assert body["valid"][-1] is False
    assert body["reason"][-1] == "running"


def test_rates_of_a_point(client: FlaskClient) -> None:
    rows = get(client, "rates", **{"from": T0, "to": T0 + 2 * DAY})["rows"]
    row = next(row for row in rows if row["id"] == "B1")
    assert (row["expected_h"], row["received_h"], row["valid_h"]) == (48, 42, 41)
    assert row["transmission_pct"] == pytest.approx(87.5)
    assert row["effective_pct"] == pytest.approx(100 * 42 / 48 * 41 / 48)
    assert row["completeness_pct"] == pytest.approx(87.5)
    assert row["meets_95"] is False
    flow = next(row for row in rows if row["id"] == "F1")
    assert (flow["effective_pct"], flow["meets_95"]) == (100.0, True)


def test_rates_of_the_park_are_those_of_its_points(client: FlaskClient) -> None:
    span = {"from": T0, "to": T0 + 2 * DAY}
    rows = get(client, "rates", by="park", **span)["rows"]
    park = next(row for row in rows if row["origin"] == "simulated")
    points = [row for row in get(client, "rates", **span)["rows"] if row["origin"] == "simulated"]
    assert park["points"] == len(points)
    assert park["valid_pct"] == pytest.approx(
        100 * sum(row["valid_h"] for row in points) / sum(row["expected_valid_h"] for row in points)
    )


@pytest.mark.parametrize("by", ["station", "region", "park"])
def test_measured_and_simulated_points_make_no_common_percentage(client: FlaskClient, by: str) -> None:
    rows = get(client, "rates", by=by, **{"from": T0, "to": T0 + 2 * DAY})["rows"]
    found = {row["origin"]: row for row in rows}
    assert len(rows) == len(found) == 2
    assert (found["measured"]["points"], found["simulated"]["points"]) == (1, 6)
    assert found["measured"]["transmission_pct"] == pytest.approx(25.0)


def test_series_of_two_origins_are_not_computed_together(client: FlaskClient) -> None:
    span = f"from={T0}&to={T0 + 2 * DAY}"
    for path in ("emissions?conc=B1/conc:hf&flow=G1/flow", "describe?key=B1/conc:hf&other=G1/flow"):
        answer = client.get(f"/api/v1/{path}&{span}")
        assert answer.status_code == 422
        assert "B1/conc:hf is simulated, G1/flow is measured" in answer.text
    assert client.get(f"/api/v1/emissions?conc=B9/conc:hf&flow=G1/flow&{span}").status_code == 404


def test_every_figure_says_where_it_comes_from(client: FlaskClient) -> None:
    span = {"from": T0, "to": T0 + 2 * DAY}
    assert get(client, "describe", key="G1/flow", **span)["origin"] == "measured"
    assert get(client, "emissions", conc="B1/conc:hf", flow="F1/flow", **span)["origin"] == "simulated"
    fixed = get(client, "search/fixed", **span)["rows"]
    assert {row["key"]: row["origin"] for row in fixed}["G1/flow"] == "measured"
    report = get(client, "report", period="day", at=T0 + HOUR)
    told = {row["key"]: row["origin"] for row in report["rows"]}
    assert (told["G1/flow"], told["F1/flow"], report["origin"]) == ("measured", "simulated", "simulated")
    assert {row["origin"] for row in report["rates"]} == {"measured", "simulated"}
    conditions = get(client, "conditions")
    assert {row["origin"] for row in conditions["units"] + conditions["links"]} == {"simulated"}
    (station,) = get(client, "health/beams")["stations"]
    assert {row["origin"] for row in [station, *station["items"], *station["beams"]]} == {"simulated"}


def test_ninety_days_need_ninety_days(client: FlaskClient) -> None:
    assert get(client, "rates/ninety")["rows"] == []


def test_fixed_values_and_excesses(client: FlaskClient) -> None:
    span = {"from": T0, "to": T0 + 2 * DAY}
    rows = get(client, "search/fixed", quantity="conc:hf", **span)["rows"]
    assert [(row["length"], row["start_ms"]) for row in rows] == [(40, T0)]
    over = get(client, "search/overlimit", quantity="conc:hf", limit="15.0", unit="mg/m3", **span)
    assert [(row["key"], row["length"]) for row in over["rows"]] == [("B1/conc:hf", 1)]
    assert over["points"] == [{"key": "B1/conc:hf", "count": 1, "runs": 1, "longest": 1}]
    assert client.get("/api/v1/search/overlimit?limit=nan&unit=m&quantity=conc:hf").status_code == 422
    assert client.get("/api/v1/search/overlimit?limit=3&unit=m&quantity=conc:hf").status_code == 422
    assert client.get("/api/v1/search/overlimit?limit=3&unit=mg/m3").status_code == 422


def test_description_and_trend(client: FlaskClient) -> None:
    body = get(
        client, "describe", key="H1/nitrogen_level", other="F1/flow", **{"from": T0, "to": T0 + 2 * DAY}
    )
    assert body["n"] == 48
    assert body["trend_per_day"] == pytest.approx(-0.24)
    assert body["trend_p"] < 1e-6
    assert body["correlation"] is None  # a flow that never changes correlates with nothing


def test_emission_total(client: FlaskClient) -> None:
    body = get(client, "emissions", conc="B1/conc:hf", flow="F1/flow", **{"from": T0, "to": T0 + 2 * DAY})
    assert (body["hours"], body["valid_h"]) == (48, 41)
    assert body["measured_kg"] == pytest.approx(40 * 10e-6 * 7200 + 20e-6 * 7200)
    assert body["substituted_h"] == 7
    assert body["substitute_kg"] == pytest.approx(7 * 10e-6 * 7200)
    assert body["total_kg"] == pytest.approx(body["measured_kg"] + body["substitute_kg"])
    assert client.get("/api/v1/emissions?conc=F1/flow&flow=F1/flow").status_code == 422


def test_report_of_a_day(client: FlaskClient) -> None:
    body = get(client, "report", period="day", at=T0 + HOUR)
    assert (body["from_ms"], body["to_ms"]) == (T0, T0 + DAY)
    row = next(row for row in body["rows"] if row["key"] == "B1/conc:hf")
    assert (row["n_valid"], row["n_expected"], row["valid"]) == (23, 24, True)
    assert row["marks"] == {"C": 12}
    assert get(client, "report", period="year")["rows"]


def test_conditions_and_their_finding(client: FlaskClient) -> None:
    body = get(client, "conditions")
    assert {row["id"]: row["state"] for row in body["units"]} == {"kiln": "on", "scrubber": "off"}
    (link,) = body["links"]
    assert link["state"] == "treatment_not_running"
    assert link["since_ms"] == T0 + 2 * DAY - 20 * MINUTE
    (found,) = get(client, "reviews")["reviews"]
    assert (found["key"], found["rule"], found["id"]) == ("condition/l1", "LINKAGE", link["review"])
    assert get(client, f"reviews/{found['id']}")["steps"][0]["actor"] == "system"


def test_duties_say_what_is_due_and_who_fails_again(client: FlaskClient) -> None:
    body = get(client, "duties")
    rows = {row["sensor"]: row for row in body["rows"]}
    plant = rows["B1"]
    assert (plant["kind"], plant["source"]) == ("water_standard_check_24h", "mark")
    assert (plant["last_ms"], plant["due_ms"]) == (T0 + 5 * HOUR, T0 + 29 * HOUR)
    assert plant["overdue"] is True
    assert (rows["F1"]["last_ms"], rows["F1"]["overdue"]) == (None, False)
    assert rows["G1"]["origin"] == "measured"
    faults = [T0 + hour * HOUR for hour in (1, 9, 20)]
    assert (rows["H1"]["faults_ms"], rows["H1"]["repeats_fault"]) == (faults, True)
    assert rows["S1"]["repeats_fault"] is False
    assert body["reviews_open"] >= 1


def test_health_and_refill(client: FlaskClient) -> None:
    (station,) = get(client, "health/beams")["stations"]
    assert station["state"] == "warn"
    assert station["beams"][0]["state"] == "warn"
    refill = station["refill"]
    assert refill["per_day_l"] == pytest.approx(24.0)
    assert refill["level_l"] == pytest.approx(43.0)
    days = (refill["reserve_ms"] - (T0 + 47 * HOUR)) / DAY
    assert days == pytest.approx(23.0 / 24.0, rel=1e-3)
    assert refill["earliest_ms"] <= refill["reserve_ms"] <= refill["latest_ms"]


def test_unknown_things(client: FlaskClient) -> None:
    assert client.get("/api/v1/statistics?key=B9/conc:hf").status_code == 404
    assert client.get("/api/v1/reviews/77").status_code == 404
    assert client.get(f"/api/v1/statistics?key=B1/conc:hf&from=0&to={NOW}").status_code == 422
    assert (
        client.post("/api/v1/reviews/1/decide", json={"verdict": "confirm", "comment": "x"}).status_code
        == 401
    )


def test_before_ingest_has_started_there_are_no_rules(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    Ledger(settings.ledger).close()
    app = create_app(settings)
    assert app.test_client().get("/api/v1/rates").status_code == 503
    app.extensions["park_twin"].ledger.close()
    assert math.isfinite(T0)
