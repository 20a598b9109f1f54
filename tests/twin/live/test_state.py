from __future__ import annotations

import pytest

from tests.support.air_park import DATUM_M, GROUND_M, MemoryRows, air_park
from twin.core.observation import Quality
from twin.core.origin import Origin
from twin.live.state import History, build_state, data_time_ms, read_state

NOW = 1_795_000_020_000
HOUR = range(NOW - 3_600_000, NOW + 1, 10_000)
KEY = "B1/conc:hf"


def rows() -> MemoryRows:
    memory = MemoryRows()
    memory.blow(HOUR)
    memory.read(HOUR, lambda beam, t: 1e-7 if beam == "B1" else 0.0)
    return memory


def test_every_value_has_age_quality_and_origin():
    memory = rows()
    memory.add("B1/conc:nh3", NOW - 15_000, 4e-7, origin=Origin.MEASURED)
    state = read_state(memory, air_park(), NOW)
    last = state.values["B1/conc:nh3"]
    assert (last.value, last.age_s, last.quality, last.origin) == (4e-7, 15.0, Quality.GOOD, Origin.MEASURED)
    assert state.values[KEY].age_s == 0.0
    assert state.values[KEY].origin is Origin.SIMULATED


def test_a_sensor_that_does_not_measure_keeps_its_last_good_value():
    memory = rows()
    memory.add(KEY, NOW + 5_000, 9e-5, quality=Quality.NOT_MEASURING)
    last = read_state(memory, air_park(), NOW + 6_000).values[KEY]
    assert last.value == 1e-7
    assert last.age_s == 6.0
    assert last.quality is Quality.NOT_MEASURING


def test_a_series_that_was_never_good_has_no_value():
    memory = rows()
    memory.add("B2/conc:nh3", NOW, None, quality=Quality.MISSING)
    last = read_state(memory, air_park(), NOW).values["B2/conc:nh3"]
    assert last.value is None
    assert last.age_s is None
    assert last.quality is Quality.MISSING


def test_age_of_a_mean_counts_from_its_end():
    memory = rows()
    memory.add("B2/conc:nh3", NOW - 90_000, 1e-7, interval_ms=60_000)
    assert read_state(memory, air_park(), NOW).values["B2/conc:nh3"].age_s == 30.0


def test_nothing_from_after_the_moment_enters():
    memory, then = rows(), NOW - 1_800_000
    state = read_state(memory, air_park(), then)
    assert state.time_ms == then
    assert max(row.time_ms for row in state.winds) == then
    assert max(float(row.times_ms[-1]) for row in state.beams["hf"]) <= then
    memory.add(KEY, NOW + 10_000, 5e-4)
    assert read_state(memory, air_park(), then).values == state.values


def test_the_same_rows_give_the_same_state():
    memory, park = rows(), air_park()
    history = History(
        newest=memory.newest(NOW),
        series={key: tuple(found) for key, found in memory.values.items() if "MET" in key},
        minutes={},
    )
    one, two = build_state(park, history, NOW), build_state(park, history, NOW)
    assert one.values == two.values
    assert one.winds == two.winds
    assert len(one.winds) == 2 * len(HOUR)


def test_winds_need_speed_and_direction_at_the_same_time():
    memory = MemoryRows()
    memory.add("S1-MET/wind_speed", NOW - 10_000, 2.0)
    memory.add("S1-MET/wind_speed", NOW, 3.0)
    memory.add("S1-MET/wind_from", NOW, 90.0)
    (wind,) = read_state(memory, air_park(), NOW).winds
    assert (wind.time_ms, wind.wind_speed_m_s, wind.wind_from_deg) == (NOW, 3.0, 90.0)
    assert (wind.sensor_id, wind.height_m, wind.air_temperature_k) == ("S1-MET", 10.0, None)


def test_doubtful_wind_is_left_out():
    memory = rows()
    memory.add("S1-MET/wind_speed", NOW + 10_000, 55.0, quality=Quality.DOUBTFUL)
    memory.add("S1-MET/wind_from", NOW + 10_000, 10.0)
    winds = read_state(memory, air_park(), NOW + 10_000).winds
    assert max(row.wind_speed_m_s for row in winds) == 3.0


def test_beam_windows_are_minute_means_by_substance():
    memory = rows()
    memory.read(range(NOW - 120_000, NOW + 1, 10_000), lambda beam, t: 2e-7, substance="nh3")
    state = read_state(memory, air_park(), NOW)
    assert set(state.beams) == {"hf", "nh3"}
    window = next(row for row in state.beams["hf"] if row.sensor_id == "B1")
    assert window.series_key == KEY
    assert window.conc_kg_m3 == pytest.approx(1e-7)
    assert 45 <= window.times_ms.size <= 51
    assert (window.times_ms[:-1] % 60_000 == 30_000).all()


def test_heads_are_the_newest_good_levels():
    memory = MemoryRows()
    memory.add("W0/water_level", NOW - 3_600_000, DATUM_M + GROUND_M - 3.0)
    memory.add("W1/water_level", NOW, None, quality=Quality.MISSING)
    (head,) = read_state(memory, air_park(), NOW).heads
    assert (head.well_id, head.level_m, head.age_s) == ("W0", DATUM_M + GROUND_M - 3.0, 3600.0)


def test_data_time_is_the_newest_observation():
    assert data_time_ms(MemoryRows()) is None
    assert data_time_ms(rows()) == NOW
