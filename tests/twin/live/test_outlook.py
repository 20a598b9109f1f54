"""Forecasts: later is less certain, marked as forecast, from persistence or from the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.air.cone import LEADS_S, WindForecast
from models.air.puff import GaussianPuff
from tests.support.air_park import air_park, air_site
from tests.support.leaking_park import NOW, memory_of, state_of
from twin.core.errors import BadRequestError
from twin.core.geometry import Place
from twin.core.park import Park, Settlement
from twin.core.substance import Threshold
from twin.core.text import Text
from twin.live.deduce import Deduction, deduce
from twin.live.nowcast import AirResult
from twin.live.outlook import FILE, PERSISTENCE, outlook, read_wind_forecast
from twin.live.state import State
from twin.stage.encode import decode_plume

NAME = Text(zh="某村", en="a village")
LEVEL = Threshold(substance_id="hf", level=1, name=NAME, conc_kg_m3=1e-8, source="test")


def park() -> Park:
    """With a village downwind and one upwind."""
    villages = {"east": 1200.0, "west": -1800.0}
    return replace(
        air_park(),
        thresholds=(LEVEL,),
        settlements=tuple(
            Settlement(id=name, name=NAME, place=Place(x_m=x, y_m=0.0, z_m=20.0), people=1)
            for name, x in villages.items()
        ),
    )


@pytest.fixture(scope="module")
def leak() -> State:
    return state_of(memory_of({"U1": 2e-3}))


@pytest.fixture(scope="module")
def deduced(leak: State) -> Deduction:
    return deduce(park(), air_site(), leak, "hf", GaussianPuff())


@pytest.fixture(scope="module")
def ahead(leak: State, deduced: Deduction) -> AirResult:
    found = outlook(park(), leak, deduced)
    assert found is not None
    return found


def test_it_says_that_it_is_a_forecast_and_of_what(ahead: AirResult) -> None:
    assert ahead.body["forecast"] is True
    assert ahead.body["notes"][0] == "forecast"
    assert ahead.body["wind"] == PERSISTENCE
    assert [row["lead_s"] for row in ahead.body["leads"]] == list(LEADS_S)


def test_bands_of_the_beams_open_with_the_lead(ahead: AirResult) -> None:
    width = {
        row["lead_s"]: np.log(row["value"]["high"] / row["value"]["low"])
        for row in ahead.body["beams"]
        if row["sensor"] == "B3"
    }
    assert width[7200] > width[600]


def test_the_village_downwind_is_reached_and_the_one_upwind_is_not(ahead: AirResult) -> None:
    arrivals = {row["place"]: row for row in ahead.body["arrivals"]}
    assert arrivals["east"]["lead_s"] is not None
    assert arrivals["east"]["probability"] > 0.5
    assert arrivals["west"]["lead_s"] is None
    assert arrivals["west"]["probability"] < 0.3


def test_the_map_holds_probabilities(ahead: AirResult) -> None:
    volume = decode_plume(ahead.map)
    assert ahead.body["bands"] == [f"{lead}:1" for lead in LEADS_S]
    assert volume.conc_kg_m3.shape[0] == len(LEADS_S)
    assert 0.5 < volume.conc_kg_m3.max() <= 1.0 + 1e-6


def test_a_wind_forecast_turns_the_cloud(leak: State, deduced: Deduction) -> None:
    told = [
        WindForecast(time_ms=NOW + 1000 * lead, wind_speed_m_s=3.0, wind_from_deg=90.0, sd_m_s=0.1)
        for lead in (300, 7200)
    ]
    turned = outlook(park(), leak, deduced, told)
    assert turned is not None
    assert FILE in turned.body["wind"]
    arrivals = {row["place"]: row for row in turned.body["arrivals"]}
    assert arrivals["west"]["lead_s"] is not None
    old = [replace(row, time_ms=row.time_ms - 36_000_000) for row in told]
    stale = outlook(park(), leak, deduced, old)
    assert stale is not None
    assert stale.body["wind"] == PERSISTENCE


def test_clean_air_has_no_forecast() -> None:
    state = state_of(memory_of({}))
    assert outlook(park(), state, deduce(park(), air_site(), state, "hf", GaussianPuff())) is None


def test_the_file_is_read_and_its_faults_are_named(tmp_path: Path) -> None:
    assert read_wind_forecast(tmp_path) == ()
    path = tmp_path / FILE
    head = "time_ms,wind_speed_m_s,wind_from_deg,sd_m_s\n"
    path.write_text(f"{head}1795000000000,2.5,310,\n1795003600000,3,300,0.8\n")
    one, two = read_wind_forecast(tmp_path)
    assert (one.time_ms, one.wind_speed_m_s, one.wind_from_deg) == (1_795_000_000_000, 2.5, 310.0)
    assert one.sd_m_s is None
    assert two.sd_m_s == 0.8
    path.write_text(f"{head}1795000000000,fast,310,\n")
    with pytest.raises(BadRequestError, match="line 2"):
        read_wind_forecast(tmp_path)
