"""Warnings of the wells' own readings and history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from models.contaminants.warning import Warn
from tests.support.valley_park import valley_park
from tests.support.well_rows import NOW_MS, WellRows, stored, well_rows
from twin.core.observation import Quality
from twin.core.origin import Origin
from twin.live.water_alerts import trend_of
from twin.live.water_read import Wells, read_wells
from twin.store.rows import RollupRow, Step

DAY_MS = 86_400_000


@dataclass
class Days(WellRows):
    """Daily means of every series by a rule of the days before now."""

    rule: Callable[[str, float], float | None] = lambda _key, _day: None

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        found = []
        for start_ms in range(from_ms, to_ms, DAY_MS):
            mean = self.rule(key, (NOW_MS - start_ms) / DAY_MS)
            if mean is not None:
                found.append(
                    RollupRow(
                        series_key=key, step=step, start_ms=start_ms, count=9, mean=mean, low=None, high=None
                    )  # fmt: skip
                )
        return tuple(found)


def days(rule: Callable[[str, float], float | None]) -> Days:
    park = valley_park()
    return Days(park=park, truth=well_rows(park).truth, rule=rule)


def read(rows: WellRows) -> Wells:
    found = read_wells(rows, rows.park, NOW_MS)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("ph", "level"), [(7.0, Warn.NONE), (8.4, Warn.BLUE), (4.6, Warn.ORANGE), (2.0, Warn.RED)]
)
def test_ph_warns_by_its_edges(ph: float, level: Warn) -> None:
    rows = well_rows(valley_park())
    rows.changed = {"G1/ph": replace(stored("G1/ph", ph, NOW_MS), origin=Origin.MEASURED)}
    wells = read(rows)
    assert wells.alerts["G1", "ph"].level is level
    assert wells.origins["G1", "ph"] is Origin.MEASURED


@pytest.mark.parametrize(
    "row",
    [
        stored("G1/ph", 2.0, NOW_MS - 8 * DAY_MS),
        stored("G1/ph", 2.0, NOW_MS, Quality.DOUBTFUL),
        replace(stored("G1/ph", 2.0, NOW_MS), origin=Origin.EXERCISE),
    ],
)
def test_old_doubtful_and_played_values_warn_of_nothing(row: object) -> None:
    rows = well_rows(valley_park())
    rows.changed = {"G1/ph": row}  # type: ignore[dict-item]
    assert ("G1", "ph") not in read(rows).alerts


def test_a_fall_of_the_level_against_the_wells_own_days() -> None:
    calm = days(lambda key, day: 110.0 + 0.001 * (day % 3) if key.endswith("water_level") else None)
    assert read(calm).alerts["G1", "water_level"].level is Warn.NONE
    fallen = days(lambda key, day: (109.4 if day <= 1 else 110.0) if key.endswith("water_level") else None)
    alert = read(fallen).alerts["G1", "water_level"]
    assert alert.level is Warn.ORANGE  # 0.6 m in a day
    assert "-0.6 m/d" in alert.why.en


def test_conductivity_against_the_median_of_the_well() -> None:
    rows = days(lambda key, _day: 0.05 if key.endswith("conductivity") else None)
    rows.changed = {"G1/conductivity": stored("G1/conductivity", 0.11, NOW_MS)}
    assert read(rows).alerts["G1", "conductivity"].level is Warn.ORANGE
    rows.changed = {"G1/conductivity": stored("G1/conductivity", 0.051, NOW_MS)}
    assert read(rows).alerts["G1", "conductivity"].level is Warn.NONE


def test_a_rising_trend_warns_before_the_limit_is_passed() -> None:
    rising = days(lambda key, day: 0.75e-3 - 1e-6 * day if key == "G5/water:f" and day < 300 else None)
    rising.changed = {"G5/water:f": stored("G5/water:f", 0.75e-3, NOW_MS)}
    alert = read(rising).alerts["G5", "f"]
    assert (alert.level, alert.by) == (Warn.BLUE, "trend")  # 0.25 mg/L to go at 0.365 mg/L a year
    short = days(lambda key, day: 0.75e-3 - 1e-6 * day if key == "G5/water:f" and day < 200 else None)
    assert trend_of(short, "G5/water:f", NOW_MS) is None
