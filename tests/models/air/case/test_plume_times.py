"""Courses of passing gas: what one receptor reads does not hang on the others, nor on a coarse clock."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from models.air.case import run_case
from models.air.case.plume_times import arrival_s, dose, highest_mean, last_mean, passing_ms
from models.air.case.result import CaseResult
from models.air.case.schema_release import PlumeReleaseRow
from twin.core.clock import Interval

AIR = {"wind_speed_m_s": 3.0, "inverse_obukhov_1_m": 0.0}
PUFF = {"substance": "so2", "mass_kg": 1.0, "height_m": 1.0, "deposition": "none"}
SHORT = {"substance": "so2", "rate_kg_s": 0.1, "end_s": 60.0, "height_m": 1.0, "deposition": "none"}
QUANTITIES = ("conc", "peak", "dose", "arrival")


def read(release: dict[str, Any], *distances_m: float, **more: Any) -> CaseResult:
    points = [{"id": f"p{x:g}", "x_m": x, "y_m": 0.0} for x in distances_m]
    return run_case({"kind": "plume", "air": AIR, "release": [release], "point": points, **more})


@pytest.mark.parametrize("release", [PUFF, SHORT], ids=["instant", "short"])
def test_what_a_receptor_reads_does_not_depend_on_the_others(release: dict[str, Any]) -> None:
    alone = read(release, 100.0)
    for others in ((200.0,), (3000.0,), (20_000.0,), (10.0, 20_000.0)):
        found = read(release, 100.0, *others)
        for quantity in QUANTITIES:
            assert found.value("p100", quantity) == pytest.approx(alone.value("p100", quantity), rel=0.02)


def test_the_dose_of_a_puff_is_that_of_a_steady_plume_of_its_mass() -> None:
    plume = {key: value for key, value in PUFF.items() if key != "mass_kg"} | {"rate_kg_s": 1.0}
    rate = read(plume, 100.0, solver="gaussian_puff").value("p100", "conc")
    assert read(PUFF, 100.0, 20_000.0).value("p100", "dose") == pytest.approx(rate, rel=0.05)


def test_a_short_averaging_time_is_taken_at_its_word() -> None:
    found = {s: read(PUFF, 100.0, 20_000.0, run={"averaging_s": s}) for s in (0.5, 10.0, 600.0)}
    # Each beside its own peak and dose: the scatter of the wind goes with the averaging time too.
    part = {s: row.value("p100", "conc") / row.value("p100", "peak") for s, row in found.items()}
    assert part[0.5] == pytest.approx(1.0, rel=0.02)
    assert found[600.0].value("p100", "conc") == pytest.approx(
        found[600.0].value("p100", "dose") / 600.0, rel=0.02
    )
    assert part[600.0] < 0.2 * part[10.0] < 0.2 * part[0.5]


def test_means_of_a_known_course_are_exact() -> None:
    times = np.array([0.0, 5.0, 10.0, 10.5, 30.0])
    conc = np.array([0.0, 1.0, 2.0, 0.0, 0.0])[:, None]
    assert dose(times, conc)[0] == pytest.approx(10.5)
    assert highest_mean(times, conc, 30.0)[0] == pytest.approx(10.5 / 30.0)
    assert highest_mean(times, conc, 5.0)[0] == pytest.approx(7.5 / 5.0, rel=0.02)
    assert last_mean(times, conc, 20.0)[0] == pytest.approx(0.5 / 20.0)
    assert arrival_s(times, conc)[0] == pytest.approx(0.1)
    assert math.isnan(arrival_s(times, 0.0 * conc)[0])


def test_a_nearer_receptor_adds_moments_and_moves_none() -> None:
    window = Interval(start_ms=0, end_ms=3_600_000)
    rows = [PlumeReleaseRow(substance="so2", rate_kg_s=1.0, end_s=60.0)]
    far, near = (set(passing_ms(window, rows, s)) for s in (50.0, 5.0))
    assert {t for t in far if t > 100_000} <= near
    many = [
        PlumeReleaseRow(substance="so2", rate_kg_s=1.0, start_s=10.0 * k, end_s=10.0 * k + 10.0)
        for k in range(40)
    ]
    assert len(passing_ms(window, many, 5.0)) < 4000


STEADY = {"substance": "so2", "rate_kg_s": 0.1, "height_m": 1.0, "deposition": "none"}


@pytest.mark.parametrize("release", [STEADY, SHORT], ids=["steady plume", "puffs"])
def test_receptors_outside_the_limits_are_said(release: dict[str, Any]) -> None:
    assert not [note for note in read(release, 500.0).notes if "validity" in note]
    far = read(release, 20_000.0).notes
    assert any("outside validity: distance_m 2e+04" in note for note in far)
    calm = {"air": {"wind_speed_m_s": 0.2, "inverse_obukhov_1_m": 0.0}}
    assert any("outside validity: wind_speed_m_s 0.2" in note for note in read(release, 50.0, **calm).notes)


def test_what_cannot_be_reached_has_no_number_and_says_so() -> None:
    slow = {"air": {"wind_speed_m_s": 0.5, "inverse_obukhov_1_m": 0.0}}
    arc = [{"radii_m": [20_000.0], "step_deg": 60.0}]
    found = read(SHORT, 100.0, arc=arc, **slow)
    assert found.value("p100", "peak") > 0.0
    for quantity in ("arc_max", "sigma_y", "bearing_of_max", "cic"):
        assert math.isnan(found.value("arc@20000", quantity))
    assert any("no number" in note and "run.duration_s" in note for note in found.notes)


def test_a_stated_run_that_ends_too_early_is_not_taken_for_a_steady_plume() -> None:
    short = read(STEADY, 100.0, 10_000.0, run={"duration_s": 600.0})
    assert short.value("p10000", "conc") == 0.0 < short.value("p100", "conc")
    assert short.solver == "gaussian_puff"
    assert any("run.duration_s" in note for note in short.notes)
    assert read(STEADY, 100.0, run={"duration_s": 600.0}).solver == "steady_plume"
    stated = read(STEADY, 10_000.0, solver="steady_plume", run={"duration_s": 600.0})
    assert stated.value("p10000", "conc") > 0.0
    assert any("run.duration_s" in note for note in stated.notes)
