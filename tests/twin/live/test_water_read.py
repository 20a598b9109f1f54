"""What the groundwater process takes from the ledger: the newest good value of probe or laboratory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.support.valley_park import LEVEL_M, valley_park
from tests.support.well_rows import NOW_MS, WellRows, stored, well_rows
from twin.core.observation import Quality
from twin.core.origin import Origin
from twin.live.water_read import (
    Wells,
    not_held_out,
    read_history,
    read_origin,
    read_tests,
    read_wells,
)
from twin.store.rows import RollupRow, Step

DAY_MS = 86_400_000


@pytest.fixture
def rows() -> WellRows:
    return well_rows(valley_park())


def read(rows: WellRows) -> Wells:
    found = read_wells(rows, rows.park, NOW_MS)
    assert found is not None
    return found


def value(wells: Wells, well: str, quantity: str) -> float | None:
    return next((row.value for row in wells.readings if (row.place, row.quantity) == (well, quantity)), None)


def test_levels_come_in_the_local_frame_and_held_out_wells_are_left_out(rows: WellRows) -> None:
    wells = read(rows)
    truth = rows.truth.values("G1", NOW_MS)["water_level"]
    assert value(wells, "G1", "level") == pytest.approx(truth - LEVEL_M)
    assert wells.measured["G1"].level_m == pytest.approx(truth - LEVEL_M)
    assert {row.place for row in not_held_out(wells.readings, rows.park)} == {"G1", "G2", "G3", "G4", "G5"}
    assert wells.origin is Origin.SIMULATED


def test_a_laboratory_result_counts_like_a_probe_when_it_is_the_newest(rows: WellRows) -> None:
    rows.silent = ("G3",)
    rows.changed = {
        "G3.lab/water:f": stored("G3.lab/water:f", 5e-3, NOW_MS - 10 * DAY_MS),
        "G4.lab/water:f": stored("G4.lab/water:f", 9e-3, NOW_MS - DAY_MS),
        "G9.lab/water:f": stored("G9.lab/water:f", 9e-3, NOW_MS),
    }
    wells = read(rows)
    assert value(wells, "G3", "f") == pytest.approx(5e-3)  # nobody else speaks for it
    assert value(wells, "G4", "f") == pytest.approx(rows.truth.values("G4", NOW_MS)["water:f"])  # newer
    assert "G3.lab/water:f" in " ".join(wells.inputs)
    assert all(row.place != "G9" for row in wells.readings)


def test_a_laboratory_stands_in_for_a_probe_that_is_not_good(rows: WellRows) -> None:
    rows.changed = {
        "G4/water:f": stored("G4/water:f", 1.0, NOW_MS, Quality.DOUBTFUL),
        "G4.lab/water:f": stored("G4.lab/water:f", 2e-3, NOW_MS - 20 * DAY_MS),
    }
    assert value(read(rows), "G4", "f") == pytest.approx(2e-3)


def test_old_levels_and_concentrations_are_not_used(rows: WellRows) -> None:
    rows.silent = ("G2", "G3")
    rows.changed = {
        "G2/water_level": stored("G2/water_level", 110.0, NOW_MS - 8 * DAY_MS),
        "G3/water:f": stored("G3/water:f", 2e-3, NOW_MS - 46 * DAY_MS),
        "G3/water_level": stored("G3/water_level", 110.0, NOW_MS - 6 * DAY_MS),
    }
    wells = read(rows)
    assert value(wells, "G2", "level") is None
    assert value(wells, "G3", "f") is None
    assert value(wells, "G3", "level") == pytest.approx(10.0)
    assert any("G2/water_level" in note for note in wells.notes)


def test_a_well_above_class_three_warns(rows: WellRows) -> None:
    wells = read(rows)
    warning = wells.measured["G2"].warning
    assert warning is not None
    assert warning.zh
    assert "warning" in warning.en
    assert wells.measured["G1"].warning is None


def test_no_well_no_reading(rows: WellRows) -> None:
    rows.silent = tuple(well.id for well in rows.park.wells)
    assert read_wells(rows, rows.park, NOW_MS) is None


def test_slug_tests_come_as_laboratory_results_do(rows: WellRows) -> None:
    key = "hydraulic_conductivity"
    park = rows.park
    hole, stratum = park.boreholes[0], next(row.id for row in park.strata if row.aquifer)
    rows.changed = {
        f"G1.lab/{key}": stored(f"G1.lab/{key}", 3e-4, NOW_MS - 100 * DAY_MS),
        f"G2.lab/{key}": stored(f"G2.lab/{key}", 9.0, NOW_MS, Quality.DOUBTFUL),
        f"{hole.id}.{stratum}/{key}": stored(f"{hole.id}.{stratum}/{key}", 2e-5, NOW_MS),
        f"{hole.id}.moon/{key}": stored(f"{hole.id}.moon/{key}", 2e-5, NOW_MS),
        f"{park.groundwater.held_out[0]}.lab/{key}": stored("x", 1e-4, NOW_MS),
    }
    found = {(row.place, row.stratum_id): row for row in read_tests(rows, park, NOW_MS)}
    well = next(row for row in park.wells if row.id == "G1")
    assert set(found) == {("G1", well.stratum_id), (hole.id, stratum)}
    assert found["G1", well.stratum_id].k_m_s == pytest.approx(3e-4)
    assert found["G1", well.stratum_id].x_m == well.collar.x_m


def test_what_an_exercise_says_is_neither_assimilated_nor_shown(rows: WellRows) -> None:
    played = replace(stored("G3/water:f", 9e-3, NOW_MS), origin=Origin.EXERCISE)
    rows.silent = ("G3",)
    rows.changed = {"G3/water:f": played}
    wells = read(rows)
    assert value(wells, "G3", "f") is None
    assert ("G3", "f") not in wells.alerts
    assert "G3" not in wells.measured
    assert wells.origin is Origin.SIMULATED
    assert any("of an exercise: G3/water:f" in note for note in wells.notes)


def test_every_value_has_time_age_and_origin_of_its_own(rows: WellRows) -> None:
    old = replace(stored("G3.lab/water:f", 9e-3, NOW_MS - 60 * DAY_MS), origin=Origin.MEASURED)
    rows.changed = {
        "G3/water:f": stored("G3/water:f", None, NOW_MS, Quality.DOUBTFUL),
        "G3.lab/water:f": old,
    }
    wells = read(rows)
    found = wells.measured["G3"].conc["f"]
    assert (found.value_kg_m3, found.time_ms, found.age_s) == (9e-3, old.time_ms, 60 * 86_400.0)
    assert (found.origin, found.fresh) == (Origin.MEASURED, False)
    assert wells.measured["G3"].origin is Origin.SIMULATED  # of level and substances together
    assert ("G3", "f") not in wells.alerts  # two months old: no reason for an alarm today
    assert wells.measured["G2"].conc["f"].fresh


@dataclass
class Days(WellRows):
    """Daily means of one value for every series that is asked for."""

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        return (
            RollupRow(
                series_key=key, step=step, start_ms=from_ms, count=3, mean=2e-3, low=None, high=None
            ),
        )  # fmt: skip


def test_history_holds_laboratories_and_no_exercise(rows: WellRows) -> None:
    days = Days(park=rows.park, truth=rows.truth)
    lab = replace(stored("G4.lab/water:f", 2e-3, NOW_MS - 90 * DAY_MS), origin=Origin.MEASURED)
    played = replace(stored("G3/water:f", 9e-3, NOW_MS), origin=Origin.EXERCISE)
    days.changed = {"G4.lab/water:f": lab, "G3/water:f": played}
    found = read_history(days, days.park, NOW_MS - 300 * DAY_MS, NOW_MS)
    substances = [row.place for row in found if row.quantity == "f"]
    assert substances.count("G4") == 2
    assert "G3" not in substances
    assert any(row.place == "G3" and row.quantity == "level" for row in found)


def test_origin_of_a_fit_is_the_worst_of_all_series(rows: WellRows) -> None:
    all_real = {
        row.series_key: replace(row, origin=Origin.MEASURED)
        for row in rows.newest()
        if row.series_key.endswith(("water_level", "water:f"))
    }
    rows.changed = dict(all_real)
    assert read_origin(rows, rows.park, NOW_MS) is Origin.MODELLED
    old = stored("G3.lab/water:f", 1e-3, NOW_MS - 300 * DAY_MS)  # simulated, long not fresh, in the history
    rows.changed |= {"G3.lab/water:f": old}
    assert read(rows).origin is Origin.MODELLED
    assert read_origin(rows, rows.park, NOW_MS) is Origin.SIMULATED
    rows.changed |= {"G3.lab/water:f": replace(old, origin=Origin.EXERCISE)}
    assert read_origin(rows, rows.park, NOW_MS) is Origin.MODELLED
