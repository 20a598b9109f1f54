"""Statistics that need a second series: weighted means, and substitutes of mass from a declared flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.arrivals import arrival, value
from tests.support.both_stores import empty_ledger
from tests.support.small_park import device, small_park
from twin.core.clock import FixedClock
from twin.core.device import Device, Factor
from twin.core.judging import CarryingFlow, JudgeBook
from twin.live.inforce import rules_in_force
from twin.live.settings import load_settings
from twin.store.ledger import Arrival, Batch, Ledger
from twin.store.review_state import KeepRuleBook
from web.app import create_app

HOUR, DAY = 3_600_000, 86_400_000
# The first of November 2026, midnight in Beijing.
T0 = 1_793_462_400_000
DAYS = 30
NOW = T0 + DAYS * DAY + 10 * HOUR
SPAN = {"from": T0, "to": T0 + DAYS * DAY}


def sensor(name: str, **units: str) -> Device:
    factors = tuple(Factor(code="a21018", quantity=key, unit=unit) for key, unit in units.items())
    return replace(device(1), mn=f"M{name}", sensor_id=name, interval_s=3600.0, factors=factors)


WATER = {"water:f": "mg/L", "flow": "m3/h"}
WIND = {"wind_from": "deg", "wind_speed": "m/s"}
DEVICES = (
    sensor("W1", **WATER),
    sensor("W2", **WATER),
    sensor("W3", **WATER),
    sensor("M1", **WIND),
    sensor("M2", wind_from="deg"),
    sensor("C1", **{"conc:hf": "mg/m3", "flow": "m3/h"}),
)
BOOK = JudgeBook(
    flows=tuple(CarryingFlow(key=f"{name}/water:f", flow=f"{name}/flow") for name in ("W1", "W3"))
    + (CarryingFlow(key="C1/conc:hf", flow="C1/flow"),)
)


def hours() -> Iterator[tuple[int, dict[str, float]]]:
    """By hour: a third of the day carries 6 times the water at 10 g/m3 instead of 2; wind as told below."""
    for k in range(DAYS * 24):
        day, hour = divmod(k, 24)
        flows = hour < 8
        found = {}
        for name in ("W1", "W2", "W3"):
            found[f"{name}/water:f"] = 0.010 if flows else 0.002
            found[f"{name}/flow"] = 6.0 if flows else 1.0
        if (day, hour) == (3, 20):
            del found["W1/flow"]
        if day == 1:
            found["W3/flow"] = 0.0
        # Strong from the west, weak from the south, calm from the east; day 2 is calm throughout.
        speed, from_deg = (3.0, 270.0) if hour < 6 else (1.0, 180.0) if hour < 18 else (0.2, 90.0)
        found["M1/wind_from"] = found["M2/wind_from"] = from_deg
        found["M1/wind_speed"] = 0.1 if day == 2 else speed
        found["C1/flow"] = 2.0
        if not (day == 5 and hour < 3):
            found["C1/conc:hf"] = 1e-5 if day < 4 else 3e-5
        yield T0 + k * HOUR, found


def sent() -> Iterator[Arrival]:
    for time_ms, found in hours():
        for key, number in found.items():
            name, _, quantity = key.partition("/")
            row = value(time_ms, number, sensor=name, quantity=quantity)
            yield arrival(f"{key}{time_ms}", row, received_ms=time_ms)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("weighted")
    with empty_ledger("sqlite", folder) as url:
        settings = load_settings(data_dir=folder, ledger_url=url)
        park = replace(small_park(), devices=DEVICES, book=BOOK)
        ledger = Ledger(settings.ledger, utc_offset_h=8.0)
        ledger.register(DEVICES)
        ledger.write(
            Batch(arrivals=list(sent()), deeds=[KeepRuleBook(body=rules_in_force(park))]), now_ms=NOW
        )
        app = create_app(settings, clock=FixedClock(NOW))
        with app.test_client() as ready:
            yield ready
        app.extensions["park_twin"].ledger.close()
        ledger.close()


def get(client: FlaskClient, path: str = "statistics", **query: object) -> Any:
    answer = client.get(f"/api/v1/{path}", query_string={**SPAN, **query})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_a_day_of_water_is_weighted_with_its_flow(client: FlaskClient) -> None:
    body = get(client, key="W1/water:f", step="day")
    assert body["value"][0] == pytest.approx((8 * 6 * 0.010 + 16 * 0.002) / (8 * 6 + 16))
    assert (body["weighted"][0], body["weighted_reason"][0]) == ("flow", "")


def test_an_hour_without_flow_takes_the_weights_from_its_day_and_month_and_says_so(
    client: FlaskClient,
) -> None:
    body = get(client, key="W1/water:f", step="day")
    plain = (8 * 0.010 + 16 * 0.002) / 24
    assert body["value"][3] == pytest.approx(plain)
    assert (body["weighted"][3], body["weighted_reason"][3]) == ("none", "weights_missing")
    assert body["weighted"].count("flow") == DAYS - 1
    month = get(client, key="W1/water:f", step="month")
    assert (month["weighted"], month["weighted_reason"]) == (["none"], ["weights_missing"])


def test_a_month_is_weighted_by_all_of_its_hours_and_a_day_without_water_weighs_nothing(
    client: FlaskClient,
) -> None:
    days = get(client, key="W3/water:f", step="day")
    assert (days["weighted"][1], days["weighted_reason"][1]) == ("none", "no_flow")
    body = get(client, key="W3/water:f", step="month")
    assert body["value"] == [pytest.approx((8 * 6 * 0.010 + 16 * 0.002) / (8 * 6 + 16))]
    assert (body["weighted"], body["weighted_reason"]) == (["flow"], [""])
    running = get(client, key="W3/water:f", step="quarter")
    assert (running["weighted"], running["weighted_reason"]) == (["none"], ["no_mean"])


def test_nothing_is_weighted_that_has_no_flow_declared_or_is_no_water(client: FlaskClient) -> None:
    body = get(client, key="W2/water:f", step="day")
    assert set(body["weighted"]) == {"none"}
    assert set(body["weighted_reason"]) == {"not_declared"}
    for key in ("C1/conc:hf", "W1/flow"):
        body = get(client, key=key, step="day")
        assert (set(body["weighted"]), set(body["weighted_reason"])) == ({"none"}, {""})
    hourly = get(client, key="W1/water:f")
    assert (set(hourly["weighted"]), set(hourly["weighted_reason"])) == ({"none"}, {"within_hour"})


def test_wind_is_a_vector_mean_and_calms_take_no_part(client: FlaskClient) -> None:
    body = get(client, key="M1/wind_from", step="day")
    # West 6 h x 3 m/s, south 12 h x 1 m/s: atan2(-18, -12).
    assert body["value"][0] == pytest.approx(236.30993247)
    assert (body["weighted"][0], body["weighted_reason"][0]) == ("speed", "")
    assert (body["value"][2], body["valid"][2]) == (None, True)
    assert (body["weighted"][2], body["weighted_reason"][2]) == ("speed", "calm")
    month = get(client, key="M1/wind_from", step="month")
    assert month["value"] == [pytest.approx(236.30993247)]
    assert month["n_valid"] == [DAYS]


def test_wind_without_speed_is_a_mean_of_unit_vectors_and_says_so(client: FlaskClient) -> None:
    body = get(client, key="M2/wind_from", step="day")
    # 6 h west, 12 h south, 6 h east: west and east cancel.
    assert body["value"][0] == pytest.approx(180.0)
    assert (body["weighted"][0], body["weighted_reason"][0]) == ("none", "not_declared")


def test_a_report_says_how_its_means_are_weighted(client: FlaskClient) -> None:
    rows = get(client, "report", period="day", at=T0 + HOUR, **{"from": None, "to": None})["rows"]
    told = {row["key"]: row["weighted"] for row in rows}
    assert (told["W1/water:f"], told["W2/water:f"], told["M1/wind_from"]) == ("flow", "none", "speed")


def test_missing_hours_of_a_gas_with_a_flow_have_substitutes_beside_the_value(client: FlaskClient) -> None:
    body = get(client, key="C1/conc:hf")
    assert (body["substitute_unit"], body["substitute_rule"]) == ("kg", "HJ 75-2017 12.2.2")
    at = 5 * 24
    # The highest hour before the gap: 30 mg/m3 in 2 m3/s.
    assert body["substitute"][at : at + 4] == [pytest.approx(3e-5 * 7200)] * 3 + [None]
    assert (body["value"][at], body["valid"][at]) == (None, False)
    assert sum(row is not None for row in body["substitute"]) == 3
    days = get(client, key="C1/conc:hf", step="day")
    assert days["substitute"][5] == pytest.approx(3 * 3e-5 * 7200)
    assert days["value"][5] == pytest.approx(3e-5)
    assert days["substitute"].count(None) == DAYS - 1


@pytest.mark.parametrize("step", ["hour", "day", "month"])
def test_substitutes_sum_up_to_those_of_the_emissions(client: FlaskClient, step: str) -> None:
    body = get(client, key="C1/conc:hf", step=step)
    total = get(client, "emissions", conc="C1/conc:hf", flow="C1/flow")
    assert total["substituted_h"] == 3
    assert sum(row or 0.0 for row in body["substitute"]) == pytest.approx(total["substitute_kg"])


def test_hours_that_are_not_over_and_periods_of_poor_capture_have_no_substitute(client: FlaskClient) -> None:
    after = {"from": T0 + DAYS * DAY, "to": NOW + 1}
    body = get(client, key="C1/conc:hf", **after)
    assert set(body["substitute"]) == {None}
    assert body["reason"][-1] == "running"


def test_water_has_no_substitute_after_hj_75(client: FlaskClient) -> None:
    body = get(client, key="W1/water:f")
    assert set(body["substitute"]) == {None}
    assert (body["substitute_unit"], body["substitute_rule"]) == ("", "")
